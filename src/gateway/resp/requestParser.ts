import { decodeLatin1 } from "../../base/latin1.ts";
import type { Args } from "../../core/command/args.ts";
import { splitInline } from "./inlineRequest.ts";

export const REQUEST = 1;
export const INCOMPLETE = 2;
export const PROTOCOL_ERROR = 3;
export type ParseOutcome = typeof REQUEST | typeof INCOMPLETE | typeof PROTOCOL_ERROR;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
/** Redis's limits: a line, arguments of a request, and what somebody may send who has not given the password yet. */
const LINE_BYTES_MAX = 64 * 1024;
const ARGUMENTS_MAX = 0x7fff_ffff;
const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;
const OWN_BYTES_MIN = 4 * 1024;
/** A buffer this large is given back when it is empty. */
const OWN_BYTES_KEPT_MAX = 256 * 1024;
const NO_BYTES = new Uint8Array(0);
const NO_LINE = -1;
const BAD_NUMBER = Number.NaN;

export interface RequestLimits {
  bulkBytesMax: number;
  authenticated: boolean;
}

/**
 * Cuts a connection's bytes into requests (Redis documentation, "Redis serialization protocol specification": arrays of bulk
 * strings, and inline commands). It works inside the chunk that the socket gave and copies only a request that is not whole
 * yet; memory grows with what was received, never with what was announced.
 */
export class RequestParser {
  /** After `PROTOCOL_ERROR`: the text for the client, without its `ERR`. */
  error = "";
  readonly #limits: RequestLimits;
  #bytes: Uint8Array = NO_BYTES;
  #own: Uint8Array = NO_BYTES;
  #at = 0;
  #end = 0;
  /** Where the present request began, and how far its parsing has come. */
  #start = 0;
  #argumentsLeft = 0;
  #bulkBytes = -1;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait to be parsed, or to become whole. */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  /** Bytes that the connection's own buffer has beyond what is in it. */
  get freeBytes(): number {
    return this.#bytes === this.#own ? this.#own.length - this.#end : this.#own.length;
  }

  /** Takes the next piece of the stream. It may be referred to until `settle`. */
  feed(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#at = 0;
      this.#end = chunk.length;
      return;
    }
    const needed = this.#end + chunk.length;
    if (needed > this.#own.length) this.#growOwn(needed);
    this.#own.set(chunk, this.#end);
    this.#end = needed;
  }

