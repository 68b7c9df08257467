import { constants } from "node:buffer";
import { decodeLatin1 } from "../../base/latin1.ts";
import type { Args } from "../../core/command/args.ts";
import { parseInteger } from "../../core/command/numbers.ts";
import { splitInline } from "./inlineRequest.ts";

export const REQUEST = 1;
export const INCOMPLETE = 2;
export const PROTOCOL_ERROR = 3;
export type ParseOutcome = typeof REQUEST | typeof INCOMPLETE | typeof PROTOCOL_ERROR;
/** Inside the parser: the arguments of a request follow. */
const ARGUMENTS = 4;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const NINE = 57;
/** Redis's limits: a line without its end, arguments of a request, and what may come before the password is given. */
const LINE_BYTES_MAX = 64 * 1024;
const ARGUMENTS_MAX = 0x7fff_ffff;
/** An argument must fit into a string: that is 24 bytes less than Redis's default of 512 MiB. */
const BULK_BYTES_MAX = constants.MAX_STRING_LENGTH;
const UNAUTHENTICATED_ARGUMENTS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;

/** What a line may come to instead of the number that it holds. */
const WAITING = -1;
const TOO_LONG = -2;
const NO_NUMBER = -3;
const NEGATIVE = -4;
/** Numbers of so many digits are exact, and far above every limit. */
const SHORT_DIGITS_MAX = 15;

const OWN_BYTES_MIN = 512;
/** A buffer larger than this is given back when little is in it. */
const OWN_BYTES_KEPT_MAX = 64 * 1024;
const NO_BYTES = new Uint8Array(0);

export interface RequestLimits {
  /** Redis's `proto-max-bulk-len`; asked only for arguments above 16 KiB. */
  readonly bulkBytesMax: number;
  readonly authenticated: boolean;
}

/**
 * Cuts a connection's bytes into requests (Redis documentation, "Redis serialization protocol specification": arrays of bulk
 * strings, and inline commands). It works inside the chunk that the socket gave and copies only a request that is not whole
 * yet; memory grows with what was received, never with what was announced. What is a request, what is an error and what
 * waits for more is as in Redis 7.0 (`networking.c`), except that it never depends on how the stream was cut into chunks.
 *
 * In every turn: `feed` a chunk, call `next` until it is not `REQUEST`, then `settle`.
 */
export class RequestParser {
  /** After `PROTOCOL_ERROR`: the text for the client, without its `ERR`. Nothing can be parsed behind an error. */
  error = "";
  readonly #limits: RequestLimits;
  #bytes: Uint8Array = NO_BYTES;
  #own: Uint8Array = NO_BYTES;
  /** Where the present request began, how far its parsing has come, and where the bytes end. */
  #start = 0;
  #at = 0;
  #end = 0;
  #argumentsLeft = 0;
  /** Length of the argument at hand; -1 when it has not been read. */
  #bulkBytes = -1;
  /** So many bytes from `#at` on are known to hold no end of the line. */
  #searched = 0;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait to be parsed, or to become whole. */
  get bufferedBytes(): number {
    return this.#end - this.#start;
  }

  /** Room that the connection's own buffer has beyond what is in it. */
  get freeBytes(): number {
    return this.#bytes === this.#own ? this.#own.length - this.#end : this.#own.length;
  }

