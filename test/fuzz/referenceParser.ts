import { constants } from "node:buffer";
import { splitInline } from "../../src/gateway/resp/inlineRequest.ts";

/** What a stream of bytes (latin1) comes to. */
export interface ParsedStream {
  readonly requests: readonly (readonly string[])[];
  /** Text of the protocol error that ended the stream, if one did. */
  readonly error: string | undefined;
}

export interface ReferenceLimits {
  readonly bulkBytesMax: number;
  readonly authenticated: boolean;
}

const LINE_BYTES_MAX = 65_536;
const WAITS = Symbol("waits for more");

/**
 * The rules of Redis's request parser (`processInputBuffer` of 7.0), written as plainly as possible over a whole stream: what the
 * real parser must make of it however it is cut into chunks. Only an argument that no string could hold is refused before Redis would.
 */
export function parseReference(stream: string, limits: ReferenceLimits): ParsedStream {
  const requests: string[][] = [];
  let at = 0;
  try {
    while (at < stream.length) {
      const [request, next] = stream[at] === "*" ? readArray(stream, at, limits) : readInline(stream, at);
      if (request.length > 0) requests.push(request);
      at = next;
    }
  } catch (reason) {
    if (reason === WAITS) return { requests, error: undefined };
    if (reason instanceof ProtocolError) return { requests, error: `Protocol error: ${reason.message}` };
    throw reason;
  }
  return { requests, error: undefined };
}

class ProtocolError extends Error {}

function readInline(stream: string, at: number): [string[], number] {
  const end = lineEnd(stream, at, "\n", "too big inline request");
  const line = stream.slice(at, end);
  const words = splitInline(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (words === undefined) throw new ProtocolError("unbalanced quotes in request");
  return [words, end + 1];
}

function readArray(stream: string, start: number, limits: ReferenceLimits): [string[], number] {
  const end = headerEnd(stream, start, "too big mbulk count string");
  const count = parseNumber(stream.slice(start + 1, end));
  if (count === undefined || count > 2_147_483_647n) throw new ProtocolError("invalid multibulk length");
  if (count > 10n && !limits.authenticated) throw new ProtocolError("unauthenticated multibulk length");
  const request: string[] = [];
  let at = end + 2;
  for (let left = count; left > 0n; left--) {
    const [argument, next] = readBulk(stream, at, limits);
    request.push(argument);
    at = next;
  }
  return [request, at];
}

function readBulk(stream: string, start: number, limits: ReferenceLimits): [string, number] {
  const end = headerEnd(stream, start, "too big bulk count string");
  if (stream[start] !== "$") throw new ProtocolError(`expected '$', got '${stream[start]}'`);
  const length = parseNumber(stream.slice(start + 1, end));
  if (
    length === undefined ||
    length < 0n ||
    length > BigInt(Math.min(limits.bulkBytesMax, constants.MAX_STRING_LENGTH))
  ) {
    throw new ProtocolError("invalid bulk length");
  }
  if (length > 16_384n && !limits.authenticated) throw new ProtocolError("unauthenticated bulk length");
  const from = end + 2;
  const to = from + Number(length);
  if (to + 2 > stream.length) throw WAITS;
  return [stream.slice(from, to), to + 2];
}

/** A header ends with CR and any byte. */
function headerEnd(stream: string, at: number, tooLong: string): number {
  const end = lineEnd(stream, at, "\r", tooLong);
  if (end + 1 === stream.length) throw WAITS;
  return end;
}

function lineEnd(stream: string, at: number, last: string, tooLong: string): number {
  const line = stream.slice(at, at + LINE_BYTES_MAX + 1).split("\0")[0]!;
  const length = line.indexOf(last);
  if (length >= 0) return at + length;
  if (stream.length - at > LINE_BYTES_MAX) throw new ProtocolError(tooLong);
  throw WAITS;
}

function parseNumber(text: string): bigint | undefined {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}
