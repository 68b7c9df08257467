import { type Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";
import type { Generator } from "./generator.ts";

/** Just above Redis's limits of the compact encodings, and further. */
const SIZES = [129, 130, 200, 513, 700];
/** Members are drawn from so many: some are there, some are not. */
const MEMBERS = 900;
const VALUES = 40;
/** Elements of one command of those that fill a key. */
const CHUNK = 250;

function member(draw: Draw): string {
  const number = draw.random.below(MEMBERS);
  return draw.random.chance(97) ? `m${number}` : String(number);
}

function members(draw: Draw, countMax = 6): string[] {
  return draw.random.times(draw.random.between(1, countMax), () => member(draw));
}

function value(draw: Draw): string {
  return `v${draw.random.below(VALUES)}`;
}

function score(draw: Draw): string {
  const draw100 = draw.random.below(100);
  return draw100 < 3 ? draw.random.pick(["inf", "-inf", "1e300"]) : String(draw.random.between(-40, 160) / 4);
}

function bound(draw: Draw): string {
  return `${draw.random.chance(30) ? "(" : ""}${score(draw)}`;
}

function index(draw: Draw): string {
  return String(draw.random.between(-750, 750));
}

function lexBound(draw: Draw): string {
  return draw.random.chance(15) ? draw.random.pick(["-", "+"]) : `${draw.random.pick(["[", "("])}${member(draw)}`;
}

function list(draw: Draw): string {
  return draw.random.pick(["list 1", "list 1", "list 2"]);
}

function set(draw: Draw): string {
  return draw.random.pick(["set 1", "set 1", "set 2", "integers"]);
}

function zset(draw: Draw): string {
  return draw.random.pick(["zset 1", "zset 1", "zset 2"]);
}

function end(draw: Draw): string {
  return draw.random.pick(["LEFT", "RIGHT"]);
}

function limit(draw: Draw): string[] {
  return draw.maybe(40, "LIMIT", String(draw.random.below(300)), String(draw.random.between(-1, 100)));
}

const LISTS: readonly Recipe[] = [
  [3, (d) => [d.random.pick(["LPUSH", "RPUSH"]), list(d), ...d.random.times(d.random.between(1, 150), () => value(d))]],
  [6, (d) => ["LRANGE", list(d), index(d), index(d)]],
  [5, (d) => ["LINDEX", list(d), index(d)]],
  [4, (d) => ["LSET", list(d), index(d), value(d)]],
  [4, (d) => ["LINSERT", list(d), d.random.pick(["BEFORE", "AFTER"]), value(d), value(d)]],
  [4, (d) => ["LREM", list(d), String(d.random.between(-12, 12)), value(d)]],
  [2, (d) => ["LTRIM", list(d), String(d.random.below(40)), String(-d.random.between(1, 40))]],
  [4, (d) => [d.random.pick(["LPOP", "RPOP"]), list(d), String(d.random.below(60))]],
  [3, (d) => ["LMOVE", list(d), list(d), end(d), end(d)]],
  [3, (d) => ["LMPOP", "2", list(d), list(d), end(d), "COUNT", String(d.random.between(1, 50))]],
  [
    3,
    (d) => [
      ...["LPOS", list(d), value(d)],
      ...d.maybe(60, "RANK", d.random.pick(["1", "-1", "3", "-5", "30"])),
      ...d.maybe(60, "COUNT", d.random.pick(["0", "2", "20"])),
      ...d.maybe(40, "MAXLEN", d.random.pick(["0", "10", "300"])),
    ],
  ],
];

const HASHES_AND_SETS: readonly Recipe[] = [
  [5, (d) => ["HSET", "hash", ...members(d).flatMap((field) => [field, value(d)])]],
  [4, (d) => ["HDEL", "hash", ...members(d, 40)]],
  [4, (d) => ["HMGET", "hash", ...members(d)]],
  [2, (d) => ["HSET", "hash", member(d), String(d.random.below(1000))]],
  [3, (d) => ["HINCRBY", "hash", member(d), "3"]],
  [2, (d) => [d.random.pick(["HGETALL", "HKEYS", "HVALS", "HLEN"]), "hash"]],
  [2, (d) => ["HSCAN", "hash", "0", "COUNT", d.random.pick(["10", "100", "1000"])]],
  [5, (d) => ["SADD", set(d), ...members(d)]],
  [3, (d) => ["SADD", "integers", String(d.random.between(-3000, 3000))]],
  [4, (d) => ["SREM", set(d), ...members(d, 60)]],
  [3, (d) => ["SMISMEMBER", set(d), ...members(d)]],
  [3, (d) => ["SMOVE", set(d), set(d), member(d)]],
  [4, (d) => [d.random.pick(["SINTER", "SUNION", "SDIFF"]), set(d), set(d), set(d)]],
  [3, (d) => [d.random.pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), set(d), set(d), set(d)]],
  [2, (d) => ["SINTERCARD", "2", set(d), set(d), "LIMIT", String(d.random.below(300))]],
  [2, (d) => ["SSCAN", set(d), "0", "COUNT", d.random.pick(["10", "100", "1000"])]],
];

