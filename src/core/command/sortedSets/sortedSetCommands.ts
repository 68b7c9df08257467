import type { CommandSpec } from "../spec.ts";
import { bzpopmax, bzpopmin } from "./blockingPop.ts";
import { zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore } from "./combineCommands.ts";
import { bzmpop, zmpop } from "./multiPop.ts";
import { zpopmax, zpopmin } from "./pop.ts";
import {
  zrange,
  zrangebylex,
  zrangebyscore,
  zrangestore,
  zrevrange,
  zrevrangebylex,
  zrevrangebyscore,
} from "./rangeCommands.ts";
import { zcard, zcount, zlexcount, zmscore, zrank, zrevrank, zscore } from "./scores.ts";
import { zadd, zincrby } from "./zadd.ts";
import { zrandmember } from "./zrandmember.ts";
import { zrem, zremrangebylex, zremrangebyrank, zremrangebyscore } from "./zrem.ts";
import { zscan } from "./zscan.ts";

/** The sorted sets of Redis 7.0. */
export const sortedSetCommands: readonly CommandSpec[] = [
  zadd,
  zincrby,
  zcard,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zcount,
  zlexcount,
  zrange,
  zrangebyscore,
  zrangebylex,
  zrevrange,
  zrevrangebyscore,
  zrevrangebylex,
  zrangestore,
  zrem,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
  zpopmin,
  zpopmax,
  zmpop,
  bzpopmin,
  bzpopmax,
  bzmpop,
  zunion,
  zinter,
  zdiff,
  zunionstore,
  zinterstore,
  zdiffstore,
  zintercard,
  zrandmember,
  zscan,
];
