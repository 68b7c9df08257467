import type { CommandSpec } from "../spec.ts";
import { copy, move } from "./copy.ts";
import { del, unlink } from "./del.ts";
import { exists, touch, type } from "./exists.ts";
import { expire, expireat, persist, pexpire, pexpireat } from "./expire.ts";
import { keys, randomkey } from "./keys.ts";
import { object } from "./object.ts";
import { rename, renamenx } from "./rename.ts";
import { scan } from "./scan.ts";
import { expiretime, pexpiretime, pttl, ttl } from "./ttl.ts";
import { wait } from "./wait.ts";

/** Redis's *generic* group, without `SORT` and what moves values between servers. */
export const genericCommands: readonly CommandSpec[] = [
  copy,
  del,
  exists,
  expire,
  expireat,
  expiretime,
  keys,
  move,
  object,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  randomkey,
  rename,
  renamenx,
  scan,
  touch,
  ttl,
  type,
  unlink,
  wait,
];
