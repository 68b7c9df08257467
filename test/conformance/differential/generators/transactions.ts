import { Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";
import { type Generator, SEED_RECIPES } from "./generator.ts";

const INSIDE: readonly Recipe[] = [
  [6, (d) => drawCommand(d, SEED_RECIPES, 0)],
  [3, (d) => ["GET", d.key()]],
  [3, (d) => ["INCR", d.key()]],
  [2, (d) => ["LRANGE", d.key(), "0", "-1"]],
  [2, (d) => ["SMEMBERS", d.key()]],
  [2, (d) => ["HGETALL", d.key()]],
  [2, (d) => ["ZRANGE", d.key(), "0", "-1", "WITHSCORES"]],
  [1, (d) => ["LPOP", d.key()]],
  [1, (d) => ["BLPOP", d.key(), "0"]],
  [1, (d) => ["BZPOPMIN", d.key(), "0"]],
  [1, (d) => ["EXPIRE", d.key(), "100"]],
  [1, (d) => ["RENAME", d.key(), d.key()]],
  [1, () => ["NOSUCHCOMMAND", "x"]],
  [1, () => ["GET"]],
  [1, (d) => ["SET", d.key()]],
  [1, () => ["MULTI"]],
  [1, (d) => ["WATCH", d.key()]],
  [1, () => ["UNWATCH"]],
  [1, () => ["PING"]],
  [1, () => ["FLUSHALL"]],
  [1, () => ["SELECT", "0"]],
  [1, () => ["CONFIG", "GET", "databases"]],
];

/**
 * Changes that may leave everything as it was: which of them a watching connection feels is Redis's to say. Left out are LTRIM
 * of nothing and LMOVE of an element to where it is, which break a watch in Redis and not in Holdfast.
 */
const SMALL_CHANGES: readonly Recipe[] = [
  [1, (d) => ["SETNX", d.key(), d.value()]],
  [1, (d) => ["SET", d.key(), d.value(), d.random.pick(["XX", "KEEPTTL", "GET"])]],
  [1, (d) => ["APPEND", d.key(), d.random.pick(["", "x"])]],
  [1, (d) => ["SETRANGE", d.key(), "0", d.random.pick(["", "h"])]],
  [1, (d) => [d.random.pick(["INCRBY", "INCRBYFLOAT"]), d.key(), "0"]],
  [1, (d) => ["GETEX", d.key(), ...d.maybe(50, "PERSIST")]],
  [1, (d) => ["GETDEL", d.key()]],
  [1, (d) => ["GETSET", d.key(), d.value()]],
  [1, (d) => ["COPY", d.key(), d.key(), ...d.maybe(50, "REPLACE")]],
  [1, (d) => ["RENAMENX", d.key(), d.key()]],
  [1, (d) => ["HSETNX", d.key(), d.field(), d.value()]],
  [1, (d) => ["HDEL", d.key(), d.field()]],
  [1, (d) => ["HINCRBY", d.key(), d.field(), "0"]],
  [1, (d) => [d.random.pick(["LPUSHX", "RPUSHX"]), d.key(), d.value()]],
  [1, (d) => ["LSET", d.key(), "0", d.member()]],
  [1, (d) => ["LREM", d.key(), "0", d.member()]],
  [1, (d) => ["LINSERT", d.key(), "BEFORE", d.member(), d.member()]],
  [1, (d) => ["LTRIM", d.key(), "0", "-2"]],
  [1, (d) => [d.random.pick(["LPOP", "RPOP", "SPOP", "ZPOPMIN"]), d.key(), d.random.pick(["0", "1"])]],
  [1, (d) => ["LMOVE", ...d.random.shuffled(["a", "b"]), "LEFT", d.random.pick(["LEFT", "RIGHT"])]],
  [1, (d) => ["SREM", d.key(), d.member()]],
  [1, (d) => ["SMOVE", d.key(), d.key(), d.member()]],
  [1, (d) => ["SINTERSTORE", d.key(), d.key(), d.key()]],
  [1, (d) => ["ZADD", d.key(), d.random.pick(["NX", "XX", "GT", "CH"]), "1", d.member()]],
  [1, (d) => ["ZINCRBY", d.key(), d.random.pick(["0", "1"]), d.member()]],
  [1, (d) => ["ZREM", d.key(), d.member()]],
  [1, (d) => ["ZREMRANGEBYRANK", d.key(), "0", d.random.pick(["0", "-10"])]],
  [1, (d) => ["ZUNIONSTORE", d.key(), "1", d.key()]],
  [1, (d) => ["ZRANGESTORE", d.key(), d.key(), "0", "-1"]],
];

const OUTSIDE: readonly Recipe[] = [
  [6, (d) => drawCommand(d, SEED_RECIPES, 0)],
  [4, (d) => ["WATCH", ...d.keys(3)]],
  [2, () => ["UNWATCH"]],
  [1, () => ["EXEC"]],
  [1, () => ["DISCARD"]],
  [1, (d) => ["PERSIST", d.key()]],
  [1, (d) => ["EXPIRE", d.key(), d.random.pick(["100", "-1"])]],
  [1, (d) => ["TOUCH", d.key()]],
  [1, (d) => ["RENAME", d.key(), d.key()]],
  [1, () => ["FLUSHALL"]],
  [1, () => ["FLUSHDB"]],
];

function ending(draw: Draw): string[] {
  const draw20 = draw.random.below(20);
  if (draw20 < 14) {
    return ["EXEC"];
  }
  if (draw20 < 17) {
    return ["DISCARD"];
  }
  return draw.random.pick([["RESET"], ["EXEC", "x"], ["DISCARD", "x"], ["EXEC"]]);
}

/** A transaction on one connection, another connection's writes in between. */
function transaction(draw: Draw): Step[] {
  const steps: Step[] = [];
  const add = (connection: number, ...command: string[]) => steps.push({ connection, command });
  if (draw.random.chance(50)) {
    add(0, "WATCH", ...draw.keys(3));
  }
  if (draw.random.chance(40)) {
    add(draw.random.below(2), ...drawCommand(draw, OUTSIDE, 2));
  }
  add(0, draw.word("MULTI"));
  for (let count = draw.random.below(7); count > 0; count -= 1) {
    const isOther = draw.random.chance(15);
    add(isOther ? 1 : 0, ...drawCommand(draw, isOther ? OUTSIDE : INSIDE, 1));
  }
  add(0, ...ending(draw));
  return steps;
}

/** Two keys only, so that what is watched is what is changed. */
class NarrowDraw extends Draw {
  override key(): string {
    return this.random.pick(["a", "a", "b"]);
  }
}

/** A key under WATCH, and changes by another connection that may be none. */
function watchedKey(draw: Draw): Step[] {
  const narrow = new NarrowDraw(draw.random);
  const change = (recipes: readonly Recipe[]): Step => ({ connection: 1, command: drawCommand(narrow, recipes, 0) });
  const own = (...command: string[]): Step => ({ connection: 0, command });
  return [
    ...draw.random.times(draw.random.between(1, 3), () => change(SEED_RECIPES)),
    own("WATCH", "a"),
    ...draw.random.times(draw.random.between(1, 2), () => change(SMALL_CHANGES)),
    own("MULTI"),
    own("PING"),
    own("EXEC"),
  ];
}

/** MULTI, EXEC, DISCARD, and WATCH with a second connection that writes. */
export const transactions: Generator = {
  name: "transactions",
  sequence: (draw) =>
    Array.from({ length: draw.random.between(3, 12) }).flatMap(() => {
      const kind = draw.random.below(100);
      if (kind < 50) {
        return transaction(draw);
      }
      const command = drawCommand(draw, OUTSIDE, 4);
      return kind < 70 ? watchedKey(draw) : [{ connection: draw.random.below(2), command }];
    }),
};
