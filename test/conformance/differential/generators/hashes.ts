import type { Recipe } from "../draw.ts";
import { mixture, WRONG_TYPES } from "./generator.ts";

const RECIPES: readonly Recipe[] = [
  [10, (d) => ["HSET", d.key(), ...d.members(4).flatMap((field) => [field, d.value()])]],
  [3, (d) => ["HMSET", d.key(), ...d.members(3).flatMap((field) => [field, d.value()])]],
  [3, (d) => ["HSETNX", d.key(), d.field(), d.value()]],
  [6, (d) => ["HGET", d.key(), d.field()]],
  [3, (d) => ["HMGET", d.key(), ...d.members(4)]],
  [4, (d) => ["HDEL", d.key(), ...d.members(4)]],
  [3, (d) => ["HEXISTS", d.key(), d.field()]],
  [3, (d) => ["HLEN", d.key()]],
  [2, (d) => ["HSTRLEN", d.key(), d.field()]],
  [4, (d) => ["HGETALL", d.key()]],
  [2, (d) => ["HKEYS", d.key()]],
  [2, (d) => ["HVALS", d.key()]],
  [5, (d) => ["HINCRBY", d.key(), d.field(), d.integer()]],
  [5, (d) => ["HINCRBYFLOAT", d.key(), d.field(), d.float()]],
  [
    2,
    (d) => [
      "HRANDFIELD",
      d.key(),
      ...d.maybe(
        80,
        d.random.pick(["0", "1", "3", "50", "-1", "-7", "a", "1.5"]),
        ...d.maybe(50, d.word("WITHVALUES")),
      ),
    ],
  ],
  [1, (d) => ["HSCAN", d.key(), d.random.pick(["0", "0", "a", "1 ", ""]), ...d.maybe(30, "COUNT", d.integer())]],
  [1, (d) => ["OBJECT", "ENCODING", d.key()]],
  [1, (d) => ["DEL", d.key()]],
  ...WRONG_TYPES,
];

/** The hash group. */
export const hashes = mixture("hashes", RECIPES);
