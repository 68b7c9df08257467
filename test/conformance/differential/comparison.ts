import { formatReply, type Reply, shorten } from "../../support/respReply.ts";
import { type Command, commandName } from "./step.ts";

/** Times differ by what passes between asking the two servers, on a machine that others use too. */
const TIME_TOLERANCE_MILLIS = 5_000;

/** A rule says why two replies to the same command do not agree, or nothing when they do. */
type Rule = (expected: Reply, actual: Reply) => string | undefined;

/** Equal on the wire: type, text, order, everything. */
export const exact: Rule = (expected, actual) => {
  const [left, right] = [formatReply(expected), formatReply(actual)];
  return left === right ? undefined : `expected ${shorten(left, 1_500)}\n     got ${shorten(right, 1_500)}`;
};

/** Equal but for the order of the elements; `pairs` keeps each element with the one after it. */
export function unordered(size: 1 | 2 = 1): Rule {
  return (expected, actual) => exact(sorted(expected, size), sorted(actual, size));
}

/** The same type (and the same error text), whatever the contents. */
const sameType: Rule = (expected, actual) => {
  if (expected.type === "error" || expected.type !== actual.type) {
    return exact(expected, actual);
  }
  return undefined;
};

/** Integers that tell times: close to each other, but -1 and -2 have meanings of their own. */
function closeInteger(tolerance: number): Rule {
  return (expected, actual) => {
    const areTimes =
      expected.type === "integer" && actual.type === "integer" && expected.value >= 0n && actual.value >= 0n;
    if (!areTimes) {
      return exact(expected, actual);
    }
    const difference = Math.abs(Number(expected.value - actual.value));
    return difference <= tolerance ? undefined : exact(expected, actual);
  };
}

const closeSeconds = closeInteger(TIME_TOLERANCE_MILLIS / 1000);
const closeMillis = closeInteger(TIME_TOLERANCE_MILLIS);

/**
 * `[cursor, elements]`: cursors are the server's own affair, the elements of a whole pass are not. A pass that does
 * not begin at 0 says nothing: any number is a valid cursor to Redis.
 */
const scanned: Rule = (expected, actual) => {
  const [left, right] = [scanElements(expected), scanElements(actual)];
  return left === undefined || right === undefined ? exact(expected, actual) : unordered()(left, right);
};

const RULES: Readonly<Record<string, Rule>> = {
  smembers: unordered(),
  sinter: unordered(),
  sunion: unordered(),
  sdiff: unordered(),
  keys: unordered(),
  hkeys: unordered(),
  hvals: unordered(),
  hgetall: unordered(2),
  spop: unordered(),
  ttl: closeSeconds,
  expiretime: closeSeconds,
  pttl: closeMillis,
  pexpiretime: closeMillis,
  time: sameType,
  info: sameType,
  randomkey: sameType,
  role: sameType,
  lastsave: sameType,
  "object|idletime": closeSeconds,
  "object|refcount": sameType,
  "memory|usage": sameType,
  "config|get": unordered(2),
  "client|id": sameType,
  "client|list": sameType,
  "client|info": sameType,
  "slowlog|get": sameType,
  "slowlog|len": sameType,
  "latency|latest": sameType,
  "latency|histogram": sameType,
  "latency|doctor": sameType,
  "memory|doctor": sameType,
};

const SCANS: ReadonlySet<string> = new Set(["scan", "sscan", "hscan", "zscan"]);

/** Whether a command begins a scan: the player then goes on with the cursor and compares the whole pass. */
export function beginsScan(command: Command): boolean {
  const name = commandName(command);
  return SCANS.has(name) && command[name === "scan" ? 1 : 2] === "0";
}

/** Commands whose reply is drawn at random: the player checks their properties instead. */
export const RANDOM_COMMANDS: ReadonlySet<string> = new Set(["spop", "srandmember", "hrandfield", "zrandmember"]);

/** Single-key commands whose order is promised while the key is in a compact encoding. */
export const ORDERED_WHEN_COMPACT: ReadonlySet<string> = new Set(["smembers", "hgetall", "hkeys", "hvals"]);

/** The rule by which replies to a command are compared. */
export function ruleFor(command: Command): Rule {
  const name = commandName(command);
  if (name === "hello") {
    return helloRule;
  }
  if ((command[1] ?? "").toLowerCase() === "help") {
    return sameType;
  }
  if (name === "command" && command.length < 3) {
    return sameType;
  }
  if (SCANS.has(name)) {
    return beginsScan(command) ? scanned : sameType;
  }
  return RULES[name] ?? RULES[`${name}|${(command[1] ?? "").toLowerCase()}`] ?? exact;
}

/** The replies to EXEC: an array whose elements follow the rules of the queued commands. */
export function compareExec(queued: readonly Command[], expected: Reply, actual: Reply): string | undefined {
  if (expected.type !== "array" || actual.type !== "array" || expected.items.length !== actual.items.length) {
    return exact(expected, actual);
  }
  for (const [index, item] of expected.items.entries()) {
    const reason = ruleFor(queued[index] ?? [])(item, actual.items[index] as Reply);
    if (reason !== undefined) {
      return `in EXEC, reply ${index}:\n${reason}`;
    }
  }
  return undefined;
}

/** HELLO names the server's own version, connection number and modules; the field names and `proto` are the contract. */
const helloRule: Rule = (expected, actual) => exact(withoutOwnValues(expected), withoutOwnValues(actual));

function withoutOwnValues(reply: Reply): Reply {
  const own = new Set(["server", "version", "id", "modules", "mode"].map((name) => `$"${name}"`));
  const hidden: Reply = { type: "simple", text: "(own)" };
  if (reply.type === "map") {
    return {
      type: "map",
      entries: reply.entries.map(([key, value]) => [key, own.has(formatReply(key)) ? hidden : value]),
    };
  }
  if (reply.type !== "array") {
    return reply;
  }
  const items = reply.items.map((item, index) => {
    const name = reply.items[index - 1];
    return index % 2 === 1 && name !== undefined && own.has(formatReply(name)) ? hidden : item;
  });
  return { type: "array", items };
}

function scanElements(reply: Reply): Reply | undefined {
  return reply.type === "array" && reply.items.length === 2 ? reply.items[1] : undefined;
}

function sorted(reply: Reply, size: 1 | 2): Reply {
  if (reply.type === "map") {
    const entries = [...reply.entries].sort((left, right) => compareText(pairText(left), pairText(right)));
    return { type: "map", entries };
  }
  if (reply.type !== "array" && reply.type !== "set") {
    return reply;
  }
  const groups: Reply[][] = [];
  for (let index = 0; index < reply.items.length; index += size) {
    groups.push(reply.items.slice(index, index + size));
  }
  groups.sort((left, right) => compareText(pairText(left), pairText(right)));
  return { type: reply.type, items: groups.flat() };
}

function pairText(pair: readonly Reply[]): string {
  return pair.map(formatReply).join(" ");
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
