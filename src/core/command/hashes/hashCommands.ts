import type { CommandSpec } from "../spec.ts";
import { hincrby, hincrbyfloat } from "./increment.ts";
import { hrandfield } from "./randomField.ts";
import { hexists, hget, hgetall, hkeys, hlen, hmget, hstrlen, hvals } from "./read.ts";
import { hscan } from "./scan.ts";
import { hdel, hmset, hset, hsetnx } from "./write.ts";

/** Redis's *hash* group. */
export const hashCommands: readonly CommandSpec[] = [
  hset,
  hget,
  hmset,
  hmget,
  hsetnx,
  hdel,
  hexists,
  hstrlen,
  hlen,
  hgetall,
  hkeys,
  hvals,
  hincrby,
  hincrbyfloat,
  hrandfield,
  hscan,
];
