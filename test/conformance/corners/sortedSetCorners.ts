import { type Corner, matrix, product, selections, written } from "./corner.ts";

const SCORED = "ZADD k 1 a 2 b 2 c 3 d 4 e inf f -inf g";
const LEXICAL = "ZADD k 0 a 0 b 0 c 0 d 0 e 0 f 0 aa";

const zaddFlags = matrix(
  "ZADD, every set of flags",
  ["", "ZADD k 5 a", "SET k x"],
  selections(["NX", "XX", "GT", "LT", "CH", "INCR"], 6).flatMap((flags) =>
    ["4 a", "5 a", "6 a", "6 a 7 b", "nan a", "inf a", "x a", "1", "6 a 7 a"].map((pairs) => [
      "ZADD",
      "k",
      ...flags,
      ...pairs.split(" "),
    ]),
  ),
  "ZRANGE k 0 -1 WITHSCORES",
);

const RANGE_TAILS = product(
  ["", "REV"],
  ["", "LIMIT 0 2", "LIMIT 1 -1", "LIMIT 2 1", "LIMIT -1 2", "LIMIT 100 1", "LIMIT a 1", "LIMIT 1"],
  ["", "WITHSCORES"],
);

function ranges(name: string, setup: string, kind: string[], bounds: readonly string[]): Corner {
  const commands = product(["ZRANGE k"], bounds, bounds).flatMap((words) =>
    RANGE_TAILS.map((tail) => [...words, ...kind, ...tail]),
  );
  return matrix(name, [setup], commands, "");
}

const byIndex = ranges("ZRANGE by index", SCORED, [], ["0", "1", "-1", "-3", "100", "-100", "x"]);
const byScore = ranges(
  "ZRANGE BYSCORE",
  SCORED,
  ["BYSCORE"],
  ["1", "(1", "2", "(2", "-inf", "+inf", "(inf", "3.5", "x", "nan"],
);
const byLex = ranges("ZRANGE BYLEX", LEXICAL, ["BYLEX"], ["-", "+", "[a", "(a", "[c", "(c", "[zz", "c", "[", "(", ""]);

const oldRanges = matrix(
  "the older range commands",
  [SCORED],
  [
    ...product(
      ["ZRANGEBYSCORE k", "ZREVRANGEBYSCORE k", "ZCOUNT k"],
      ["1", "(1", "-inf", "x"],
      ["3", "(3", "+inf", "("],
      ["", "WITHSCORES", "LIMIT 1 2", "LIMIT 0 -1 WITHSCORES", "LIMIT", "REV"],
    ),
    ...product(["ZREVRANGE k"], ["0", "-2", "x"], ["2", "-1"], ["", "WITHSCORES", "REV"]),
    ...product(["ZREMRANGEBYRANK k", "ZREMRANGEBYSCORE k"], ["0", "-2", "1", "(1", "x"], ["2", "-1", "(3", "x"]),
  ],
  "ZRANGE k 0 -1",
);

const oldLexRanges = matrix(
  "the older ranges by member",
  [LEXICAL],
  product(
    ["ZRANGEBYLEX k", "ZREVRANGEBYLEX k", "ZLEXCOUNT k", "ZREMRANGEBYLEX k"],
    ["-", "[b", "(b", "+", "b"],
    ["+", "[d", "(d", "-", ""],
    ["", "LIMIT 1 2", "LIMIT 0 -1"],
  ),
  "ZRANGE k 0 -1",
);

const stores = matrix(
  "ZRANGESTORE",
  ["ZADD k 1 a 2 b 3 c", "ZADD k 1 a\nSET d x", "SET k x", ""],
  product(
    ["ZRANGESTORE d k", "ZRANGESTORE k k"],
    ["0 -1", "1 1", "5 9", "(1 3 BYSCORE", "x 1 BYSCORE", "- + BYLEX", "0 -1 BYLEX"],
    ["", "REV", "LIMIT 0 1", "WITHSCORES"],
  ),
  "ZRANGE d 0 -1 WITHSCORES\nTYPE d",
);

