/**
 * One reply of a server as it stood on the wire. Types that a friendly client would merge are kept apart: a nil bulk
 * string (`$-1`), a nil array (`*-1`) and the RESP3 null (`_`) are three things, and a double keeps its text.
 */
export type Reply =
  | { readonly type: "simple"; readonly text: string }
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "bulk"; readonly bytes: Buffer }
  | { readonly type: "verbatim"; readonly format: string; readonly bytes: Buffer }
  | { readonly type: "nilBulk" }
  | { readonly type: "nilArray" }
  | { readonly type: "null" }
  | { readonly type: "double"; readonly text: string }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "bigNumber"; readonly text: string }
  | { readonly type: "array"; readonly items: readonly Reply[] }
  | { readonly type: "set"; readonly items: readonly Reply[] }
  | { readonly type: "push"; readonly items: readonly Reply[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [Reply, Reply])[] };

/** What `plain` makes of a reply; an error becomes `{ error: text }`. */
type PlainReply =
  | string
  | number
  | bigint
  | boolean
  | null
  | { readonly error: string }
  | readonly PlainReply[]
  | Map<PlainReply, PlainReply>;

const SHOWN_BYTES_MAX = 200;

/** A reply as ordinary JavaScript, for assertions on contents: strings are decoded as UTF-8, all nils are `null`. */
export function plain(reply: Reply): PlainReply {
  switch (reply.type) {
    case "simple":
    case "bigNumber":
      return reply.text;
    case "error":
      return { error: reply.text };
    case "integer": {
      const number = Number(reply.value);
      return Number.isSafeInteger(number) ? number : reply.value;
    }
    case "bulk":
    case "verbatim":
      return reply.bytes.toString("utf8");
    case "nilBulk":
    case "nilArray":
    case "null":
      return null;
    case "double":
      return doubleValue(reply.text);
    case "boolean":
      return reply.value;
    case "array":
    case "set":
    case "push":
      return reply.items.map(plain);
    case "map":
      return new Map(reply.entries.map(([key, value]) => [plain(key), plain(value)]));
  }
}

function doubleValue(text: string): number {
  if (text === "inf") {
    return Number.POSITIVE_INFINITY;
  }
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

/**
 * A reply as one line of text that is equal for equal replies and different for different ones, types included.
 * Used both to compare and to print: `*[$"a" :1 %{$"k" => ,1.5} -ERR syntax error]`.
 */
export function formatReply(reply: Reply): string {
  switch (reply.type) {
    case "simple":
      return `+${reply.text}`;
    case "error":
      return `-${reply.text}`;
    case "integer":
      return `:${reply.value}`;
    case "bulk":
      return `$${quoteBytes(reply.bytes)}`;
    case "verbatim":
      return `=${reply.format}:${quoteBytes(reply.bytes)}`;
    case "nilBulk":
      return "$nil";
    case "nilArray":
      return "*nil";
    case "null":
      return "_";
    case "double":
      return `,${reply.text}`;
    case "boolean":
      return reply.value ? "#t" : "#f";
    case "bigNumber":
      return `(${reply.text}`;
    case "array":
      return `*[${reply.items.map(formatReply).join(" ")}]`;
    case "set":
      return `~[${reply.items.map(formatReply).join(" ")}]`;
    case "push":
      return `>[${reply.items.map(formatReply).join(" ")}]`;
    case "map":
      return `%{${reply.entries.map(([key, value]) => `${formatReply(key)} => ${formatReply(value)}`).join(", ")}}`;
  }
}

/** Bytes as a double-quoted ASCII string with `\xNN` for everything unprintable. */
function quoteBytes(bytes: Uint8Array): string {
  let quoted = '"';
  for (const byte of bytes) {
    quoted += quoteByte(byte);
  }
  return `${quoted}"`;
}

function quoteByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) {
    return `\\${String.fromCharCode(byte)}`;
  }
  if (byte === 0x0d) {
    return "\\r";
  }
  if (byte === 0x0a) {
    return "\\n";
  }
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Text cut to a length that is bearable in a failure message; the length is told. */
export function shorten(text: string, charactersMax: number = SHOWN_BYTES_MAX): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}… (${text.length} characters)`;
}
