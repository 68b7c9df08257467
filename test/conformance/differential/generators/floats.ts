import type { Draw, Recipe } from "../draw.ts";
import { mixture } from "./generator.ts";

/** Decimals of all lengths and sizes, many of them beyond the precision of a double or of Redis's long double. */
function decimal(draw: Draw): string {
  const { random } = draw;
  const digits = random.times(random.pick([1, 2, 3, 7, 15, 16, 17, 18, 19, 20, 25]), () => String(random.below(10)));
  const point = random.below(digits.length + 1);
  const plain = `${digits.slice(0, point).join("") || "0"}${point < digits.length ? `.${digits.slice(point).join("")}` : ""}`;
  const exponent = random.chance(25) ? `${random.pick(["e", "E"])}${random.between(-40, 40)}` : "";
  return `${random.chance(40) ? "-" : ""}${plain}${exponent}`;
}

/** Values with few binary places: sums and products meet ties of the rounding. */
function dyadic(draw: Draw): string {
  const value = draw.random.between(-(2 ** 31), 2 ** 31) / 2 ** draw.random.below(40);
  return draw.random.chance(50) ? String(value) : String(value * 2 ** draw.random.below(40));
}

function number(draw: Draw): string {
  return draw.random.chance(60) ? decimal(draw) : dyadic(draw);
}

function member(draw: Draw): string {
  return draw.random.pick(["a", "b", "c", "d"]);
}

function key(draw: Draw): string {
  return draw.random.pick(["x", "y"]);
}

const RECIPES: readonly Recipe[] = [
  [6, (d) => ["SET", key(d), number(d)]],
  [10, (d) => ["INCRBYFLOAT", key(d), number(d)]],
  [2, (d) => ["GET", key(d)]],
  [4, (d) => ["HSET", "hash", member(d), number(d)]],
  [8, (d) => ["HINCRBYFLOAT", "hash", member(d), number(d)]],
  [2, () => ["HGETALL", "hash"]],
  [10, (d) => ["ZADD", `z${key(d)}`, number(d), member(d), number(d), member(d)]],
  [6, (d) => ["ZINCRBY", `z${key(d)}`, number(d), member(d)]],
  [4, (d) => ["ZRANGE", `z${key(d)}`, "0", "-1", "WITHSCORES"]],
  [2, (d) => ["ZSCORE", `z${key(d)}`, member(d)]],
  [3, (d) => ["ZRANGEBYSCORE", `z${key(d)}`, `${d.random.pick(["", "("])}${number(d)}`, number(d)]],
  [4, (d) => ["ZUNION", "2", "zx", "zy", "WEIGHTS", number(d), number(d), "WITHSCORES"]],
  [2, (d) => ["ZINTERSTORE", "stored", "2", "zx", "zy", "WEIGHTS", number(d), number(d)]],
  [2, (d) => ["ZSCAN", `z${key(d)}`, "0"]],
  [1, (d) => ["OBJECT", "ENCODING", key(d)]],
  [1, (d) => ["DEL", d.random.pick(["x", "y", "zx", "zy", "hash"])]],
];

/** Numbers with a fraction, as texts and as scores, to the last digit. */
export const floats = mixture("floats", RECIPES);
