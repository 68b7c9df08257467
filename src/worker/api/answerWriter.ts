import { ByteWriter } from "../../base/byteWriter.ts";
import { type KvError, putError } from "./kvError.ts";
import { putMessage, putUnsigned } from "./wireWriter.ts";

/** `Error` in `Answer.reply`. */
export const ERROR_FIELD = 2;
const ANSWERS_FIELD = 1;
const KEPT_BYTES_MAX = 1 << 20;

/** Writes answers as a message `CallsReply` has them: several in a row are such a message. */
export class AnswerWriter {
  readonly body = new ByteWriter(4096);
  readonly #answer = new ByteWriter(4096);

  /** The reply that was written to `body`, as field `field` of an `Answer`. */
  finish(out: ByteWriter, id: number, field: number): void {
    const answer = this.#answer;
    const { body } = this;
    answer.reset();
    putUnsigned(answer, 1, id);
    putMessage(answer, field, body);
    putMessage(out, ANSWERS_FIELD, answer);
    for (const writer of [answer, body]) if (writer.bytes.length > KEPT_BYTES_MAX) writer.bytes = new Uint8Array(4096);
    body.reset();
  }

  refuse(out: ByteWriter, id: number, error: KvError): void {
    this.body.reset();
    putError(this.body, error);
    this.finish(out, id, ERROR_FIELD);
  }
}
