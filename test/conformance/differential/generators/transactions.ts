import { type Draw, drawCommand, type Recipe } from "../draw.ts";
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

/** MULTI, EXEC, DISCARD, and WATCH with a second connection that writes. */
export const transactions: Generator = {
  name: "transactions",
  sequence: (draw) =>
    Array.from({ length: draw.random.between(3, 12) }).flatMap(() =>
      draw.random.chance(60)
        ? transaction(draw)
        : [{ connection: draw.random.below(2), command: drawCommand(draw, OUTSIDE, 4) }],
    ),
};
