import type { CommandSpec } from "../spec.ts";
import { linsert, lrem, lset, ltrim } from "./edit.ts";
import { blmove, brpoplpush, lmove, rpoplpush } from "./move.ts";
import { lpop, rpop } from "./pop.ts";
import { blmpop, blpop, brpop, lmpop } from "./popFirst.ts";
import { lpos } from "./position.ts";
import { lpush, lpushx, rpush, rpushx } from "./push.ts";
import { lindex, llen, lrange } from "./read.ts";

/** Redis's *list* group. */
export const listCommands: readonly CommandSpec[] = [
  lpush,
  rpush,
  lpushx,
  rpushx,
  lpop,
  rpop,
  lmpop,
  blpop,
  brpop,
  blmpop,
  lmove,
  rpoplpush,
  blmove,
  brpoplpush,
  llen,
  lindex,
  lrange,
  lpos,
  linsert,
  lset,
  lrem,
  ltrim,
];
