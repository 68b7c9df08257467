import type { Recipe } from "../draw.ts";
import { mixture, WRONG_TYPES } from "./generator.ts";

const RECIPES: readonly Recipe[] = [
  [12, (d) => ["SADD", d.key(), ...d.members(6)]],
  [4, (d) => ["SADD", d.key(), ...d.random.times(d.random.between(1, 5), () => d.integer())]],
  [4, (d) => ["SREM", d.key(), ...d.members(4)]],
  [3, (d) => ["SCARD", d.key()]],
  [3, (d) => ["SISMEMBER", d.key(), d.member()]],
  [3, (d) => ["SMISMEMBER", d.key(), ...d.members(4)]],
  [4, (d) => ["SMEMBERS", d.key()]],
  [4, (d) => ["SMOVE", d.key(), d.key(), d.member()]],
  [6, (d) => [d.random.pick(["SINTER", "SUNION", "SDIFF"]), ...d.keys(4)]],
  [6, (d) => [d.random.pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), d.key(), ...d.keys(4)]],
  [
    4,
    (d) => {
      const keys = d.keys(3);
      const count = d.random.chance(90) ? String(keys.length) : d.integer();
      return ["SINTERCARD", count, ...keys, ...d.maybe(50, d.word("LIMIT"), d.integer())];
    },
  ],
  [3, (d) => ["SPOP", d.key(), ...d.maybe(60, d.random.pick(["0", "1", "2", "50", "-1", "a", "1.5"]))]],
  [3, (d) => ["SRANDMEMBER", d.key(), ...d.maybe(60, d.random.pick(["0", "1", "3", "50", "-1", "-7", "a", "1.5"]))]],
  [1, (d) => ["SSCAN", d.key(), d.random.pick(["0", "0", "a", "1 ", ""]), ...d.maybe(30, "MATCH", d.pattern())]],
  [1, (d) => ["OBJECT", "ENCODING", d.key()]],
  [1, (d) => ["DEL", d.key()]],
  ...WRONG_TYPES,
];

/** The set group. */
export const sets = mixture("sets", RECIPES);
