import { type Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";
import { type Generator, SEED_RECIPES } from "./generator.ts";

const NAMES = ["one", "two", "", "with space", "new\nline", "é", "x".repeat(100), "!ok~"];

function helloOptions(draw: Draw): string[] {
  return draw.options(
    30,
    () => ["AUTH", draw.random.pick(["default", "someone"]), draw.value()],
    () => ["SETNAME", draw.random.pick(NAMES)],
    () => ["FOO"],
  );
}

const RECIPES: readonly Recipe[] = [
  [4, (d) => [d.word("PING"), ...d.maybe(50, d.value())]],
  [3, (d) => ["ECHO", d.value()]],
  [3, (d) => ["SELECT", d.random.pick(["0", "0", "1", "-1", "a", "", "9223372036854775808"])]],
  [4, (d) => ["HELLO", ...d.maybe(90, d.random.pick(["2", "3", "3", "1", "4", "a", "2.5"]), ...helloOptions(d))]],
  [2, (d) => ["AUTH", ...d.maybe(40, d.random.pick(["default", "nobody"])), d.value()]],
  [3, (d) => ["CLIENT", "SETNAME", d.random.pick(NAMES)]],
  [3, () => ["CLIENT", "GETNAME"]],
  [1, () => ["CLIENT", "ID"]],
  [1, () => ["CLIENT", "INFO"]],
  [1, (d) => ["CLIENT", "LIST", ...d.maybe(50, "TYPE", d.random.pick(["normal", "replica", "nope", "pubsub"]))]],
  [1, (d) => ["CLIENT", "LIST", "ID", d.random.pick(["1", "a", "-1", "999999"])]],
  [1, (d) => ["CLIENT", "NO-EVICT", d.random.pick(["ON", "off", "maybe"])]],
  [
    1,
    (d) => ["CLIENT", "UNBLOCK", d.random.pick(["999999", "-1", "a"]), ...d.maybe(50, d.random.pick(["ERROR", "x"]))],
  ],
  [1, () => ["CLIENT", "GETREDIR"]],
  [1, () => ["CLIENT", "TRACKINGINFO"]],
  [1, (d) => ["CLIENT", "KILL", "ID", d.random.pick(["999999", "-1", "a", "0"])]],
  [1, (d) => ["CLIENT", "KILL", d.random.pick(["1.2.3.4:5", "x", ""])]],
  [
    1,
    (d) => [
      "CLIENT",
      "KILL",
      "TYPE",
      d.random.pick(["replica", "x"]),
      ...d.maybe(50, "SKIPME", d.random.pick(["yes", "x"])),
    ],
  ],
  [1, (d) => ["CLIENT", "REPLY", d.random.pick(["ON", "x", ""])]],
  [1, (d) => ["CLIENT", "PAUSE", d.random.pick(["a", "-1", ""])]],
  [1, () => ["CLIENT", "UNPAUSE"]],
  [1, (d) => ["CLIENT", d.value()]],
  [1, () => ["CLIENT"]],
  [1, (d) => ["COMMAND", d.random.pick(["COUNT", "INFO"]), "get", ...d.maybe(50, "x")]],
  [2, () => ["RESET"]],
  [1, () => ["QUIT"]],
  [2, (d) => [d.random.pick(["NOSUCHCOMMAND", "\xff", "", "get ", "G", "x".repeat(300)]), ...d.members(4)]],
  [3, (d) => drawCommand(d, SEED_RECIPES, 0)],
];

/** Every reply type that RESP2 and RESP3 write differently, after the protocol was switched in mid-sequence. */
const READS: readonly Recipe[] = [
  [1, (d) => ["HGETALL", d.key()]],
  [1, (d) => ["SMEMBERS", d.key()]],
  [1, (d) => ["ZRANGE", d.key(), "0", "-1", "WITHSCORES"]],
  [1, (d) => ["ZSCORE", d.key(), d.member()]],
  [1, (d) => ["GET", d.key()]],
  [1, (d) => ["CONFIG", "GET", "databases", d.random.pick(["maxmemory", "nosuch", "DATABASES"])]],
  [1, (d) => ["ZPOPMIN", d.key(), "2"]],
  [1, (d) => ["LPOP", d.key(), "2"]],
];

/** The connection group, on two connections, with switches between RESP2 and RESP3. */
export const connections: Generator = {
  name: "connections",
  sequence: (draw) =>
    draw.random.times(draw.random.between(10, 40), (): Step => {
      const recipes = draw.random.chance(20) ? READS : RECIPES;
      return { connection: draw.random.below(2), command: drawCommand(draw, recipes) };
    }),
};
