import type { Recipe } from "../draw.ts";
import { mixture, WRONG_TYPES } from "./generator.ts";

const RECIPES: readonly Recipe[] = [
  [6, (d) => ["RPUSH", d.key(), ...d.members(6)]],
  [6, (d) => ["LPUSH", d.key(), ...d.members(6)]],
  [2, (d) => [d.random.pick(["LPUSHX", "RPUSHX"]), d.key(), ...d.members()]],
  [4, (d) => [d.random.pick(["LPOP", "RPOP"]), d.key(), ...d.maybe(50, d.integer())]],
  [5, (d) => ["LRANGE", d.key(), d.index(), d.index()]],
  [2, (d) => ["LLEN", d.key()]],
  [4, (d) => ["LINDEX", d.key(), d.index()]],
  [4, (d) => ["LSET", d.key(), d.index(), d.value()]],
  [4, (d) => ["LINSERT", d.key(), d.word(d.random.pick(["BEFORE", "AFTER", "BESIDE"])), d.member(), d.value()]],
  [4, (d) => ["LREM", d.key(), d.index(), d.member()]],
  [2, (d) => ["LTRIM", d.key(), d.index(), d.index()]],
  [
    5,
    (d) => [
      ...["LPOS", d.key(), d.member()],
      ...d.options(
        40,
        () => [d.word("RANK"), d.index()],
        () => [d.word("COUNT"), d.integer()],
        () => [d.word("MAXLEN"), d.integer()],
      ),
    ],
  ],
  [3, (d) => ["RPOPLPUSH", d.key(), d.key()]],
  [
    4,
    (d) => [
      ...["LMOVE", d.key(), d.key(), d.word(d.random.pick(["LEFT", "RIGHT", "UP"]))],
      d.word(d.random.pick(["LEFT", "RIGHT"])),
    ],
  ],
  [
    4,
    (d) => {
      const keys = d.keys(3);
      const count = d.random.chance(90) ? String(keys.length) : d.integer();
      return [
        ...["LMPOP", count, ...keys, d.word(d.random.pick(["LEFT", "RIGHT", "LEFT", "RIGHT", "UP"]))],
        ...d.maybe(50, d.word("COUNT"), d.integer()),
      ];
    },
  ],
  [1, (d) => ["OBJECT", "ENCODING", d.key()]],
  [1, (d) => ["DEL", d.key()]],
  ...WRONG_TYPES,
];

/** The list group but for the blocking forms. */
export const lists = mixture("lists", RECIPES);
