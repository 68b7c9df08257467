import { type Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";
import type { Generator } from "./generator.ts";

/** Few keys and three connections: several clients wait for one key, and one push serves more than one of them. */
const KEYS = ["a", "b", "c"];
/**
 * The target of commands that replace what a key holds by a sorted set, and of no others: where they overwrite a value of
 * another type, Redis 7.0 forgets those who wait for a sorted set, and Holdfast serves them.
 */
const STORED = "z";
const CONNECTIONS = 3;

function keys(draw: Draw): string[] {
  return draw.random.times(draw.random.between(1, 3), () => draw.random.pick(KEYS));
}

function sortedSetKeys(draw: Draw): string[] {
  return draw.random.chance(30) ? [...keys(draw), STORED] : keys(draw);
}

function timeout(draw: Draw): string {
  const draw100 = draw.random.below(100);
  if (draw100 < 10) {
    return draw.random.pick(["-1", "a", "", "9223372036854775807", "1e30", "-0.1", "inf", "nan"]);
  }
  return draw100 < 16 ? draw.random.pick(["0.001", "0.005"]) : draw.random.pick(["0", "0", "100", "0.0"]);
}

function side(draw: Draw): string {
  return draw.word(draw.random.pick(["LEFT", "RIGHT"]));
}

const WAITING: readonly Recipe[] = [
  [4, (d) => ["BLPOP", ...keys(d), timeout(d)]],
  [4, (d) => ["BRPOP", ...keys(d), timeout(d)]],
  [3, (d) => ["BLMOVE", d.random.pick(KEYS), d.random.pick(KEYS), side(d), side(d), timeout(d)]],
  [2, (d) => ["BRPOPLPUSH", d.random.pick(KEYS), d.random.pick(KEYS), timeout(d)]],
  [
    3,
    (d) => {
      const from = keys(d);
      return ["BLMPOP", timeout(d), String(from.length), ...from, side(d), ...d.maybe(50, "COUNT", d.smallInteger())];
    },
  ],
  [3, (d) => ["BZPOPMIN", ...sortedSetKeys(d), timeout(d)]],
  [3, (d) => ["BZPOPMAX", ...sortedSetKeys(d), timeout(d)]],
  [
    3,
    (d) => {
      const from = sortedSetKeys(d);
      const which = d.word(d.random.pick(["MIN", "MAX"]));
      return ["BZMPOP", timeout(d), String(from.length), ...from, which, ...d.maybe(50, "COUNT", d.smallInteger())];
    },
  ],
];

const SERVING: readonly Recipe[] = [
  [4, (d) => [d.random.pick(["LPUSH", "RPUSH"]), d.random.pick(KEYS), ...d.members(4)]],
  [4, (d) => ["ZADD", d.random.pick(KEYS), "1", d.member(), "2", d.member()]],
  [1, (d) => ["LPUSHX", d.random.pick(KEYS), d.member()]],
  [1, (d) => ["ZINCRBY", d.random.pick(KEYS), "1", d.member()]],
  [2, (d) => ["RENAME", d.random.pick([...KEYS, STORED]), d.random.pick(KEYS)]],
  [2, (d) => ["LMOVE", d.random.pick(KEYS), d.random.pick(KEYS), side(d), side(d)]],
  [1, (d) => ["COPY", d.random.pick(KEYS), d.random.pick(KEYS), "REPLACE"]],
  [1, (d) => ["ZUNIONSTORE", STORED, "2", d.random.pick(KEYS), d.random.pick(KEYS)]],
  [1, (d) => ["ZRANGESTORE", STORED, d.random.pick(KEYS), "0", "-1"]],
  [2, (d) => ["DEL", d.random.pick([...KEYS, STORED])]],
  [1, (d) => ["SET", d.random.pick(KEYS), "x"]],
  [1, (d) => ["SADD", d.random.pick(KEYS), "x"]],
];

/** Pushes inside a transaction: who waits is served when the whole of it is done. */
function transaction(draw: Draw, connection: number): Step[] {
  const inside = draw.random.times(draw.random.between(1, 4), () =>
    draw.random.chance(15) ? drawCommand(draw, WAITING, 0) : drawCommand(draw, SERVING, 0),
  );
  return [["MULTI"], ...inside, ["EXEC"]].map((command) => ({ connection, command }));
}

/** Blocking pops by several connections, and the writes that serve them. */
export const blocking: Generator = {
  name: "blocking",
  sequence: (draw) =>
    Array.from({ length: draw.random.between(5, 25) }).flatMap((): Step[] => {
      const connection = draw.random.below(CONNECTIONS);
      const kind = draw.random.below(100);
      if (kind < 8) {
        return transaction(draw, connection);
      }
      const recipes = kind < 40 ? WAITING : SERVING;
      return [{ connection: kind < 40 ? connection : CONNECTIONS, command: drawCommand(draw, recipes, 2) }];
    }),
};
