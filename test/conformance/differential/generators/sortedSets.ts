import type { Draw, Recipe } from "../draw.ts";
import { mixture, WRONG_TYPES } from "./generator.ts";

function pairs(draw: Draw, countMax = 5): string[] {
  return draw.random.times(draw.random.between(1, countMax), () => [draw.float(), draw.member()]).flat();
}

/**
 * Keys for ranges by member. Redis leaves open what these give when scores differ (a skip list's answer then depends
 * on its coin tosses), so the keys get one score only and nothing else writes to them.
 */
const LEX_KEYS = ["lex 1", "lex 1", "lex 2", "lex none", "lex string"];

function limit(draw: Draw, percent: number): string[] {
  return draw.maybe(percent, draw.word("LIMIT"), draw.index(), draw.index());
}

/** The source, the bounds and the options of ZRANGE and ZRANGESTORE. */
function range(draw: Draw): string[] {
  const bound = draw.random.pick([() => draw.index(), () => draw.scoreBound(), () => draw.lexBound()]);
  const kind = draw.random.pick([[], [], ["BYSCORE"], ["BYLEX"]]);
  const options = draw.options(
    35,
    () => [draw.word("REV")],
    () => limit(draw, 100),
    () => [draw.word("WITHSCORES")],
  );
  const key = kind[0] === "BYLEX" ? draw.random.pick(LEX_KEYS) : draw.key();
  return [key, bound(), bound(), ...kind.map((word) => draw.word(word)), ...options];
}

function countedKeys(draw: Draw): string[] {
  const keys = draw.keys(3);
  return [draw.random.chance(92) ? String(keys.length) : draw.integer(), ...keys];
}

function aggregation(draw: Draw): string[] {
  return draw.options(
    35,
    () => [draw.word("WEIGHTS"), ...draw.random.times(draw.random.between(1, 3), () => draw.float())],
    () => [draw.word("AGGREGATE"), draw.word(draw.random.pick(["SUM", "MIN", "MAX", "AVG"]))],
  );
}

const RECIPES: readonly Recipe[] = [
  [5, (d) => ["ZADD", d.random.pick(["lex 1", "lex 2"]), ...d.members(6).flatMap((member) => ["0", member])], "intact"],
  [1, () => ["SET", "lex string", "x"], "intact"],
  [14, (d) => ["ZADD", d.key(), ...pairs(d)]],
  [
    8,
    (d) => [
      ...["ZADD", d.key()],
      ...d.options(
        35,
        () => [d.word(d.random.pick(["NX", "XX"]))],
        () => [d.word(d.random.pick(["GT", "LT"]))],
        () => [d.word("CH")],
        () => (d.random.chance(30) ? [d.word("INCR")] : []),
      ),
      ...pairs(d, 2),
    ],
  ],
  [5, (d) => ["ZINCRBY", d.key(), d.float(), d.member()]],
  [4, (d) => ["ZREM", d.key(), ...d.members()]],
  [3, (d) => ["ZCARD", d.key()]],
  [4, (d) => ["ZSCORE", d.key(), d.member()]],
  [3, (d) => ["ZMSCORE", d.key(), ...d.members()]],
  [4, (d) => [d.random.pick(["ZRANK", "ZREVRANK"]), d.key(), d.member()]],
  [3, (d) => ["ZCOUNT", d.key(), d.scoreBound(), d.scoreBound()]],
  [3, (d) => ["ZLEXCOUNT", d.random.pick(LEX_KEYS), d.lexBound(), d.lexBound()]],
  [10, (d) => ["ZRANGE", ...range(d)]],
  [5, (d) => ["ZRANGESTORE", d.key(), ...range(d)]],
  [
    4,
    (d) => [
      d.random.pick(["ZRANGE", "ZREVRANGE"]),
      d.key(),
      d.index(),
      d.index(),
      ...d.maybe(50, d.word("WITHSCORES")),
    ],
  ],
  [
    5,
    (d) => [
      ...[d.random.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]), d.key(), d.scoreBound(), d.scoreBound()],
      ...d.options(
        40,
        () => [d.word("WITHSCORES")],
        () => limit(d, 100),
      ),
    ],
  ],
  [
    4,
    (d) => [
      d.random.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]),
      d.random.pick(LEX_KEYS),
      d.lexBound(),
      d.lexBound(),
      ...limit(d, 40),
    ],
  ],
  [2, (d) => ["ZREMRANGEBYRANK", d.key(), d.index(), d.index()]],
  [2, (d) => ["ZREMRANGEBYSCORE", d.key(), d.scoreBound(), d.scoreBound()]],
  [2, (d) => ["ZREMRANGEBYLEX", d.random.pick(LEX_KEYS), d.lexBound(), d.lexBound()]],
  [4, (d) => [d.random.pick(["ZPOPMIN", "ZPOPMAX"]), d.key(), ...d.maybe(50, d.integer())]],
  [
    3,
    (d) => [
      ...["ZMPOP", ...countedKeys(d), d.word(d.random.pick(["MIN", "MAX", "MID"]))],
      ...d.maybe(50, d.word("COUNT"), d.integer()),
    ],
  ],
  [
    6,
    (d) => [
      d.random.pick(["ZUNION", "ZINTER"]),
      ...countedKeys(d),
      ...aggregation(d),
      ...d.maybe(50, d.word("WITHSCORES")),
    ],
  ],
  [3, (d) => ["ZDIFF", ...countedKeys(d), ...d.maybe(50, d.word("WITHSCORES"))]],
  [6, (d) => [d.random.pick(["ZUNIONSTORE", "ZINTERSTORE"]), d.key(), ...countedKeys(d), ...aggregation(d)]],
  [3, (d) => ["ZDIFFSTORE", d.key(), ...countedKeys(d)]],
  [3, (d) => ["ZINTERCARD", ...countedKeys(d), ...d.maybe(50, d.word("LIMIT"), d.integer())]],
  [
    2,
    (d) => [
      "ZRANDMEMBER",
      d.key(),
      ...d.maybe(
        80,
        d.random.pick(["0", "1", "3", "50", "-1", "-7", "a", "1.5"]),
        ...d.maybe(50, d.word("WITHSCORES")),
      ),
    ],
  ],
  [1, (d) => ["ZSCAN", d.key(), d.random.pick(["0", "0", "a", "1 ", ""]), ...d.maybe(30, "MATCH", d.pattern())]],
  [2, (d) => ["SADD", d.key(), ...d.members()]],
  [1, (d) => ["OBJECT", "ENCODING", d.key()]],
  [1, (d) => ["DEL", d.key()]],
  ...WRONG_TYPES,
];

/** The sorted-set group but for the blocking forms. */
export const sortedSets = mixture("sorted sets", RECIPES);
