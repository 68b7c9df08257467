import type { CommandSpec } from "../spec.ts";
import { append, setrange } from "./append.ts";
import { get, getdel, mget, strlen } from "./get.ts";
import { getex } from "./getex.ts";
import { getrange, substr } from "./getRange.ts";
import { decr, decrby, incr, incrby } from "./increment.ts";
import { incrbyfloat } from "./incrementFloat.ts";
import { lcs } from "./lcs.ts";
import { mset, msetnx } from "./mset.ts";
import { getset, psetex, set, setex, setnx } from "./set.ts";

/** Redis's *string* group. */
export const stringCommands: readonly CommandSpec[] = [
  append,
  decr,
  decrby,
  get,
  getdel,
  getex,
  getrange,
  getset,
  incr,
  incrby,
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetnx,
  psetex,
  set,
  setex,
  setnx,
  setrange,
  strlen,
  substr,
];
