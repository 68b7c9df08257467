import { History } from "./history.ts";
import type { Command, Value } from "./model.ts";
import type { SeededRandom } from "./random.ts";

/** One write as drawn, before it has a number in a history. */
export interface Draft {
  readonly commands: readonly Command[];
  readonly transaction: boolean;
}

/** What one connection writes: keys of its own, their oracle, and a way to draw the next write. */
export interface Lane {
  readonly history: History;
  /** Requests that may be under way at once; 1 is a client that does not pipeline. */
  readonly depth: number;
  /** True: sends `depth` requests in one write and waits for all; false: one more for each reply. */
  readonly inBursts: boolean;
  draw(): Draft;
}

/** A key that a lane sets to the number of the write, for other connections to read. */
export function markKeyOf(history: History): string {
  return `${history.name}:mark`;
}

/** Keys that a lane only ever writes together, with equal values. */
export function twinKeysOf(history: History): readonly string[] {
  return [0, 1, 2].map((it) => `${history.name}:twin${it}`);
}

const FAR_FUTURE_MILLIS = 4_000_000_000_000;
const BIG_TEXT_BYTES = 1_048_576;
const BIG_COLLECTION_ELEMENTS_MAX = 10_000;
const BIG_STEP_ELEMENTS = 250;
const COLLECTION_ELEMENTS_MAX = 200;
const STRING_BYTES_MAX = 4_096;

export interface LaneOptions {
  readonly depth: number;
  readonly inBursts?: boolean;
  /** One write in so many is a transaction. */
  readonly transactionOneIn?: number;
}

/** A lane of small values of every type. */
export function mixedLane(name: string, random: SeededRandom, options: LaneOptions): Lane {
  const history = new History(name);
  const source = { name, history, random };
  const transactionOneIn = options.transactionOneIn ?? 6;
  return {
    history,
    depth: options.depth,
    inBursts: options.inBursts ?? false,
    draw: () => (random.oneIn(transactionOneIn) ? drawTransaction(source) : single(drawCommand(source))),
  };
}

/** A lane of values of a mebibyte and of collections of thousands of elements. */
export function bigLane(name: string, random: SeededRandom, options: LaneOptions): Lane {
  const history = new History(name);
  const source = { name, history, random };
  return {
    history,
    depth: options.depth,
    inBursts: options.inBursts ?? false,
    draw: () => {
      if (!random.oneIn(8)) return single(random.pick(BIG_DRAWS)(source));
      const value = drawBigText(source, BIG_TEXT_BYTES / 4);
      return { commands: twinKeysOf(history).map((key) => ["SET", key, value]), transaction: true };
    },
  };
}

interface Source {
  readonly name: string;
  readonly history: History;
  readonly random: SeededRandom;
}

function single(command: Command): Draft {
  return { commands: [command], transaction: false };
}

/** The twins get one value; some other keys change along with them. */
function drawTransaction(source: Source): Draft {
  const value = drawText(source);
  const twins: Command[] = twinKeysOf(source.history).map((key) => ["SET", key, value]);
  if (source.random.oneIn(3))
    return single(["MSET", ...twins.flatMap(([, key, text]) => [key as string, text as string])]);
  // No renames here: an earlier command of the same transaction may have taken the key away.
  const others = Array.from({ length: source.random.below(4) }, () => drawCommand(source)).filter(
    ([it]) => it !== "RENAME",
  );
  return { commands: [...twins, ...others], transaction: true };
}

function drawCommand(source: Source): Command {
  return source.random.pick(DRAWS)(source);
}

type Draw = (source: Source) => Command;

const DRAWS: readonly Draw[] = [
  drawMark,
  drawMark,
  drawString,
  drawString,
  drawAppend,
  (it) => ["INCRBY", numbered(it, "number", 3), String(it.random.between(-5, 10))],
  (it) => ["DEL", numbered(it, "string", 10), numbered(it, "list", 4)],
  drawRename,
  (it) => ["PEXPIREAT", numbered(it, "string", 10), String(FAR_FUTURE_MILLIS + it.random.below(1e9))],
  (it) => ["PERSIST", numbered(it, "string", 10)],
  (it) => ["SET", numbered(it, "short", 4), drawText(it), "PXAT", String(Date.now() + it.random.between(20, 3_000))],
  (it) => ["HSET", numbered(it, "hash", 4), ...fieldsAndTexts(it)],
  (it) => ["HSET", numbered(it, "hash", 4), ...fieldsAndTexts(it)],
  (it) => ["HDEL", numbered(it, "hash", 4), `f${it.random.below(60)}`, `f${it.random.below(60)}`],
  (it) => growList(it, "RPUSH"),
  (it) => growList(it, "RPUSH"),
  (it) => growList(it, "LPUSH"),
  (it) => ["LPOP", numbered(it, "list", 4)],
  (it) => ["LMOVE", numbered(it, "list", 4), numbered(it, "list", 4), it.random.pick(ENDS), it.random.pick(ENDS)],
  (it) => ["SADD", numbered(it, "set", 4), `m${it.random.below(80)}`, `m${it.random.below(80)}`],
  (it) => ["SREM", numbered(it, "set", 4), `m${it.random.below(80)}`],
  (it) => ["ZADD", numbered(it, "zset", 4), String(it.random.below(1e6) / 8), `m${it.random.below(80)}`],
  (it) => ["ZADD", numbered(it, "zset", 4), String(it.random.below(1e6) / 8), `m${it.random.below(80)}`],
  (it) => ["ZREM", numbered(it, "zset", 4), `m${it.random.below(80)}`],
];

