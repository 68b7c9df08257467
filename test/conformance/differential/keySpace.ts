import { formatReply, type Reply } from "../../support/respReply.ts";
import { exact, unordered } from "./comparison.ts";
import type { Side } from "./side.ts";

const READERS: Readonly<Record<string, readonly string[]>> = {
  string: ["GET"],
  list: ["LRANGE", "", "0", "-1"],
  set: ["SMEMBERS"],
  hash: ["HGETALL"],
  zset: ["ZRANGE", "", "0", "-1", "WITHSCORES"],
};

/** How long a server may take to delete a key whose time is over. */
const EXPIRY_MILLIS_MAX = 2_000;

type KeyPicture = { readonly type: Reply; readonly encoding: Reply; readonly expiry: Reply; readonly contents: Reply };

/** Compares everything the two servers hold: keys, types, encodings, contents, and which keys expire. */
export async function compareKeySpaces(expected: Side, actual: Side): Promise<string | undefined> {
  const [left, right] = await Promise.all([keysOf(expected), keysOf(actual)]);
  const texts = [left, right].map((keys) => keys.map((key) => formatReply({ type: "bulk", bytes: key })).join(" "));
  if (texts[0] !== texts[1]) {
    return `keys differ: expected ${texts[0]}\n                  got ${texts[1]}`;
  }
  const sizes = await compareSizes(expected, actual, left.length);
  if (sizes !== undefined) {
    return sizes;
  }
  const [leftPictures, rightPictures] = await Promise.all([pictures(expected, left), pictures(actual, right)]);
  for (const [index, key] of left.entries()) {
    const reason = comparePictures(leftPictures[index] as KeyPicture, rightPictures[index] as KeyPicture);
    if (reason !== undefined) {
      return `key ${formatReply({ type: "bulk", bytes: key })} differs in ${reason}`;
    }
  }
  return undefined;
}

/**
 * A key whose time is over counts for DBSIZE until somebody looks at it or the server comes round to it. So nothing is said
 * while redis-server counts more keys than it shows, and Holdfast is given time to come round to its own.
 */
async function compareSizes(expected: Side, actual: Side, keys: number): Promise<string | undefined> {
  const shown = formatReply({ type: "integer", value: BigInt(keys) });
  const sizeOf = async (side: Side) => formatReply(await side.control.call("DBSIZE"));
  if ((await sizeOf(expected)) !== shown) {
    return undefined;
  }
  const deadline = Date.now() + EXPIRY_MILLIS_MAX;
  let size = await sizeOf(actual);
  while (size !== shown && Date.now() < deadline) {
    size = await sizeOf(actual);
  }
  return size === shown ? undefined : `DBSIZE differs: expected ${shown} got ${size}`;
}

async function keysOf(side: Side): Promise<Buffer[]> {
  const reply = await side.control.call("KEYS", "*");
  const keys = reply.type === "array" ? reply.items.flatMap((item) => (item.type === "bulk" ? [item.bytes] : [])) : [];
  return keys.sort(Buffer.compare);
}

async function pictures(side: Side, keys: readonly Buffer[]): Promise<KeyPicture[]> {
  const questions = keys.flatMap((key) => [
    ["TYPE", key],
    ["OBJECT", "ENCODING", key],
    ["EXPIRETIME", key],
  ]);
  const answers = await side.control.pipeline(questions);
  const readers = keys.map((key, index) => readerFor(answers[3 * index] as Reply, key));
  const contents = await side.control.pipeline(readers);
  return keys.map((_, index) => ({
    type: answers[3 * index] as Reply,
    encoding: answers[3 * index + 1] as Reply,
    expiry: presence(answers[3 * index + 2] as Reply),
    contents: contents[index] as Reply,
  }));
}

function readerFor(type: Reply, key: Buffer): (string | Buffer)[] {
  const reader = READERS[type.type === "simple" ? type.text : ""] ?? ["TYPE"];
  return [reader[0] as string, key, ...reader.slice(2)];
}

/** Only whether and roughly when: both servers took their own time for "in 100 seconds". */
function presence(expiry: Reply): Reply {
  return expiry.type === "integer" && expiry.value > 0n ? { type: "integer", value: expiry.value / 30n } : expiry;
}

function comparePictures(expected: KeyPicture, actual: KeyPicture): string | undefined {
  const type = exact(expected.type, actual.type);
  if (type !== undefined) {
    return `type:\n${type}`;
  }
  const encoding = exact(expected.encoding, actual.encoding);
  if (encoding !== undefined) {
    return `OBJECT ENCODING:\n${encoding}`;
  }
  const contents = contentsRule(expected)(expected.contents, actual.contents);
  if (contents !== undefined) {
    return `contents:\n${contents}`;
  }
  const expiry = expiryDiffers(expected.expiry, actual.expiry) ? exact(expected.expiry, actual.expiry) : undefined;
  return expiry === undefined ? undefined : `expiry (EXPIRETIME divided by 30):\n${expiry}`;
}

function contentsRule(expected: KeyPicture) {
  const encoding = formatReply(expected.encoding);
  if (encoding !== '$"hashtable"') {
    return exact;
  }
  return formatReply(expected.type) === "+hash" ? unordered(2) : unordered();
}

function expiryDiffers(expected: Reply, actual: Reply): boolean {
  if (expected.type !== "integer" || actual.type !== "integer") {
    return true;
  }
  const difference = expected.value - actual.value;
  const isNeighbour = difference >= -1n && difference <= 1n;
  return expected.value < 0n || actual.value < 0n ? difference !== 0n : !isNeighbour;
}
