import type { CommandSpec } from "../spec.ts";
import { sdiff, sdiffstore } from "./difference.ts";
import { sinter, sintercard, sinterstore } from "./intersection.ts";
import { spop, srandmember } from "./randomMember.ts";
import { scard, sismember, smembers, smismember, sscan } from "./read.ts";
import { sunion, sunionstore } from "./union.ts";
import { sadd, smove, srem } from "./write.ts";

/** Redis's *set* group. */
export const setCommands: readonly CommandSpec[] = [
  sadd,
  srem,
  smove,
  sismember,
  smismember,
  scard,
  smembers,
  spop,
  srandmember,
  sinter,
  sinterstore,
  sintercard,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
  sscan,
];
