import type { Recipe } from "../draw.ts";
import { expiryOption, millis, seconds } from "./expiryWords.ts";
import { mixture, WRONG_TYPES } from "./generator.ts";

const OFFSETS = ["0", "1", "2", "5", "20", "-1", "536870911", "536870912", "9223372036854775807", "4294967295", "a"];

const RECIPES: readonly Recipe[] = [
  [6, (d) => ["SET", d.key(), d.value()]],
  [
    6,
    (d) => [
      ...["SET", d.key(), d.value()],
      ...d.options(
        35,
        () => [d.word(d.random.pick(["NX", "XX"]))],
        () => [d.word("GET")],
        () => (d.random.chance(30) ? [d.word("KEEPTTL")] : expiryOption(d)),
      ),
    ],
  ],
  [6, (d) => ["GET", d.key()]],
  [2, (d) => ["SETNX", d.key(), d.value()]],
  [2, (d) => ["SETEX", d.key(), seconds(d), d.value()]],
  [2, (d) => ["PSETEX", d.key(), millis(d), d.value()]],
  [3, (d) => ["GETSET", d.key(), d.value()]],
  [2, (d) => ["GETDEL", d.key()]],
  [
    4,
    (d) => [
      "GETEX",
      d.key(),
      ...(d.random.chance(30) ? [d.word("PERSIST")] : d.random.chance(80) ? expiryOption(d) : []),
    ],
  ],
  [4, (d) => ["APPEND", d.key(), d.value()]],
  [3, (d) => ["STRLEN", d.key()]],
  [3, (d) => [d.random.pick(["GETRANGE", "SUBSTR"]), d.key(), d.index(), d.index()]],
  [3, (d) => ["SETRANGE", d.key(), d.random.pick(OFFSETS.slice(0, 6)), d.value()]],
  [1, (d) => ["SETRANGE", d.key(), d.random.pick(OFFSETS.slice(7)), d.random.pick(["", "ab"])]],
  [5, (d) => ["INCR", d.key()]],
  [3, (d) => ["DECR", d.key()]],
  [5, (d) => ["INCRBY", d.key(), d.integer()]],
  [3, (d) => ["DECRBY", d.key(), d.integer()]],
  [5, (d) => ["INCRBYFLOAT", d.key(), d.float()]],
  [3, (d) => ["MGET", ...d.keys(4)]],
  [3, (d) => ["MSET", ...d.keys(3).flatMap((key) => [key, d.value()])]],
  [3, (d) => ["MSETNX", ...d.keys(3).flatMap((key) => [key, d.value()])]],
  [
    3,
    (d) => [
      ...["LCS", d.key(), d.key()],
      ...d.options(
        40,
        () => [d.word("LEN")],
        () => [d.word("IDX")],
        () => [d.word("MINMATCHLEN"), d.integer()],
        () => [d.word("WITHMATCHLEN")],
      ),
    ],
  ],
  [1, (d) => ["OBJECT", "ENCODING", d.key()]],
  [1, (d) => ["TTL", d.key()]],
  [2, (d) => ["DEL", d.key()]],
  ...WRONG_TYPES,
];

/** The string group: values, counters, floats, ranges, expiry options. */
export const strings = mixture("strings", RECIPES);
