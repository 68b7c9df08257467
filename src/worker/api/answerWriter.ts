import { ByteWriter } from "../../base/byteWriter.ts";
import { type KvError, putError } from "./kvError.ts";
import { putLength, putUnsigned, varintBytes } from "./wireWriter.ts";

/** `Error` in `Answer.reply`. */
export const ERROR_FIELD = 2;
const ID_FIELD = 1;
const ANSWERS_FIELD = 1;
/** What most replies have, and most errors. */
const BYTES_EXPECTED = 64;
/** No head is longer. */
const HEAD_BYTES_MAX = 32;

/**
 * Writes answers as a message `CallsReply` has them: several in a row are such a message. A reply's length stands before it, and is
 * known when it is written: room is left for as many bytes as that is expected to take, and the reply moved if it takes others.
 */
export class AnswerWriter {
  /** What the reply is written to, between `begin` and `finish`. */
  out = new ByteWriter(0);
  #id = 0;
  #start = 0;
  /** Where the reply begins. */
  bodyStart = 0;

  /** The reply to call `id` follows; it is expected to have so many bytes. */
  begin(out: ByteWriter, id: number, bytesExpected = BYTES_EXPECTED): void {
    this.out = out;
    this.#id = id;
    this.#start = out.length;
    this.bodyStart = out.length + headBytes(id, bytesExpected);
    out.ensure(HEAD_BYTES_MAX);
    out.length = this.bodyStart;
  }

  /** Field `field` of an `Answer` follows, and has so many bytes: there is no `finish`. */
  beginWhole(out: ByteWriter, id: number, field: number, bytes: number): void {
    out.ensure(HEAD_BYTES_MAX + bytes);
    putHead(out, id, field, bytes);
  }

  get bodyEnd(): number {
    return this.out.length;
  }

  /** Takes back what was written of the reply. */
  restart(): void {
    this.out.length = this.bodyStart;
  }

  /** The reply is written: field `field` of an `Answer`. */
  finish(field: number): void {
    const { out, bodyStart } = this;
    const id = this.#id;
    const bytes = out.length - bodyStart;
    const start = this.#start + headBytes(id, bytes);
    // What grows later keeps only what is before its end.
    out.ensure(HEAD_BYTES_MAX);
    if (start !== bodyStart) out.bytes.copyWithin(start, bodyStart, bodyStart + bytes);
    out.length = this.#start;
    putHead(out, id, field, bytes);
    out.length += bytes;
  }

  refuse(out: ByteWriter, id: number, error: KvError): void {
    this.begin(out, id);
    putError(out, error);
    this.finish(ERROR_FIELD);
  }
}

function putHead(out: ByteWriter, id: number, field: number, bytes: number): void {
  putLength(out, ANSWERS_FIELD, idBytes(id) + 1 + varintBytes(bytes) + bytes);
  putUnsigned(out, ID_FIELD, id);
  putLength(out, field, bytes);
}

function idBytes(id: number): number {
  return id === 0 ? 0 : 1 + varintBytes(id);
}

/** Of what stands before a reply of so many bytes. */
function headBytes(id: number, bytes: number): number {
  const field = 1 + varintBytes(bytes);
  const answer = idBytes(id) + field + bytes;
  return 1 + varintBytes(answer) + answer - bytes;
}
