import { keySlotOfBytes } from "../../base/crc16.ts";
import type { Call } from "../../core/command/call.ts";
import { SESSION_ID_BYTES, SessionKey, writeSessionKey } from "../../core/state/sessionKey.ts";
import { ANSWER_BYTES_MAX, ROW_ANSWERS_MAX, SessionRow } from "../../core/state/sessionRow.ts";
import { loadSessionRow } from "../../core/state/sessionRows.ts";
import { type AnswerWriter, ERROR_FIELD } from "./answerWriter.ts";
import { invalid } from "./kvCheck.ts";
import type { KvError } from "./kvError.ts";
import { BATCH, type KvRequest, type Span } from "./kvRequest.ts";

export const SESSION_MILLIS = 5 * 60_000;
export const SESSION_MILLIS_MAX = 24 * 3_600_000;
export const SESSION_RANDOM_BYTES = 10;
/** So much the wall clocks of nodes may differ from that of the node that opened a session; an end that is further away was made up. */
const AHEAD_MILLIS_MAX = 60_000;
/** What is remembered stays so much longer than the session, so that no clock takes it for one that goes on with nothing executed. */
const KEPT_MILLIS = 5 * 60_000;
const HIGH = 0x1_0000_0000;

// What the kind of an answer says beside its method.
const IS_ERROR = 0x10;
const IS_FORGOTTEN = 0x20;
const METHOD_MASK = 0x0f;

const EXPIRED: KvError = {
  code: "failedPrecondition",
  reason: "sessionExpired",
  message: "the session has ended, and whether this was executed before is not known here; open another one",
  field: "once.session",
};
const REPLAYED: KvError = {
  code: "failedPrecondition",
  reason: "replayed",
  message: "the number is below first_open: its answer has been received; nothing was executed",
  field: "once.number",
};
const FORGOTTEN: KvError = {
  code: "failedPrecondition",
  reason: "replyForgotten",
  message: `it was executed, and its answer had more than the ${ANSWER_BYTES_MAX} bytes that are remembered; read what came of it`,
  field: "once.number",
};
const TOO_MANY: KvError = {
  code: "resourceExhausted",
  reason: "tooMany",
  message: `${ROW_ANSWERS_MAX} answers of the session are remembered in this slot; say by first_open which are received`,
  field: "once.first_open",
};

/** A new session's id: its end, wall clock in milliseconds (48 bits, big-endian), then `random`, of `SESSION_RANDOM_BYTES`. */
export function sessionId(endsAt: number, random: Uint8Array): Uint8Array {
  const id = new Uint8Array(SESSION_ID_BYTES);
  const high = Math.floor(endsAt / HIGH);
  for (const [i, shift] of [8, 0].entries()) id[i] = high >>> shift;
  for (const [i, shift] of [24, 16, 8, 0].entries()) id[i + 2] = endsAt >>> shift;
  id.set(random.subarray(0, SESSION_RANDOM_BYTES), SESSION_ID_BYTES - SESSION_RANDOM_BYTES);
  return id;
}

/** When the session `bytes[start, start + 16)` ends. */
function endOf(bytes: Uint8Array, start: number): number {
  const high = bytes[start]! * 256 + bytes[start + 1]!;
  const low =
    bytes[start + 2]! * 0x100_0000 + ((bytes[start + 3]! << 16) | (bytes[start + 4]! << 8) | bytes[start + 5]!);
  return high * HIGH + low;
}

/** Lets writes of sessions be executed once: looks for what was answered before, and remembers what is answered now. */
export class KvSessions {
  /** Of the request that is evaluated. */
  readonly #key = new SessionKey();
  readonly #row = new SessionRow();

  /** False if the request is answered: as it was before, or by a refusal. */
  mayExecute(call: Call, request: KvRequest, id: number, answer: AnswerWriter): boolean {
    const error = this.#judge(call, request);
    if (error === undefined) return true;
    if (error !== ANSWERED) answer.refuse(call.reply.out, id, error);
    else answerAgain(call, request, id, this.#row, answer);
    return false;
  }

  /** Whether it was executed before, as far as is remembered: `mayExecute` is false then, and says what became of it. */
  isRepeated(call: Call, request: KvRequest): boolean {
    if (request.sessionStart < 0) return false;
    const row = this.#look(call, request);
    return row.find(request.number) || request.number < row.firstOpen;
  }

  /** The row of the request's session and slot. */
  #look({ state }: Call, request: KvRequest): SessionRow {
    const { bytes, sessionStart } = request;
    const { start, end } = keyOf(request);
    writeSessionKey(this.#key.bytes, keySlotOfBytes(bytes, start, end), bytes, sessionStart);
    loadSessionRow(state, state.findSessionRow(this.#key), this.#row);
    return this.#row;
  }

  #judge(call: Call, request: KvRequest): KvError | typeof ANSWERED | undefined {
    const { state, now } = call;
    const { bytes, sessionStart, number, firstOpen } = request;
    const endsAt = endOf(bytes, sessionStart);
    if (endsAt > now + SESSION_MILLIS_MAX + AHEAD_MILLIS_MAX) return invalid("once.session", "nobody has opened it");
    const row = this.#look(call, request);
    // What is answered again, or not executed because of what is remembered, was perhaps not committed yet.
    if (state.pendingVersion > call.dependsOn) call.dependsOn = state.pendingVersion;
    if (row.find(number)) return judgeAgain(row, request);
    if (number < row.firstOpen) return REPLAYED;
    if (now > endsAt) return EXPIRED;
    row.forgetBelow(firstOpen);
    return row.count >= ROW_ANSWERS_MAX ? TOO_MANY : undefined;
  }

  /** Writes the answer to the entry that has its effect. */
  remember({ mutate }: Call, request: KvRequest, { out, bodyStart, bodyEnd }: AnswerWriter, isError: boolean): void {
    const { method, sessionStart, number, firstOpen } = request;
    const isForgotten = bodyEnd - bodyStart > ANSWER_BYTES_MAX;
    const kind = method | (isError ? IS_ERROR : 0) | (isForgotten ? IS_FORGOTTEN : 0);
    const expireAt = endOf(request.bytes, sessionStart) + KEPT_MILLIS;
    mutate.rememberAnswer(
      this.#key.bytes,
      expireAt,
      firstOpen,
      number,
      kind,
      out.bytes,
      bodyStart,
      isForgotten ? bodyStart : bodyEnd,
      this.#row,
    );
  }
}

const ANSWERED = "answered";

function judgeAgain({ kind }: SessionRow, { method }: KvRequest): KvError | typeof ANSWERED {
  if ((kind & METHOD_MASK) !== method) return invalid("once.number", "it is that of another write of this session");
  return (kind & IS_FORGOTTEN) === 0 ? ANSWERED : FORGOTTEN;
}

/** With what `row` has come to. */
function answerAgain(call: Call, { method }: KvRequest, id: number, row: SessionRow, answer: AnswerWriter): void {
  const { kind, bytes, bodyStart, bodyEnd } = row;
  const { out } = call.reply;
  answer.begin(out, id, bodyEnd - bodyStart);
  out.copy(bytes, bodyStart, bodyEnd);
  answer.finish((kind & IS_ERROR) === 0 ? method : ERROR_FIELD);
}

function keyOf({ method, key, operations }: KvRequest): Span {
  return method === BATCH ? operations[0]!.key : key;
}