  /** Ends the use of the last chunk: what is left of it moves to the connection's own buffer. `args` is the request begun. */
  settle(args: Args): void {
    if (this.#start === this.#end) {
      this.#bytes = NO_BYTES;
      this.#start = this.#at = this.#end = 0;
      if (this.#own.length > OWN_BYTES_KEPT_MAX) this.#own = NO_BYTES;
      return;
    }
    if (this.#bytes === this.#own && this.#start < this.#own.length >>> 1) return;
    const length = this.#end - this.#start;
    const from = this.#bytes;
    const shift = this.#start;
    if (from !== this.#own && this.#own.length < length) this.#own = new Uint8Array(roomFor(length));
    if (from === this.#own) this.#own.copyWithin(0, shift, this.#end);
    else this.#own.set(from.subarray(shift, this.#end));
    for (let i = 0; i < args.length; i++) {
      args.starts[i]! -= shift;
      args.ends[i]! -= shift;
    }
    this.#bytes = this.#own;
    this.#at -= shift;
    this.#start = 0;
    this.#end = length;
  }

  #growOwn(needed: number): void {
    const larger = new Uint8Array(roomFor(needed));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#own = larger;
    this.#bytes = larger;
  }

  /** The next request into `args`, which must be left alone while the outcome is `INCOMPLETE`. */
  next(args: Args): ParseOutcome {
    for (;;) {
      if (this.#argumentsLeft === 0) {
        this.#start = this.#at;
        if (this.#at === this.#end) return INCOMPLETE;
        args.clear(this.#bytes);
        if (this.#bytes[this.#at] !== STAR) {
          const outcome = this.#inline(args);
          if (outcome !== REQUEST || args.length > 0) return outcome;
          continue;
        }
        const count = this.#line();
        if (count === NO_LINE) return this.#incompleteLine("too big mbulk count string");
        if (Number.isNaN(count) || count > ARGUMENTS_MAX) return this.#fail("invalid multibulk length");
        if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.#limits.authenticated) {
          return this.#fail("unauthenticated multibulk length");
        }
        if (count <= 0) {
          this.#start = this.#at;
          continue;
        }
        this.#argumentsLeft = count;
      }
      args.bytes = this.#bytes;
      return this.#bulks(args);
    }
  }

  #bulks(args: Args): ParseOutcome {
    const bytes = this.#bytes;
    while (this.#argumentsLeft > 0) {
      if (this.#bulkBytes < 0) {
        if (this.#at === this.#end) return INCOMPLETE;
        const kind = bytes[this.#at]!;
        if (kind !== DOLLAR) {
          if (this.#findLf() < 0) return this.#incompleteLine("too big bulk count string");
          return this.#fail(`expected '$', got '${String.fromCharCode(kind)}'`);
        }
        const length = this.#line();
        if (length === NO_LINE) return this.#incompleteLine("too big bulk count string");
        if (Number.isNaN(length) || length < 0 || length > this.#limits.bulkBytesMax)
          return this.#fail("invalid bulk length");
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.#limits.authenticated) {
          return this.#fail("unauthenticated bulk length");
        }
        this.#bulkBytes = length;
      }
      const end = this.#at + this.#bulkBytes;
      if (end + 2 > this.#end) return INCOMPLETE;
      args.add(this.#at, end);
      this.#at = end + 2;
      this.#bulkBytes = -1;
      this.#argumentsLeft--;
    }
    this.#start = this.#at;
    return REQUEST;
  }

  /** The integer of the line at hand, whose first byte was looked at; `NO_LINE` when its end is not there, NaN when it is none. */
  #line(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at + 1;
    let value = 0;
    // The usual case: a few digits, then CR LF.
    while (at < end) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at + 1 >= end) return this.#findLf() < 0 || bytes[end - 1] !== LF ? NO_LINE : BAD_NUMBER;
    if (bytes[at] === CR && at > this.#at + 1 && bytes[this.#at + 1] !== 48 && at - this.#at < 17) {
      this.#at = at + 2;
      return value;
    }
    return this.#oddLine();
  }

  /** Lines that are not plain digits: negative numbers, zero, nonsense. */
  #oddLine(): number {
    const bytes = this.#bytes;
    let cr = this.#at + 1;
    while (cr < this.#end && bytes[cr] !== CR) cr++;
    if (cr + 1 >= this.#end) return NO_LINE;
    const text = decodeLatin1(bytes, this.#at + 1, cr);
    if (!/^(0|-?[1-9][0-9]{0,17})$/.test(text)) return BAD_NUMBER;
    this.#at = cr + 2;
    const value = Number(text);
    // Any negative number means an empty request or a bad bulk; `NO_LINE` is -1, so tell them apart.
    return value < 0 ? -2 : value;
  }

  #findLf(): number {
    const end = Math.min(this.#end, this.#at + LINE_BYTES_MAX + 1);
    for (let at = this.#at; at < end; at++) if (this.#bytes[at] === LF) return at;
    return -1;
  }

  #incompleteLine(tooBig: string): ParseOutcome {
    return this.#end - this.#at > LINE_BYTES_MAX ? this.#fail(tooBig) : INCOMPLETE;
  }

  #inline(args: Args): ParseOutcome {
    const lf = this.#findLf();
    if (lf < 0) return this.#incompleteLine("too big inline request");
    const lineEnd = lf > this.#at && this.#bytes[lf - 1] === CR ? lf - 1 : lf;
    const words = splitInline(decodeLatin1(this.#bytes, this.#at, lineEnd));
    if (words === undefined) return this.#fail("unbalanced quotes in request");
    this.#at = lf + 1;
    this.#start = this.#at;
    const total = words.reduce((sum, word) => sum + word.length, 0);
    const bytes = new Uint8Array(total);
    args.clear(bytes);
    let at = 0;
    for (const word of words) {
      for (let i = 0; i < word.length; i++) bytes[at + i] = word.charCodeAt(i);
      args.add(at, at + word.length);
      at += word.length;
    }
    return REQUEST;
  }

  #fail(text: string): ParseOutcome {
    this.error = `Protocol error: ${text}`;
    this.#start = this.#at = this.#end;
    this.#argumentsLeft = 0;
    this.#bulkBytes = -1;
    return PROTOCOL_ERROR;
  }
}

function roomFor(bytes: number): number {
  return bytes < OWN_BYTES_MIN ? OWN_BYTES_MIN : bytes < 1 << 26 ? bytes * 2 : bytes + (1 << 26);
}