const AGGREGATES = ["", "AGGREGATE SUM", "AGGREGATE MIN", "AGGREGATE MAX", "AGGREGATE AVG", "AGGREGATE"];
const WEIGHTS = ["", "WEIGHTS 2 3", "WEIGHTS 2", "WEIGHTS x 1", "WEIGHTS inf 0", "WEIGHTS nan 1", "WEIGHTS -1 0.1"];
const SOURCES = ["2 a b", "1 a", "2 a none", "2 a set", "2 none none2", "0 a", "-1 a", "x a", "3 a b", "2 a s"];

const unions = matrix(
  "ZUNION, ZINTER, ZDIFF and their kin",
  ["ZADD a 1 x 2 y 3 z\nZADD b 10 y 20 z 30 w\nSADD set x y\nSET s str"],
  [
    ...product(["ZUNION", "ZINTER"], SOURCES, WEIGHTS, AGGREGATES, ["", "WITHSCORES"]),
    ...product(["ZUNIONSTORE d", "ZINTERSTORE d"], SOURCES, WEIGHTS, AGGREGATES, ["", "WITHSCORES"]),
    ...product(["ZDIFF", "ZDIFFSTORE d"], SOURCES, ["", "WITHSCORES", "WEIGHTS 1 2", "LIMIT 1"]),
    ...product(["ZINTERCARD"], SOURCES, ["", "LIMIT 0", "LIMIT 1", "LIMIT -1", "LIMIT x"]),
  ],
  "ZRANGE d 0 -1 WITHSCORES",
);

const multiPops = matrix(
  "ZMPOP and BZMPOP",
  ["", "ZADD a 1 x 2 y 3 z", "ZADD b 1 x 2 y", "SET a x"],
  [
    ...product(
      ["ZMPOP"],
      ["1 a", "2 a b", "0 a", "3 a b", "x a", "1 a b"],
      ["MIN", "MAX", "MID", ""],
      ["", "COUNT 1", "COUNT 2", "COUNT 10", "COUNT 0", "COUNT -1", "COUNT x", "COUNT"],
    ),
    ...product(
      ["BZMPOP"],
      ["0.001", "-1", "x"],
      ["1 a", "2 a b", "0 a", "x a"],
      ["MIN", "MID"],
      ["", "COUNT 2", "COUNT 0"],
    ),
    ...product(["ZPOPMIN", "ZPOPMAX"], ["a"], ["", "0", "1", "2", "100", "-1", "x", "1 2"]),
    ...product(["BZPOPMIN", "BZPOPMAX"], ["a 0.001", "a b 0.001", "a -1", "a x", "b a 0.001"]),
  ],
  "ZRANGE a 0 -1 WITHSCORES",
);

const SCORES = [
  ...[
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "0.2",
    "0.3",
    "1.5",
    "3.0e3",
    "1e15",
    "1e16",
    "1e17",
    "1e18",
    "1e20",
    "1e21",
    "1e22",
    "1e23",
  ],
  ...[
    "1e100",
    "1e308",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072014e-308",
    "1e-5",
    "1e-7",
    "0.0001",
    "0.00001",
  ],
  ...[
    "123456789.123456789",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "4503599627370496.5",
    "17179869184",
  ],
  ...[
    "inf",
    "-inf",
    "+inf",
    "Infinity",
    "-INFINITY",
    "nan",
    "1e400",
    "-1e400",
    "1e-400",
    "0x10",
    "0x1p-3",
    ".5",
    "5.",
    "",
    " 1",
    "1 ",
    "1e",
    "abc",
  ],
  ...[
    "3.14159265358979323846",
    "0.30000000000000004",
    "100",
    "1000000",
    "12345678901234567890",
    "99999999999999990000",
    "00012",
    "+5",
  ],
];

