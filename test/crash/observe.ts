import { type Argument, type Reply, RespClient } from "../support/respClient.ts";
import type { Observation } from "./history.ts";
import type { Command, Entry, KeySpace, ModelReply, Value } from "./model.ts";

const READ_DEADLINE_MILLIS = 60_000;
const KEYS_PER_READ = 200;

/** A server said something that a healthy one does not say. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

/** A model command as the bytes that go over the wire: its text is one char a byte. */
export function argumentsOf(command: Command): Argument[] {
  return command.map((it) => Buffer.from(it, "latin1"));
}

/** A reply in the model's terms, strings as one char a byte; an error reply becomes a `ReplyError` (returned, not thrown). */
export function modelReply(reply: Reply): ModelReply | ReplyError {
  switch (reply.type) {
    case "simple":
      return reply.text;
    case "integer":
      return Number(reply.value);
    case "bulk":
      return reply.bytes.toString("latin1");
    case "nilBulk":
    case "nilArray":
    case "null":
      return null;
    case "array": {
      const items = reply.items.map(modelReply);
      return items.find((it) => it instanceof ReplyError) ?? (items as ModelReply[]);
    }
    case "error":
      return new ReplyError(reply.text);
    default:
      return new ReplyError(`a reply of type ${reply.type}`);
  }
}

/** Sends commands in one write and returns their replies; an error reply rejects. */
export async function ask(client: RespClient, commands: readonly Command[]): Promise<ModelReply[]> {
  const replies = await client.pipeline(commands.map(argumentsOf), READ_DEADLINE_MILLIS);
  return replies.map((reply, at) => {
    const answer = modelReply(reply);
    if (answer instanceof ReplyError)
      throw new ReplyError(`${answer.message} (${commands[at]?.join(" ").slice(0, 100)})`);
    return answer;
  });
}

/**
 * Reads the whole key space: every key that `SCAN` lists and every key of `known`, so that a key is found even if the two disagree.
 * Nobody may write meanwhile.
 */
async function observe(client: RespClient, known: Iterable<string>): Promise<Observation> {
  const beganMillis = Date.now();
  const scanned = await scanKeys(client);
  const names = [...new Set([...scanned, ...known])];
  const keys: KeySpace = new Map();
  for (let at = 0; at < names.length; at += KEYS_PER_READ) {
    await readEntries(client, names.slice(at, at + KEYS_PER_READ), keys);
  }
  const hidden = [...keys].find(([key, entry]) => entry.expireAtMillis === null && !scanned.has(key));
  if (hidden !== undefined) throw new ReplyError(`SCAN did not list ${hidden[0]}, which is there`);
  return { keys, beganMillis, endedMillis: Date.now() };
}

/** Reads some keys without asking which there are. */
export async function observeKeys(client: RespClient, names: readonly string[]): Promise<Observation> {
  const beganMillis = Date.now();
  const keys: KeySpace = new Map();
  await readEntries(client, names, keys);
  return { keys, beganMillis, endedMillis: Date.now() };
}

/** Connects, observes, disconnects. */
export async function observeAt(port: number, known: Iterable<string>): Promise<Observation> {
  const client = await RespClient.connect({ port });
  try {
    return await observe(client, known);
  } finally {
    await client.close();
  }
}

async function scanKeys(client: RespClient): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const [reply] = await ask(client, [["SCAN", cursor, "COUNT", "1000"]]);
    const [next, names] = reply as [string, string[]];
    for (const name of names) keys.add(name);
    cursor = next;
  } while (cursor !== "0");
  return keys;
}

async function readEntries(client: RespClient, names: readonly string[], into: KeySpace): Promise<void> {
  const facts = await ask(
    client,
    names.flatMap((name) => [
      ["TYPE", name],
      ["PEXPIRETIME", name],
    ]),
  );
  const present: { name: string; type: string; expireAtMillis: number | null }[] = [];
  names.forEach((name, at) => {
    const type = facts[2 * at] as string;
    const end = facts[2 * at + 1] as number;
    if (type !== "none" && end !== -2) present.push({ name, type, expireAtMillis: end === -1 ? null : end });
  });
  const contents = await ask(
    client,
    present.map(({ name, type }) => readerOf(type, name)),
  );
  present.forEach(({ name, type, expireAtMillis }, at) => {
    const value = contentOf(type, contents[at] ?? null);
    if (value !== undefined) into.set(name, { value, expireAtMillis } satisfies Entry);
  });
}

function readerOf(type: string, key: string): Command {
  switch (type) {
    case "string":
      return ["GET", key];
    case "hash":
      return ["HGETALL", key];
    case "list":
      return ["LRANGE", key, "0", "-1"];
    case "set":
      return ["SMEMBERS", key];
    case "zset":
      return ["ZRANGE", key, "0", "-1", "WITHSCORES"];
    default:
      throw new ReplyError(`${key} has the unknown type ${type}`);
  }
}

/** Undefined when the key has ended between the question for its type and the one for its content. */
function contentOf(type: string, content: ModelReply): Value | undefined {
  if (content === null) return undefined;
  if (type === "string") return { kind: "string", text: content as string };
  const items = content as readonly string[];
  if (items.length === 0) return undefined;
  switch (type) {
    case "hash":
      return { kind: "hash", fields: new Map(pairsOf(items)) };
    case "list":
      return { kind: "list", elements: items.slice() };
    case "set":
      return { kind: "set", members: new Set(items) };
    default:
      return { kind: "zset", scores: new Map(pairsOf(items).map(([member, score]) => [member, Number(score)])) };
  }
}

function pairsOf(items: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < items.length; at += 2) pairs.push([items[at] as string, items[at + 1] as string]);
  return pairs;
}
