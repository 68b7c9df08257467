import { CODECS } from "./codecs.ts";
import type { AnswerMessage, GetReplyMessage, PutReplyMessage } from "./messages.ts";
import { ProtoReader } from "./wire/protoReader.ts";

/** Fields of `CallsReply`, `Answer`, `GetReply` and `PutReply` with their wire types. */
const ANSWERS_TAG = 0x0a;
const ID_TAG = 0x08;
const GET_TAG = 0x1a;
const PUT_TAG = 0x22;
const GET_REPLY = { found: 0x08, value: 0x12, version: 0x1a, ttlMillis: 0x20, position: 0x2a } as const;
const PUT_REPLY = { applied: 0x08, version: 0x12, previous: 0x1a } as const;
const WIRE_TYPE_BITS = 7;

/**
 * The answers of the message `CallsReply` in `bytes[start, end)`, as its codec would decode them. What `Get` and `Put` answer is most of what comes,
 * and most of it is never looked at: it is read without its fields being copied out. Throws `MalformedMessage`.
 */
export function readAnswers(bytes: Buffer, start = 0, end = bytes.length): readonly AnswerMessage[] {
  const answers: AnswerMessage[] = [];
  const reader = new ProtoReader(bytes, start, end);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag !== ANSWERS_TAG) {
      reader.pass(tag & WIRE_TYPE_BITS);
      continue;
    }
    const outer = reader.enter();
    answers.push(readReply(reader, bytes) ?? (CODECS.answer.decode(reader.part()) as AnswerMessage));
    reader.leave(outer);
  }
  return answers;
}

/** Undefined, with nothing read, for another answer than a plain one of `Get` or `Put`. */
function readReply(reader: ProtoReader, message: Buffer): AnswerMessage | undefined {
  const start = reader.at;
  if (reader.isAtEnd || reader.varint() !== ID_TAG) return again(reader, start);
  const id = reader.varint();
  const kind = reader.isAtEnd ? 0 : reader.varint();
  if (kind !== GET_TAG && kind !== PUT_TAG) return again(reader, start);
  const get = kind === GET_TAG ? new GetReply(message) : undefined;
  const put = kind === PUT_TAG ? new PutReply(message) : undefined;
  const outer = reader.enter();
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (!(get === undefined ? put!.take(tag, reader) : get.take(tag, reader))) reader.pass(tag & WIRE_TYPE_BITS);
  }
  reader.leave(outer);
  if (!reader.isAtEnd) return again(reader, start);
  return get === undefined ? { id, put: put! } : { id, get };
}

function again(reader: ProtoReader, start: number): undefined {
  reader.at = start;
  return undefined;
}

/** Knows where in the message its fields are. */
class GetReply implements GetReplyMessage {
  found = false;
  ttlMillis: number | undefined = undefined;
  readonly #message: Buffer;
  #valueAt = 0;
  #valueEnd = 0;
  #versionAt = 0;
  #versionEnd = 0;
  #positionAt = 0;
  #positionEnd = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** False for what it does not know. */
  take(tag: number, reader: ProtoReader): boolean {
    switch (tag) {
      case GET_REPLY.found:
        this.found = reader.varint() !== 0;
        return true;
      case GET_REPLY.value:
        this.#valueEnd = reader.passPart();
        this.#valueAt = reader.partAt;
        return true;
      case GET_REPLY.version:
        this.#versionEnd = reader.passPart();
        this.#versionAt = reader.partAt;
        return true;
      case GET_REPLY.ttlMillis:
        this.ttlMillis = reader.varint();
        return true;
      case GET_REPLY.position:
        this.#positionEnd = reader.passPart();
        this.#positionAt = reader.partAt;
        return true;
      default:
        return false;
    }
  }

  give<V>(make: (message: Buffer, start: number, end: number) => V): V {
    return make(this.#message, this.#valueAt, this.#valueEnd);
  }

  get value(): Buffer {
    return this.#message.subarray(this.#valueAt, this.#valueEnd);
  }

  get version(): Buffer {
    return this.#message.subarray(this.#versionAt, this.#versionEnd);
  }

  get position(): Buffer {
    return this.#message.subarray(this.#positionAt, this.#positionEnd);
  }
}

/** The same of a write's. */
class PutReply implements PutReplyMessage {
  applied = false;
  readonly #message: Buffer;
  #versionAt = 0;
  #versionEnd = 0;
  #previousAt = -1;
  #previousEnd = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** False for what it does not know. */
  take(tag: number, reader: ProtoReader): boolean {
    switch (tag) {
      case PUT_REPLY.applied:
        this.applied = reader.varint() !== 0;
        return true;
      case PUT_REPLY.version:
        this.#versionEnd = reader.passPart();
        this.#versionAt = reader.partAt;
        return true;
      case PUT_REPLY.previous:
        this.#previousEnd = reader.passPart();
        this.#previousAt = reader.partAt;
        return true;
      default:
        return false;
    }
  }

  get versionText(): string | undefined {
    if (this.#versionEnd === this.#versionAt) return undefined;
    return this.#message.toString("base64url", this.#versionAt, this.#versionEnd);
  }

  get version(): Buffer {
    return this.#message.subarray(this.#versionAt, this.#versionEnd);
  }

  get previous(): Buffer | undefined {
    return this.#previousAt < 0 ? undefined : this.#message.subarray(this.#previousAt, this.#previousEnd);
  }
}
