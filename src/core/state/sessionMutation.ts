import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import type { ByteWriter } from "../../base/byteWriter.ts";
import { copyBytes } from "../../base/copyBytes.ts";
import { ANSWER_BYTES_MAX } from "./sessionRow.ts";

/** More than a row ever has, and no more than its head can say. */
const COUNT_MAX = 0xffff;
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const HIGH = 0x1_0000_0000;
const VARINT_BYTES_MAX = 8;

/** What a `MUTATION_SESSION` says behind its key. */
export class SessionMutation {
  expireAt = 0;
  firstOpen = 1;
  count = 0;
  /** The number of the first answer. */
  first = 0;
  /** Of the answers, in the reader's bytes. */
  start = 0;
  end = 0;

  /** The answers, which were checked. */
  *each(bytes: Uint8Array): Generator<{ readonly number: number; readonly start: number; readonly end: number }> {
    const reader = new ByteReader(bytes, this.start, this.end);
    while (reader.remaining > 0) {
      const start = reader.at;
      const number = reader.varint();
      reader.u8();
      reader.take(reader.varint());
      yield { number, start, end: reader.at };
    }
  }

  /** Reads it to its end and sees to it that it can be applied. Throws `MalformedBytes`. */
  read(reader: ByteReader): this {
    this.expireAt = reader.u48();
    this.firstOpen = numberOf(reader);
    this.count = reader.varint();
    this.start = reader.at;
    let before = 0;
    for (let left = this.count; left > 0; left--) {
      const number = numberOf(reader);
      if (number <= before) throw new MalformedBytes("answers of a session are not in the order of their numbers");
      if (before === 0) this.first = number;
      before = number;
      reader.u8();
      const length = reader.varint();
      if (length > ANSWER_BYTES_MAX) throw new MalformedBytes(`an answer of ${length} bytes is remembered`);
      reader.take(length);
    }
    this.end = reader.at;
    if (this.expireAt === 0) throw new MalformedBytes("a session without an end");
    if (this.count > COUNT_MAX) throw new MalformedBytes("a session with too many answers");
    return this;
  }
}

function numberOf(reader: ByteReader): number {
  const number = reader.varint();
  if (number === 0 || number > NUMBER_MAX) throw new MalformedBytes(`${number} is no number of a session`);
  return number;
}

/**
 * Writes what a `MUTATION_SESSION` with one answer says, from its key on, and sets `written` to what `read` would. Every write of a session
 * comes here: the bytes are written one by one to where they go, for a call of the writer's for each field takes four times as long.
 */
export function writeSessionMutation(
  log: ByteWriter,
  key: Uint8Array,
  kind: number,
  body: Uint8Array,
  bodyStart: number,
  bodyEnd: number,
  written: SessionMutation,
): void {
  const bodyBytes = bodyEnd - bodyStart;
  log.ensure(key.length + 6 + 5 * VARINT_BYTES_MAX + bodyBytes);
  const { bytes } = log;
  let at = putVarint(bytes, log.length, key.length);
  for (let i = 0; i < key.length; i++) bytes[at++] = key[i]!;
  const low = written.expireAt >>> 0;
  const high = Math.floor(written.expireAt / HIGH);
  bytes[at] = low;
  bytes[at + 1] = low >>> 8;
  bytes[at + 2] = low >>> 16;
  bytes[at + 3] = low >>> 24;
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
  at = putVarint(bytes, at + 6, written.firstOpen);
  bytes[at++] = 1;
  written.start = at;
  at = putVarint(bytes, at, written.first);
  bytes[at++] = kind;
  at = putVarint(bytes, at, bodyBytes);
  copyBytes(body, bodyStart, bodyEnd, bytes, at);
  at += bodyBytes;
  written.end = at;
  log.length = at;
}

/** Answers what comes behind it. */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let place = at;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[place++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    bytes[place++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[place++] = rest;
  return place;
}
