import { type Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";
import { millis, seconds, unixMillis, unixSeconds } from "./expiryWords.ts";
import { type Generator, SEED_RECIPES } from "./generator.ts";

const CONDITIONS = ["NX", "XX", "GT", "LT"];

function condition(draw: Draw): string[] {
  return draw.random.times(draw.random.pick([0, 1, 1, 1, 2]), () => draw.word(draw.random.pick(CONDITIONS)));
}

const RECIPES: readonly Recipe[] = [
  [20, (d) => drawCommand(d, SEED_RECIPES, 0)],
  [4, (d) => ["EXPIRE", d.key(), seconds(d), ...condition(d)]],
  [4, (d) => ["PEXPIRE", d.key(), millis(d), ...condition(d)]],
  [3, (d) => ["EXPIREAT", d.key(), unixSeconds(d), ...condition(d)]],
  [3, (d) => ["PEXPIREAT", d.key(), unixMillis(d), ...condition(d)]],
  [3, (d) => [d.random.pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]), d.key()]],
  [3, (d) => ["PERSIST", d.key()]],
  [2, (d) => ["EXISTS", ...d.keys(4)]],
  [2, (d) => ["TOUCH", ...d.keys(4)]],
  [2, (d) => ["TYPE", d.key()]],
  [2, (d) => ["DEL", ...d.keys(4)]],
  [2, (d) => ["UNLINK", ...d.keys(4)]],
  [4, (d) => ["RENAME", d.key(), d.key()]],
  [4, (d) => ["RENAMENX", d.key(), d.key()]],
  [
    5,
    (d) => [
      ...["COPY", d.key(), d.key()],
      ...d.options(
        30,
        () => [d.word("REPLACE")],
        () => [d.word("DB"), d.random.pick(["0", "0", "1", "-1", "a"])],
      ),
    ],
  ],
  [2, (d) => ["MOVE", d.key(), d.random.pick(["0", "1", "-1", "a"])]],
  [3, (d) => ["KEYS", d.pattern()]],
  [1, () => ["DBSIZE"]],
  [1, () => ["RANDOMKEY"]],
  [3, (d) => ["OBJECT", d.random.pick(["ENCODING", "REFCOUNT", "IDLETIME", "FREQ", "nope"]), d.key()]],
  [1, (d) => ["MEMORY", "USAGE", d.key(), ...d.maybe(30, "SAMPLES", d.integer())]],
  [1, (d) => [d.random.pick(["FLUSHALL", "FLUSHDB"]), ...d.maybe(50, d.random.pick(["ASYNC", "SYNC", "async", "x"]))]],
  [1, (d) => ["WAIT", "0", d.random.pick(["0", "1", "-1", "a"])], "intact"],
];

/** A key that expires while we wait: afterwards every command must take it for absent. */
function expiringKey(draw: Draw): Step[] {
  const key = draw.key();
  const look = draw.random.pick(["EXISTS", "TTL", "TYPE", "PERSIST", "GET", "INCR", "DEL"]);
  return [
    { connection: 0, command: drawCommand(draw, SEED_RECIPES, 0) },
    { connection: 0, command: ["PEXPIRE", key, String(draw.random.between(1, 5))], pauseAfterMillis: 12 },
    { connection: 0, command: [look, key] },
    { connection: 0, command: ["EXISTS", key] },
  ];
}

/** The generic group: names, types, expiry in all its forms, and keys that really expire. */
export const keys: Generator = {
  name: "keys",
  sequence: (draw) => {
    const count = draw.random.between(10, 60);
    return Array.from({ length: count }).flatMap((): Step[] =>
      draw.random.chance(1) ? expiringKey(draw) : [{ connection: 0, command: drawCommand(draw, RECIPES) }],
    );
  },
};
