import { ByteWriter } from "../../base/byteWriter.ts";

/**
 * A session's row: what was executed in a session on keys of one slot, as bytes. Integers are little-endian:
 *
 *     bytes 0-1    how many answers are remembered
 *     bytes 2-5    where the first of them begins: forgotten ones may be before it
 *     bytes 6-9    where the last of them ends: there may be room behind it
 *     bytes 10-17  first open number, low 32 bits first: nothing below it is remembered, or comes again
 *     bytes 18-25  the greatest number that is remembered; 0: none
 *     bytes 26-    the answers, by number: number (varint), kind (u8), length (varint), body
 */
export const ROW_HEAD_BYTES = 26;
/** A row that is written anew has room for a quarter more, and is a multiple of this. */
const ROOM_BYTES = 32;
/** Answers that a row remembers, at most. */
export const ROW_ANSWERS_MAX = 1_000;
/** The longest body of an answer. */
export const ANSWER_BYTES_MAX = 1_024;
const HIGH = 0x1_0000_0000;
const NOTHING = new Uint8Array(0);

/** Reads a row where it lies. */
export class SessionRow {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  count = 0;
  firstOpen = 1;
  last = 0;
  /** Where the first answer begins. */
  at = 0;
  // Of the answer that `find` came to.
  kind = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** Of the answer that `#read` came to. */
  #number = 0;
  #next = 0;

  /** There is none: nothing was executed. */
  none(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
    this.count = 0;
    this.firstOpen = 1;
    this.last = 0;
    this.at = 0;
  }

  load(bytes: Uint8Array, start: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = start + u32(bytes, start + 6);
    this.count = bytes[start]! | (bytes[start + 1]! << 8);
    this.at = start + u32(bytes, start + 2);
    this.firstOpen = u64(bytes, start + 10);
    this.last = u64(bytes, start + 18);
  }

  /** Whether the number's answer is remembered; then `kind` and the body's place are set. */
  find(number: number): boolean {
    if (number > this.last || number < this.firstOpen) return false;
    for (let at = this.at; at < this.end; at = this.#next) {
      this.#read(at);
      if (this.#number === number) return true;
      if (this.#number > number) return false;
    }
    return false;
  }

  /** Forgets answers below `firstOpen`: of what is read here, not of the bytes. */
  forgetBelow(firstOpen: number): void {
    if (firstOpen <= this.firstOpen) return;
    this.firstOpen = firstOpen;
    for (; this.at < this.end; this.at = this.#next, this.count--) {
      this.#read(this.at);
      if (this.#number >= firstOpen) return;
    }
    this.last = 0;
  }

  /** Where the first answer is, from `at` on, whose number is at least `number`. */
  placeOf(number: number, from: number): number {
    let at = from;
    for (; at < this.end; at = this.#next) {
      this.#read(at);
      if (this.#number >= number) break;
    }
    return at;
  }

  /** Whether the answer at `at` has this number. */
  isAt(at: number, number: number): boolean {
    if (at >= this.end) return false;
    this.#read(at);
    return this.#number === number;
  }

  #read(at: number): void {
    const { bytes } = this;
    let place = at;
    let byte = bytes[place++]!;
    let number = byte & 127;
    for (let scale = 128; byte > 127; scale *= 128) {
      byte = bytes[place++]!;
      number += (byte & 127) * scale;
    }
    this.#number = number;
    this.kind = bytes[place++]!;
    byte = bytes[place++]!;
    let length = byte & 127;
    if (byte > 127) length |= bytes[place++]! << 7;
    this.bodyStart = place;
    this.bodyEnd = place + length;
    this.#next = this.bodyEnd;
  }
}

/** Writes rows: what was in one, and answers that come to it. */
export class SessionRowWriter {
  readonly out = new ByteWriter(512);
  #row = new SessionRow();
  #from = 0;
  #count = 0;
  #last = 0;

  /** Of `row`, without what it has forgotten. It is used until `end`. */
  begin(row: SessionRow): void {
    this.out.reset(ROW_HEAD_BYTES);
    this.#row = row;
    this.#from = row.at;
    this.#count = row.count;
    this.#last = row.last;
  }

  /** An answer as it stands in the log, `bytes[start, end)`; numbers ascend. One that is there already stays. Whether it was new. */
  add(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const row = this.#row;
    if (number < row.firstOpen) return false;
    const place = number > row.last ? row.end : row.placeOf(number, this.#from);
    if (place > this.#from) this.out.copy(row.bytes, this.#from, place);
    this.#from = place;
    if (row.isAt(place, number)) return false;
    this.out.copy(bytes, start, end);
    this.#count++;
    if (number > this.#last) this.#last = number;
    return true;
  }

  /** The row is in `out`. */
  end(): void {
    const row = this.#row;
    const { out } = this;
    if (row.end > this.#from) out.copy(row.bytes, this.#from, row.end);
    const { length } = out;
    const room = Math.ceil(((length - ROW_HEAD_BYTES) * 1.25 + ROW_HEAD_BYTES) / ROOM_BYTES) * ROOM_BYTES;
    out.ensure(room - length);
    out.bytes.fill(0, length, room);
    out.length = room;
    writeRowHead(out.bytes, 0, this.#count, ROW_HEAD_BYTES, length, row.firstOpen, this.#last);
  }
}

/** The head of the row that begins at `at`; the answers are `[firstAt, end)` of the row. */
export function writeRowHead(
  bytes: Uint8Array,
  at: number,
  count: number,
  firstAt: number,
  end: number,
  firstOpen: number,
  last: number,
): void {
  bytes[at] = count;
  bytes[at + 1] = count >>> 8;
  setU32(bytes, at + 2, firstAt);
  setU32(bytes, at + 6, end);
  setU64(bytes, at + 10, firstOpen);
  setU64(bytes, at + 18, last);
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function u64(bytes: Uint8Array, at: number): number {
  const high = u32(bytes, at + 4);
  return high === 0 ? u32(bytes, at) : u32(bytes, at) + high * HIGH;
}

function setU64(bytes: Uint8Array, at: number, value: number): void {
  setU32(bytes, at, value);
  setU32(bytes, at + 4, value < HIGH ? 0 : Math.floor(value / HIGH));
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
