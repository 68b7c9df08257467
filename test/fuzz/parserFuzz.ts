import type { Prng } from "../../src/base/prng.ts";
import { Args } from "../../src/core/command/args.ts";
import { PROTOCOL_ERROR, REQUEST, RequestParser } from "../../src/gateway/resp/requestParser.ts";
import { parseChunks } from "./chunkedParse.ts";
import { parseReference } from "./referenceParser.ts";
import { type FuzzBudget, FuzzFailure, InputSource } from "./respFuzz.ts";

const LIMITS = { bulkBytesMax: 512 << 20, authenticated: true };
/** One input in so many is also given to the plain parser that says what is right. */
const REFERENCE_EVERY = 32;
const CLOCK_EVERY = 256;
const HANG_MILLIS = 100;
const args = new Args();

export interface ParserFuzzReport {
  readonly inputs: number;
  readonly requests: number;
  readonly errors: number;
}

/**
 * Feeds drawn streams to the parser, whole and in chunks: both must come to the same requests and the same error, and for some to
 * what the plain parser says. Throws a `FuzzFailure`.
 */
export function fuzzParser({ seed, inputs }: FuzzBudget): ParserFuzzReport {
  const report = { inputs: 0, requests: 0, errors: 0 };
  const source = new InputSource(seed);
  let clock = performance.now();
  for (let index = 0; index < inputs; index++) {
    const { name, bytes, prng } = source.draw(index);
    try {
      const whole = digest(bytes, [bytes.length]);
      const cuts = drawCuts(prng, bytes.length);
      const cut = digest(bytes, cuts);
      if (!isSame(whole, cut)) throw new FuzzFailure("in chunks it comes to something else", name, bytes);
      if (index % REFERENCE_EVERY === 0) compareWithReference(name, bytes, cuts);
      report.inputs++;
      report.requests += whole.requests;
      if (whole.error !== "") report.errors++;
    } catch (error) {
      throw error instanceof FuzzFailure ? error : new FuzzFailure(String((error as Error).stack), name, bytes);
    }
    if (index % CLOCK_EVERY !== 0) continue;
    const now = performance.now();
    if (now - clock > HANG_MILLIS * CLOCK_EVERY) throw new FuzzFailure("the parser hangs near", name, bytes);
    clock = now;
  }
  return report;
}

/** What a stream comes to, in a form that is cheap to make and to compare. */
interface Digest {
  readonly requests: number;
  readonly error: string;
  /** Over all arguments and their lengths. */
  readonly hash: number;
  readonly waitingBytes: number;
}

function isSame(a: Digest, b: Digest): boolean {
  return a.requests === b.requests && a.error === b.error && a.hash === b.hash && a.waitingBytes === b.waitingBytes;
}

/** Parses a stream in chunks that end at `ends`. */
function digest(bytes: Uint8Array, ends: readonly number[]): Digest {
  const parser = new RequestParser(LIMITS);
  let requests = 0;
  let hash = 0x811c9dc5;
  let from = 0;
  for (const to of ends) {
    parser.feed(bytes.subarray(from, to));
    from = to;
    for (;;) {
      const outcome = parser.next(args);
      if (outcome === PROTOCOL_ERROR) return { requests, hash, error: parser.error, waitingBytes: 0 };
      if (outcome !== REQUEST) break;
      requests++;
      hash = hashArguments(hash);
    }
    parser.settle(args);
  }
  return { requests, hash, error: "", waitingBytes: parser.bufferedBytes };
}

function hashArguments(basis: number): number {
  let hash = basis;
  for (let i = 0; i < args.length; i++) {
    const end = args.ends[i]!;
    for (let at = args.starts[i]!; at < end; at++) hash = Math.imul(hash ^ args.bytes[at]!, 0x01000193);
    hash = Math.imul(hash ^ args.byteLength(i), 0x01000193);
  }
  return hash;
}

function drawCuts(prng: Prng, length: number): number[] {
  const ends: number[] = [];
  const stepMax = prng.pick([2, 16, 64, 256]);
  for (let at = prng.below(stepMax + 1); at < length; at += prng.between(1, stepMax)) ends.push(at);
  ends.push(length);
  return ends;
}

function compareWithReference(name: string, bytes: Uint8Array, cuts: readonly number[]): void {
  const { requests, error } = parseChunks(bytes, cuts, LIMITS);
  const expected = parseReference(Buffer.from(bytes).toString("latin1"), LIMITS);
  const [ours, right] = [
    { requests, error },
    { requests: expected.requests, error: expected.error },
  ].map((each) => JSON.stringify(each));
  if (ours !== right) throw new FuzzFailure(`it comes to ${ours}\nand should come to ${right}`, name, bytes);
}