  /** Takes the next `length` bytes of the stream. `chunk` may be referred to until `settle`. */
  feed(chunk: Uint8Array, length = chunk.length): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#at = 0;
      this.#end = length;
      return;
    }
    const needed = this.#end + length;
    if (needed > this.#own.length) this.#growOwn(needed);
    this.#own.set(length === chunk.length ? chunk : chunk.subarray(0, length), this.#end);
    this.#end = needed;
  }

  /** Doubles, so that growth costs a constant per byte; but little beyond the end of the argument that is arriving. */
  #growOwn(needed: number): void {
    const bulkEnd = this.#bulkBytes < 0 ? 0 : this.#at + this.#bulkBytes + 2;
    const room = Math.max(OWN_BYTES_MIN, needed + (needed >>> 2), Math.min(needed * 2, bulkEnd));
    const larger = new Uint8Array(room);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#own = larger;
    this.#bytes = larger;
  }

  /** Ends the use of the last chunk: what is left of it moves to the connection's own buffer. `args` is the request begun. */
  settle(args: Args): void {
    if (this.#start === this.#end) {
      this.#bytes = NO_BYTES;
      this.#start = this.#at = this.#end = 0;
      args.forget();
      if (this.#own.length > OWN_BYTES_KEPT_MAX) this.#own = NO_BYTES;
      return;
    }
    const length = this.#end - this.#start;
    // What was parsed in the own buffer is overwritten only when it is more than what has to be moved for that.
    if (this.#bytes === this.#own && this.#start < length) return;
    this.#moveToOwn(length);
    if (this.#argumentsLeft > 0) args.move(this.#own, -this.#start);
    else args.forget();
    this.#at -= this.#start;
    this.#start = 0;
    this.#end = length;
  }

  #moveToOwn(length: number): void {
    const { length: room } = this.#own;
    const left = this.#bytes.subarray(this.#start, this.#end);
    if (room < length || (room > OWN_BYTES_KEPT_MAX && length < room >>> 2)) {
      this.#own = new Uint8Array(Math.max(OWN_BYTES_MIN, length * 2));
    }
    this.#own.set(left);
    this.#bytes = this.#own;
  }

  /** The next request into `args`, which must be left alone while the outcome is `INCOMPLETE`. */
  next(args: Args): ParseOutcome {
    if (this.#argumentsLeft === 0) {
      const outcome = this.#begin(args);
      if (outcome !== ARGUMENTS) return outcome;
    }
    args.bytes = this.#bytes;
    return this.#arguments(args);
  }

  /** Reads what stands before the arguments: an array's header. Inline commands are read whole, empty requests skipped. */
  #begin(args: Args): ParseOutcome | typeof ARGUMENTS {
    args.clear(this.#bytes);
    for (;;) {
      this.#start = this.#at;
      if (this.#at === this.#end) return INCOMPLETE;
      if (this.#bytes[this.#at] !== STAR) {
        const outcome = this.#inline(args);
        if (outcome !== REQUEST || args.length > 0) return outcome;
        continue;
      }
      const count = this.#number();
      if (count === 0 || count === NEGATIVE) continue;
      if (count < 0) return this.#stop(count, "too big mbulk count string", "invalid multibulk length");
      if (count > ARGUMENTS_MAX) return this.#fail("invalid multibulk length");
      if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.#limits.authenticated) {
        return this.#fail("unauthenticated multibulk length");
      }
      this.#argumentsLeft = count;
      return ARGUMENTS;
    }
  }

  #arguments(args: Args): ParseOutcome {
    while (this.#argumentsLeft > 0) {
      if (this.#bulkBytes < 0) {
        if (this.#at === this.#end) return INCOMPLETE;
        if (this.#bytes[this.#at] !== DOLLAR) return this.#wrongKind();
        const length = this.#number();
        if (length < 0) return this.#stop(length, "too big bulk count string", "invalid bulk length");
        if (length > UNAUTHENTICATED_BULK_BYTES_MAX) {
          if (length > this.#limits.bulkBytesMax || length > BULK_BYTES_MAX) return this.#fail("invalid bulk length");
          if (!this.#limits.authenticated) return this.#fail("unauthenticated bulk length");
        }
        this.#bulkBytes = length;
      }
      const end = this.#at + this.#bulkBytes;
      // Redis does not look at the two bytes behind an argument either.
      if (end + 2 > this.#end) return INCOMPLETE;
      args.add(this.#at, end);
      this.#at = end + 2;
      this.#bulkBytes = -1;
      this.#argumentsLeft--;
    }
    this.#start = this.#at;
    return REQUEST;
  }

  /** The number of the line at hand, whose first byte was looked at; or a negative code. */
  #number(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const first = this.#at + 1;
    let at = first;
    let value = 0;
    // The usual case: a few digits without leading zeros, CR LF.
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) break;
      value = value * 10 + byte - ZERO;
    }
    const digits = at - first;
    const isShort = digits > 0 && digits <= SHORT_DIGITS_MAX && at + 1 < end && bytes[at] === CR;
    if (!isShort || (bytes[first] === ZERO && digits > 1)) return this.#oddNumber();
    this.#at = at + 2;
    this.#searched = 0;
    return value;
  }

  /** Lines that are not whole, or not a few plain digits. */
  #oddNumber(): number {
    const cr = this.#lineEnd(CR);
    if (cr < 0) return cr;
    // Whatever stands behind the CR is taken for the LF, as in Redis.
    if (cr + 1 === this.#end) return WAITING;
    const value = cr - this.#at > 32 ? undefined : parseInteger(decodeLatin1(this.#bytes, this.#at + 1, cr));
    if (value === undefined) return NO_NUMBER;
    this.#at = cr + 2;
    this.#searched = 0;
    return value < 0n ? NEGATIVE : Number(value);
  }

  /** An argument that does not begin with `$`: an error once its line is there. */
  #wrongKind(): ParseOutcome {
    const cr = this.#lineEnd(CR);
    if (cr < 0) return this.#stop(cr, "too big bulk count string", "");
    if (cr + 1 === this.#end) return INCOMPLETE;
    return this.#fail(`expected '$', got '${String.fromCharCode(this.#bytes[this.#at]!)}'`);
  }

  /**
   * Where the byte that ends the line is. A line that is too long, or has a zero byte in it, is one that never ends: Redis
   * searches with C's string functions.
   */
  #lineEnd(last: number): number {
    const bytes = this.#bytes;
    const line = this.#at;
    const end = Math.min(this.#end, line + LINE_BYTES_MAX + 1);
    let at = line + this.#searched;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === last) return at;
      if (byte === 0) break;
    }
    this.#searched = at - line;
    return this.#end - line > LINE_BYTES_MAX ? TOO_LONG : WAITING;
  }

  #stop(code: number, tooLong: string, wrong: string): ParseOutcome {
    if (code === WAITING) return INCOMPLETE;
    return this.#fail(code === TOO_LONG ? tooLong : wrong);
  }

  #inline(args: Args): ParseOutcome {
    const lf = this.#lineEnd(LF);
    if (lf < 0) return this.#stop(lf, "too big inline request", "");
    const end = lf > this.#at && this.#bytes[lf - 1] === CR ? lf - 1 : lf;
    const words = splitInline(decodeLatin1(this.#bytes, this.#at, end));
    if (words === undefined) return this.#fail("unbalanced quotes in request");
    this.#at = lf + 1;
    this.#start = this.#at;
    this.#searched = 0;
    if (words.length > 0) args.set(words);
    return REQUEST;
  }

  #fail(text: string): ParseOutcome {
    this.error = `Protocol error: ${text}`;
    this.#start = this.#at = this.#end;
    this.#argumentsLeft = 0;
    this.#bulkBytes = -1;
    this.#searched = 0;
    return PROTOCOL_ERROR;
  }
}
