/** Answers of `ReplyScanner.next` in place of a position. */
export const MORE = -1;
export const BROKEN = -2;

/** Lines hold numbers, words and errors. */
const LINE_BYTES_MAX = 1 << 20;
const BULK_BYTES_MAX = 2 ** 31;
/** Elements of all levels that one reply may still announce. */
const ELEMENTS_MAX = 2 ** 32;

const LF = 10;
const KIND_TEXT = 1;
const KIND_BULK = 2;
const KIND_ELEMENTS = 3;
const KIND_PAIRS = 4;
const KIND_ATTRIBUTE = 5;
const KINDS = kindsOf({
  "+-:_,#(": KIND_TEXT,
  "$!=": KIND_BULK,
  "*~>": KIND_ELEMENTS,
  "%": KIND_PAIRS,
  "|": KIND_ATTRIBUTE,
});

function kindsOf(chars: { readonly [chars: string]: number }): Uint8Array {
  const kinds = new Uint8Array(256);
  for (const [group, kind] of Object.entries(chars)) for (const char of group) kinds[char.charCodeAt(0)] = kind;
  return kinds;
}

/**
 * Finds the ends of replies (RESP2 and RESP3) in bytes that come cut anywhere. It keeps nothing of them and decodes nothing but
 * lengths. Streamed strings and aggregates of unknown length, which no node sends, count as broken.
 */
export class ReplyScanner {
  /** Values of the present reply that are still to come, on all levels together: the levels themselves do not matter. */
  #values = 1;
  /** Bytes of a bulk string, its line end included, that are still to come. */
  #bulkBytes = 0;
  /** Of the line that has begun; 0 before a line. */
  #kind = 0;
  #lineBytes = 0;
  #number = 0;
  #isNegative = false;

  /** Where the reply that has begun, here or before, ends in `bytes`; `MORE` when it goes on behind `end`; or `BROKEN`. */
  next(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#bulkBytes > 0) {
        const taken = Math.min(this.#bulkBytes, end - at);
        at += taken;
        this.#bulkBytes -= taken;
        if (this.#bulkBytes === 0 && this.#valueOver()) return at;
        continue;
      }
      if (this.#kind === 0) {
        this.#kind = KINDS[bytes[at++]!]!;
        if (this.#kind === 0) return BROKEN;
        continue;
      }
      const lineStart = at;
      at = this.#kind === KIND_TEXT ? skipLine(bytes, at, end) : this.#readNumber(bytes, at, end);
      if (at === BROKEN) return BROKEN;
      this.#lineBytes += at - lineStart;
      if (this.#lineBytes > LINE_BYTES_MAX) return BROKEN;
      if (bytes[at - 1] !== LF) continue;
      const isBroken = !this.#lineOver();
      if (isBroken) return BROKEN;
      if (this.#values === 0) {
        this.#values = 1;
        return at;
      }
    }
    return MORE;
  }

  /** Reads digits up to the end of the line, or of what there is. */
  #readNumber(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at++]!;
      if (byte === LF) return at;
      if (byte >= 48 && byte <= 57) this.#number = this.#number * 10 + (byte - 48);
      else if (byte === 45 && this.#number === 0) this.#isNegative = true;
      else if (byte !== 13) return BROKEN;
    }
    return at;
  }

  /** The line is whole: false when it says what cannot be. */
  #lineOver(): boolean {
    const kind = this.#kind;
    const number = this.#number;
    const isNull = this.#isNegative;
    this.#kind = 0;
    this.#lineBytes = 0;
    this.#number = 0;
    this.#isNegative = false;
    if (kind === KIND_TEXT || isNull) this.#values--;
    else if (kind === KIND_BULK) {
      if (number > BULK_BYTES_MAX) return false;
      this.#bulkBytes = number + 2;
    } else {
      if (number > ELEMENTS_MAX) return false;
      // An attribute comes before the value that it describes.
      this.#values += kind === KIND_ATTRIBUTE ? 2 * number : kind === KIND_PAIRS ? 2 * number - 1 : number - 1;
    }
    return this.#values <= ELEMENTS_MAX;
  }

  #valueOver(): boolean {
    if (--this.#values > 0) return false;
    this.#values = 1;
    return true;
  }
}

/** Behind the line's end, or where there is no more. */
function skipLine(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) if (bytes[at++] === LF) return at;
  return at;
}
