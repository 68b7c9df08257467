import type { Draw } from "../draw.ts";
import type { Step } from "../step.ts";
import type { Generator } from "./generator.ts";

/** Small, just over the limits of the compact encodings, and large enough for many pages. */
const SIZES = [0, 1, 10, 30, 130, 520];

function scanOptions(draw: Draw): string[] {
  return draw.options(
    35,
    () => [draw.word("COUNT"), draw.random.pick(["5", "10", "30", "100", "1000", "0", "-1", "a", "1.5"])],
    () => [
      draw.word("MATCH"),
      draw.random.pick(["*", "*1*", "m:?", "m:[1-3]*", "nothing", "n:10", "", "m:1\\0", "[", "*:*0"]),
    ],
  );
}

function scan(draw: Draw): Step {
  const cursor = draw.random.chance(92) ? "0" : draw.random.pick(["a", "", "0x", "18446744073709551616", " 0", "-"]);
  const types = draw.maybe(
    25,
    draw.word("TYPE"),
    draw.random.pick(["string", "hash", "list", "zset", "set", "ZSET", "nope"]),
  );
  const command = draw.random.pick([
    () => ["SCAN", cursor, ...scanOptions(draw), ...types],
    () => ["SSCAN", "set", cursor, ...scanOptions(draw)],
    () => ["HSCAN", "hash", cursor, ...scanOptions(draw)],
    () => ["ZSCAN", "zset", cursor, ...scanOptions(draw)],
    () => [draw.random.pick(["SSCAN", "HSCAN", "ZSCAN"]), draw.random.pick(["set", "hash", "zset", "none"]), cursor],
  ])();
  return { connection: 0, command: draw.corrupted(command, 3) };
}

function fill(draw: Draw, name: string, countMax: number): Step[] {
  const members = Array.from({ length: Math.min(countMax, draw.random.pick(SIZES)) }, (_, index) => String(index));
  const kind = draw.random.pick(["m:", "n:", ""]);
  if (members.length === 0) {
    return [];
  }
  const words = {
    set: ["SADD", "set", ...members.map((member) => kind + member)],
    hash: ["HSET", "hash", ...members.flatMap((member) => [kind + member, `value ${member}`])],
    zset: ["ZADD", "zset", ...members.flatMap((member) => [member, kind + member])],
    keys: ["MSET", ...members.flatMap((member) => [kind + member, member])],
  };
  return [{ connection: 0, command: words[name as keyof typeof words] }];
}

/** The four scans, over collections of all sizes, each pass compared as a whole. */
export const scans: Generator = {
  name: "scans",
  sequence: (draw) => [
    ...["set", "hash", "zset", "keys"].flatMap((name) => fill(draw, name, name === "keys" ? 100 : 520)),
    ...draw.random.times(draw.random.between(3, 8), () => scan(draw)),
  ],
};
