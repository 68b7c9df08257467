import { ByteWriter } from "../../base/byteWriter.ts";
import { formatDouble } from "../../base/double.ts";

const CR = 13;
const LF = 10;
/** Whole numbers up to this are written without a string in between. */
const SHORT_NUMBER_MAX = 0x7fff_ffff;

/**
 * A reply gets no longer than about this, and one more string: memory for it is not without end. Whoever sends replies must close
 * the connection of a client whose reply has become longer, because it is not whole.
 */
export const REPLY_BYTES_MAX = 1 << 30;

/** Writes replies in RESP2 or RESP3 (Redis documentation, "Redis serialization protocol specification"). */
export class Reply {
  readonly out: ByteWriter;
  /** 2 or 3, as the connection chose with `HELLO`. */
  protocol: 2 | 3 = 2;
  /** How many error replies were written; a caller compares before and after. */
  errors = 0;
  /** Told of every error reply, for statistics. */
  onError: ((text: string) => void) | undefined;

  constructor(out: ByteWriter = new ByteWriter()) {
    this.out = out;
  }

  ok(): void {
    const { out } = this;
    out.ensure(5);
    const { bytes } = out;
    let at = out.length;
    bytes[at++] = 43;
    bytes[at++] = 79;
    bytes[at++] = 75;
    bytes[at++] = CR;
    bytes[at++] = LF;
    out.length = at;
  }

  simple(text: string): void {
    this.#line(43, text);
  }

  /** `text` begins with its code: `ERR …`, `WRONGTYPE …`. Line ends become spaces, the last ones nothing, as in Redis. */
  error(text: string): void {
    this.errors++;
    if (this.onError !== undefined) this.onError(text);
    this.#line(45, text.replace(/[\r\n]+$/, "").replace(/[\r\n]/g, " "));
  }

  integer(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value <= SHORT_NUMBER_MAX) this.#header(58, value);
    else this.#line(58, String(value));
  }

  bool(value: boolean): void {
    if (this.protocol === 3) this.#line(35, value ? "t" : "f");
    else this.integer(value ? 1 : 0);
  }

  /** A bulk string of the bytes of a latin1 string. */
  bulk(text: string): void {
    if (this.#isTooLong) return;
    this.#header(36, text.length);
    this.out.text(text);
    this.#crlf();
  }

  bulkBytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#isTooLong) return;
    this.#header(36, end - start);
    this.out.copy(bytes, start, end);
    this.#crlf();
  }

  bulkOrNull(text: string | undefined): void {
    if (text === undefined) this.null();
    else this.bulk(text);
  }

  /** The null of a bulk string. */
  null(): void {
    this.out.text(this.protocol === 3 ? "_\r\n" : "$-1\r\n");
  }

  /** The null of an array; the same as `null` in RESP3. */
  nullArray(): void {
    this.out.text(this.protocol === 3 ? "_\r\n" : "*-1\r\n");
  }

  array(length: number): void {
    this.#header(42, length);
  }

  /** `pairs` pairs follow: a map in RESP3, a flat array in RESP2. */
  map(pairs: number): void {
    if (this.protocol === 3) this.#header(37, pairs);
    else this.#header(42, pairs * 2);
  }

  set(length: number): void {
    this.#header(this.protocol === 3 ? 126 : 42, length);
  }

  push(length: number): void {
    this.#header(this.protocol === 3 ? 62 : 42, length);
  }

  /** A double: `,1.5` in RESP3, a bulk string of the same text in RESP2. */
  double(value: number): void {
    if (this.protocol === 3) this.#line(44, formatDouble(value));
    else this.bulk(formatDouble(value));
  }

  /** `format` is three letters: `txt` or `mkd`. */
  verbatim(text: string, format = "txt"): void {
    if (this.protocol !== 3) this.bulk(text);
    else {
      this.#header(61, text.length + 4);
      this.out.text(`${format}:${text}`);
      this.#crlf();
    }
  }

  /** An array of bulk strings. */
  bulks(texts: readonly string[]): void {
    this.array(texts.length);
    for (const text of texts) this.bulk(text);
  }

  #crlf(): void {
    const { out } = this;
    out.ensure(2);
    out.bytes[out.length++] = CR;
    out.bytes[out.length++] = LF;
  }

  #line(kind: number, text: string): void {
    if (this.#isTooLong) return;
    this.out.u8(kind);
    this.out.text(text);
    this.#crlf();
  }

  #header(kind: number, value: number): void {
    const { out } = this;
    out.ensure(16);
    const { bytes } = out;
    let at = out.length;
    bytes[at++] = kind;
    if (value < 10) bytes[at++] = 48 + value;
    else at = writeDecimal(bytes, at, value);
    bytes[at++] = CR;
    bytes[at++] = LF;
    out.length = at;
  }

  get #isTooLong(): boolean {
    return this.out.length > REPLY_BYTES_MAX;
  }
}

/** Writes a whole number up to 2^31 - 1; answers where it ends. */
function writeDecimal(bytes: Uint8Array, start: number, value: number): number {
  const end = start + digitsOf(value);
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 100_000_000) return value < 1_000_000 ? (value < 100_000 ? 5 : 6) : value < 10_000_000 ? 7 : 8;
  return value < 1_000_000_000 ? 9 : 10;
}