const BIG_DRAWS: readonly Draw[] = [
  (it) => ["SET", numbered(it, "text", 12), drawBigText(it, BIG_TEXT_BYTES)],
  (it) => growBig(it, "text", () => ["APPEND", drawBigText(it, BIG_TEXT_BYTES / 16)]),
  (it) => growBig(it, "list", () => ["RPUSH", ...manyTexts(it)]),
  (it) => growBig(it, "list", () => ["LPUSH", ...manyTexts(it)]),
  (it) => growBig(it, "set", () => ["SADD", ...manyTexts(it)]),
  (it) =>
    growBig(it, "hash", () => [
      "HSET",
      ...manyTexts(it).flatMap((text, at) => [`f${it.random.below(1e5)}.${at}`, text]),
    ]),
  (it) => growBig(it, "zset", () => ["ZADD", ...manyTexts(it).flatMap((text) => [String(it.random.below(1e6)), text])]),
  (it) => ["LPOP", numbered(it, "list", 2)],
  (it) => ["DEL", numbered(it, "text", 12), numbered(it, "hash", 2)],
  drawMark,
  drawMark,
];

/** The command with a key put in, or a deletion when the key has become too big. */
function growBig(source: Source, kind: Value["kind"] | "text", command: () => readonly [string, ...string[]]): Command {
  const key = numbered(source, kind, 2);
  const value = source.history.expected(key)?.value;
  if (value !== undefined && sizeOf(value) > (kind === "text" ? 2 * BIG_TEXT_BYTES : BIG_COLLECTION_ELEMENTS_MAX))
    return ["DEL", key];
  const [name, ...rest] = command();
  return [name, key, ...rest];
}

function sizeOf(value: Value): number {
  switch (value.kind) {
    case "string":
      return value.text.length;
    case "list":
      return value.elements.length;
    case "hash":
      return value.fields.size;
    case "set":
      return value.members.size;
    case "zset":
      return value.scores.size;
  }
}

function manyTexts(source: Source): string[] {
  const number = source.history.numberNext;
  return Array.from({ length: BIG_STEP_ELEMENTS }, (_, at) => `${number}.${at}.${source.random.u32()}`);
}

/** A pattern that tells by its looks which write it is of, whichever part of it one sees. */
function drawBigText(source: Source, bytes: number): string {
  const pattern = `${drawText(source)}|`;
  return pattern.repeat(Math.ceil(bytes / pattern.length)).slice(0, bytes);
}

const ENDS = ["LEFT", "RIGHT"] as const;

function numbered(source: Source, kind: string, count: number): string {
  return `${source.name}:${kind}${source.random.below(count)}`;
}

/** Renames a key that is there: of an absent one it would be an error reply. */
function drawRename(source: Source): Command {
  for (let at = 0; at < 10; at++) {
    const key = `${source.name}:string${at}`;
    if (source.history.expected(key) !== undefined) return ["RENAME", key, numbered(source, "string", 10)];
  }
  return drawString(source);
}

function drawMark(source: Source): Command {
  return ["SET", markKeyOf(source.history), String(source.history.numberNext)];
}

function drawString(source: Source): Command {
  const key = numbered(source, "string", 10);
  if (!source.random.oneIn(5)) return ["SET", key, drawText(source)];
  return ["SET", key, drawText(source), "PXAT", String(FAR_FUTURE_MILLIS + source.random.below(1e9))];
}

function drawAppend(source: Source): Command {
  const key = numbered(source, "string", 10);
  const value = source.history.expected(key)?.value;
  const tooLong = value?.kind === "string" && value.text.length > STRING_BYTES_MAX;
  return tooLong ? ["DEL", key] : ["APPEND", key, drawText(source)];
}

function growList(source: Source, command: "RPUSH" | "LPUSH"): Command {
  const key = numbered(source, "list", 4);
  const value = source.history.expected(key)?.value;
  const tooLong = value?.kind === "list" && value.elements.length > COLLECTION_ELEMENTS_MAX;
  return tooLong ? ["DEL", key] : [command, key, drawText(source), drawText(source)];
}

function fieldsAndTexts(source: Source): string[] {
  const fields = Array.from({ length: source.random.between(1, 3) }, () => `f${source.random.below(60)}`);
  return [...new Set(fields)].flatMap((field) => [field, drawText(source)]);
}

/** A text no other write has, at times with bytes that mean something to a protocol. */
function drawText(source: Source): string {
  const junk = source.random.oneIn(4) ? "\r\n$-1\r\n\0\xff" : "";
  return `${source.name}/${source.history.numberNext}/${source.random.u32().toString(36)}${junk}`;
}
