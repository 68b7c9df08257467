import { decodeLatin1, encodeLatin1 } from "../../base/latin1.ts";

const NO_BYTES = new Uint8Array(0);
const PLACES_MIN = 16;
/** Room for places of so many arguments is kept from one request to the next. */
const PLACES_KEPT_MAX = 4096;

/**
 * One request as the parser found it: where each argument starts and ends in a run of bytes that belongs to the
 * connection. It is filled anew for every request; what must outlive the request takes `retain()`.
 */
export class Args {
  bytes: Uint8Array = NO_BYTES;
  starts: Int32Array = new Int32Array(PLACES_MIN);
  ends: Int32Array = new Int32Array(PLACES_MIN);
  /** How many arguments there are, the command's name included. */
  length = 0;

  static of(...texts: readonly string[]): Args {
    const args = new Args();
    args.set(texts);
    return args;
  }

  clear(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.length = 0;
  }

  /** Becomes the arguments `texts` (latin1), in bytes of their own. */
  set(texts: readonly string[]): void {
    this.clear(new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0)));
    let at = 0;
    for (const text of texts) {
      encodeLatin1(text, this.bytes, at);
      this.add(at, at + text.length);
      at += text.length;
    }
  }

  /** The bytes have been copied to other ones, `by` bytes further on. */
  move(bytes: Uint8Array, by: number): void {
    this.bytes = bytes;
    for (let i = 0; i < this.length; i++) {
      this.starts[i]! += by;
      this.ends[i]! += by;
    }
  }

  /** Holds on to no memory of the last request. */
  forget(): void {
    this.bytes = NO_BYTES;
    this.length = 0;
    if (this.starts.length <= PLACES_KEPT_MAX) return;
    this.starts = new Int32Array(PLACES_MIN);
    this.ends = new Int32Array(PLACES_MIN);
  }

  add(start: number, end: number): void {
    if (this.length === this.starts.length) this.#grow();
    this.starts[this.length] = start;
    this.ends[this.length++] = end;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }

  /** Argument `i` as a latin1 string: one char a byte. */
  text(i: number): string {
    return decodeLatin1(this.bytes, this.starts[i]!, this.ends[i]!);
  }

  /** Arguments `from` to the end, or to before `to`, every `step`-th. */
  texts(from: number, to = this.length, step = 1): string[] {
    const texts: string[] = [];
    for (let i = from; i < to; i += step) texts.push(this.text(i));
    return texts;
  }

  byteLength(i: number): number {
    return this.ends[i]! - this.starts[i]!;
  }

  /** A view of argument `i`, valid as long as the request. */
  view(i: number): Uint8Array {
    return this.bytes.subarray(this.starts[i]!, this.ends[i]!);
  }

  /** Whether argument `i` is `word`, given in lower case, in any case: how Redis compares option names. */
  is(i: number, word: string): boolean {
    const start = this.starts[i]!;
    if (this.ends[i]! - start !== word.length) return false;
    for (let j = 0; j < word.length; j++) {
      const byte = this.bytes[start + j]!;
      if ((byte >= 65 && byte <= 90 ? byte + 32 : byte) !== word.charCodeAt(j)) return false;
    }
    return true;
  }

  /** A copy with bytes of its own, for a queued or parked request. */
  retain(): Args {
    const copy = new Args();
    const first = this.length === 0 ? 0 : this.starts[0]!;
    const last = this.length === 0 ? 0 : this.ends[this.length - 1]!;
    // `slice` of a Node Buffer would be a view, and keep the whole chunk alive.
    copy.bytes = Uint8Array.prototype.slice.call(this.bytes, first, last);
    copy.starts = new Int32Array(this.length);
    copy.ends = new Int32Array(this.length);
    copy.length = this.length;
    for (let i = 0; i < this.length; i++) {
      copy.starts[i] = this.starts[i]! - first;
      copy.ends[i] = this.ends[i]! - first;
    }
    return copy;
  }

  /** Bytes from the first argument to the last: what the request weighs. */
  get payloadBytes(): number {
    return this.length === 0 ? 0 : this.ends[this.length - 1]! - this.starts[0]!;
  }
}