const SORTED_SETS: readonly Recipe[] = [
  [6, (d) => ["ZADD", zset(d), ...members(d).flatMap((each) => [score(d), each])]],
  [3, (d) => ["ZADD", zset(d), d.random.pick(["NX", "XX", "GT", "LT"]), "CH", score(d), member(d)]],
  [3, (d) => ["ZINCRBY", zset(d), d.random.pick(["0.25", "-3", "100"]), member(d)]],
  [4, (d) => ["ZREM", zset(d), ...members(d, 40)]],
  [4, (d) => [d.random.pick(["ZRANK", "ZREVRANK", "ZSCORE"]), zset(d), member(d)]],
  [4, (d) => ["ZRANGE", zset(d), index(d), index(d), ...d.maybe(40, "REV"), ...d.maybe(40, "WITHSCORES")]],
  [5, (d) => ["ZRANGE", zset(d), bound(d), bound(d), "BYSCORE", ...d.maybe(40, "REV"), ...limit(d)]],
  [3, (d) => ["ZCOUNT", zset(d), bound(d), bound(d)]],
  [2, (d) => ["ZREMRANGEBYSCORE", zset(d), bound(d), score(d)]],
  [2, (d) => ["ZREMRANGEBYRANK", zset(d), String(d.random.below(600)), String(d.random.below(600))]],
  [3, (d) => [d.random.pick(["ZPOPMIN", "ZPOPMAX"]), zset(d), String(d.random.below(40))]],
  [2, (d) => [d.random.pick(["ZUNIONSTORE", "ZINTERSTORE"]), zset(d), "2", zset(d), d.random.pick([zset(d), set(d)])]],
  [2, (d) => [d.random.pick(["ZUNION", "ZINTER", "ZDIFF"]), "2", zset(d), zset(d), "WITHSCORES"]],
  [2, (d) => ["ZRANGESTORE", "zset 2", "zset 1", index(d), index(d), ...d.maybe(40, "REV")]],
  [2, (d) => ["ZSCAN", zset(d), "0", "COUNT", d.random.pick(["10", "100", "1000"])]],
  [3, (d) => ["ZADD", "lex", ...members(d).flatMap((each) => ["0", each])]],
  [3, (d) => [d.random.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]), "lex", lexBound(d), lexBound(d), ...limit(d)]],
  [2, (d) => ["ZLEXCOUNT", "lex", lexBound(d), lexBound(d)]],
  [1, (d) => ["ZREMRANGEBYLEX", "lex", lexBound(d), lexBound(d)]],
];

const KEYS = ["list 1", "list 2", "hash", "set 1", "set 2", "integers", "zset 1", "zset 2"];

const ANY: readonly Recipe[] = [
  [3, (d) => ["OBJECT", "ENCODING", d.random.pick(KEYS)]],
  [1, (d) => ["COPY", "set 1", d.random.pick(["set 2", "integers"]), "REPLACE"]],
  [1, () => ["COPY", "list 1", "list 2", "REPLACE"]],
  [1, () => ["RENAME", "zset 1", "zset 2"]],
  [1, (d) => ["DEL", d.random.pick(KEYS)]],
];

type Kind = { readonly recipes: readonly Recipe[]; readonly fill: (draw: Draw, number: number) => string[][] };

/** A command's first words, then the words of one element. */
const KINDS: readonly Kind[] = [
  {
    recipes: LISTS,
    fill: (draw) => [
      ["RPUSH", "list 1", value(draw)],
      ["LPUSH", "list 2", value(draw)],
    ],
  },
  {
    recipes: HASHES_AND_SETS,
    fill: (draw, number) => [
      ["HSET", "hash", `m${number}`, draw.random.chance(50) ? String(number) : value(draw)],
      ["SADD", "set 1", `m${number}`],
      ["SADD", "set 2", `m${2 * number}`],
      ["SADD", "integers", String(3 * number - 900)],
    ],
  },
  {
    recipes: SORTED_SETS,
    fill: (draw, number) => [
      ["ZADD", "zset 1", score(draw), `m${number}`],
      ["ZADD", "zset 2", String(number), `m${number + 300}`],
      ["ZADD", "lex", "0", `m${number}`],
      ["SADD", "set 1", `m${2 * number}`],
    ],
  },
];

function fillSteps(draw: Draw, kind: Kind): Step[] {
  const size = draw.random.pick(SIZES);
  const commands: string[][] = [];
  for (let from = 0; from < size; from += CHUNK) {
    const chunk: string[][] = [];
    for (let number = from; number < Math.min(from + CHUNK, size); number += 1) {
      for (const [at, [name = "", key = "", ...words]] of kind.fill(draw, number).entries()) {
        chunk[at] = [...(chunk[at] ?? [name, key]), ...words];
      }
    }
    commands.push(...chunk);
  }
  return commands.map((command) => ({ connection: 0, command }));
}

/** Collections beyond the compact encodings, which both servers keep in other structures than small ones. */
export const largeCollections: Generator = {
  name: "large collections",
  sequence: (draw) => {
    const kind = draw.random.pick(KINDS);
    const recipes = [...kind.recipes, ...ANY];
    const changes = draw.random.times(draw.random.between(10, 40), () => drawCommand(draw, recipes, 0));
    return [...fillSteps(draw, kind), ...changes.map((command) => ({ connection: 0, command }))];
  },
};