const scoreFormats: Corner = {
  name: "scores as text",
  cases: SCORES.map((score) =>
    [
      ["ZADD", "z", score, "m"],
      ["ZSCORE", "z", "m"],
      ["ZINCRBY", "z", "0.1", "m"],
      ["ZADD", "z", "INCR", score, "m"],
      ["ZMSCORE", "z", "m", "none"],
      ["ZRANGE", "z", "0", "-1", "WITHSCORES"],
      ["ZADD", "big", score, "m".repeat(100)],
      ["ZINCRBY", "big", score, "m".repeat(100)],
      ["ZRANGE", "big", "0", "-1", "WITHSCORES"],
      ["ZPOPMIN", "big"],
      ["ZRANGEBYSCORE", "z", score, "+inf", "WITHSCORES"],
      ["ZCOUNT", "z", `(${score}`, "+inf"],
    ].map((command) => ({ connection: 0, command })),
  ),
};

const odds = written(
  "sorted sets, oddments",
  `
  ZADD k
  ZADD k 1
  ZADD k 1 a 2
  ZADD k NX
  ZADD k NX XX 1 a
  ZADD k GT LT 1 a
  ZADD k INCR 1 a 2 b
  ZADD k x a 1 b
  EXISTS k
  ZADD k 1 a 1 a 2 a
  ZADD k CH 3 a 1 b
  ZADD k inf a
  ZADD k INCR -inf a
  ZINCRBY k -inf a
  ZINCRBY k nan a
  ZSCORE k a

  ZRANK none a
  ZADD k 1 a 2 b 3 c
  ZRANK k b
  ZREVRANK k b
  ZRANK k none
  ZSCORE k none
  ZSCORE none a
  ZMSCORE none a b
  ZREM k none
  ZREM k a b c
  EXISTS k
  ZCARD k

  ZADD k 1 a
  ZRANDMEMBER none
  ZRANDMEMBER none 2
  ZRANDMEMBER none -2 WITHSCORES
  ZRANDMEMBER k 5
  ZRANDMEMBER k 5 WITHSCORES
  ZRANDMEMBER k -2
  ZRANDMEMBER k 0
  ZRANDMEMBER k a
  ZRANDMEMBER k 1 BOGUS
  ZRANDMEMBER k 1 WITHSCORES x
  ZRANDMEMBER k -9223372036854775808 WITHSCORES

  ZADD a -inf x
  ZADD b inf x
  ZUNION 2 a b WITHSCORES
  ZINTER 2 a b WITHSCORES
  ZUNIONSTORE d 2 a b WEIGHTS 0 0
  ZSCORE d x

  ZADD k 0 m
  ZADD k -0 m
  ZSCORE k m
  ZADD k2 -0 m
  ZSCORE k2 m
  ZINCRBY k2 0 m
  ZRANGEBYSCORE k2 -0 0

  SET s x
  ZADD s 1 a
  ZINCRBY s 1 a
  ZRANGE s 0 -1
  ZSCORE s a
  ZMSCORE s a
  ZRANK s a
  ZPOPMIN s
  ZREM s a
  ZCARD s
  ZCOUNT s 0 1
  ZLEXCOUNT s - +
  ZRANDMEMBER s
  ZREMRANGEBYRANK s 0 1
  ZUNIONSTORE s 1 none
  EXISTS s

  ZADD k 1 a
  ZRANGE k 0 -1 BYLEX BYSCORE
  ZRANGE k 0 -1 WITHSCORES WITHSCORES
  ZRANGE k - + BYLEX WITHSCORES
  ZRANGE k 0 -1 LIMIT 0 1
  ZRANGE k 0 -1 LIMIT
  ZRANGEBYLEX k - + WITHSCORES
  ZREVRANGEBYSCORE k +inf -inf BYSCORE
  `,
);

export const sortedSetCorners: readonly Corner[] = [
  ...[zaddFlags, byIndex, byScore, byLex, oldRanges, oldLexRanges, stores, unions, multiPops, scoreFormats, odds],
];
