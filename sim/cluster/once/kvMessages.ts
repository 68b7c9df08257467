import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { decodeLatin1, latin1Bytes } from "../../../src/base/latin1.ts";
import { BATCH, INCREMENT, type Method, PUT } from "../../../src/worker/api/kvRequest.ts";
import { WireReader } from "../../../src/worker/api/wireReader.ts";
import { putBool, putBytes, putMessage, putSigned, putText, putUnsigned } from "../../../src/worker/api/wireWriter.ts";

const ONCE_FIELD = 15;
/** `Operation` and `OperationResult` number what they are from 1, as methods are from 3. */
const OPERATION_SHIFT = 2;

/** What is asked to happen once. */
export type Change =
  | { readonly kind: "increment"; readonly key: string }
  /** Answers what the key held before. */
  | { readonly kind: "swap"; readonly key: string; readonly value: string }
  /** Only if nobody was faster. */
  | { readonly kind: "claim"; readonly key: string; readonly value: string }
  | { readonly kind: "batch"; readonly changes: readonly Change[] };

/** As the session's writes are numbered. */
export interface OnceNumber {
  readonly session: Uint8Array;
  readonly number: number;
  readonly firstOpen: number;
}

export function methodOf({ kind }: Change): Method {
  return kind === "batch" ? BATCH : kind === "increment" ? INCREMENT : PUT;
}

/** The request as its message. */
export function encodeChange(change: Change, once?: OnceNumber): Uint8Array {
  const out = new ByteWriter(128);
  if (change.kind === "batch") {
    for (const each of change.changes) {
      const [inner, operation] = [new ByteWriter(64), new ByteWriter(64)];
      const bytes = encodeChange(each);
      inner.copy(bytes, 0, bytes.length);
      putMessage(operation, methodOf(each) - OPERATION_SHIFT, inner);
      putMessage(out, 1, operation);
    }
  } else {
    putText(out, 1, change.key);
    if (change.kind === "increment") putSigned(out, 2, 1);
    else putText(out, 2, change.value);
    if (change.kind === "claim") putBool(out, 4, true);
    if (change.kind === "swap") putBool(out, 7, true);
  }
  if (once !== undefined) putOnce(out, once);
  return out.slice();
}

function putOnce(out: ByteWriter, { session, number, firstOpen }: OnceNumber): void {
  const once = new ByteWriter(64);
  putBytes(once, 1, session);
  putUnsigned(once, 2, number);
  putUnsigned(once, 3, firstOpen);
  putMessage(out, ONCE_FIELD, once);
}

/** An answer, as far as it has to be the same every time: the field of its reply, and that as latin1. */
export interface KvAnswer {
  readonly id: number;
  readonly field: number;
  readonly body: string;
}

/** A message `CallsReply` with one answer. */
export function decodeAnswer(bytes: Uint8Array): KvAnswer {
  const calls = new WireReader(bytes);
  calls.next();
  const end = calls.bytesField();
  const answer = new WireReader(bytes, calls.start, end);
  let id = 0;
  while (answer.next()) {
    if (answer.field === 1) {
      id = answer.unsigned();
      continue;
    }
    const { field } = answer;
    const stop = answer.bytesField();
    return { id, field, body: decodeLatin1(bytes, answer.start, stop) };
  }
  throw new Error("an answer says nothing");
}

/** A field of bytes or of another message; undefined if it is absent. */
function textField(body: string, field: number): string | undefined {
  return textFields(body, field)[0];
}

function textFields(body: string, field: number): string[] {
  const found: string[] = [];
  const reader = new WireReader(latin1Bytes(body));
  while (reader.next()) {
    if (reader.field === field) {
      const end = reader.bytesField();
      found.push(decodeLatin1(reader.bytes, reader.start, end));
    } else reader.skip();
  }
  return found;
}

function numberField(body: string, field: number, isSigned = false): number {
  const reader = new WireReader(latin1Bytes(body));
  while (reader.next()) {
    if (reader.field === field) return isSigned ? Number(reader.signed()) : reader.unsigned();
    reader.skip();
  }
  return 0;
}

/** `Error`: its message, and the number of its reason. */
export function errorIn(body: string): { readonly message: string; readonly reason: number } {
  return { message: textField(body, 2) ?? "", reason: numberField(textField(body, 3) ?? "", 1) };
}

/** What one change has come to. */
export interface Outcome {
  readonly change: Exclude<Change, { readonly kind: "batch" }>;
  /** What the counter is now. */
  readonly sum: number;
  /** Whether the value was set, and what was there before. */
  readonly isApplied: boolean;
  readonly previous: string | undefined;
}

/** What an answer to the change says; one outcome for each part of a batch. */
export function outcomesIn(change: Change, body: string): readonly Outcome[] {
  if (change.kind === "batch") {
    const results = textFields(body, 2);
    return change.changes.flatMap((each, i) => {
      return outcomesIn(each, textField(results[i] ?? "", methodOf(each) - OPERATION_SHIFT) ?? "");
    });
  }
  if (change.kind === "increment") {
    return [{ change, sum: numberField(body, 1, true), isApplied: true, previous: undefined }];
  }
  return [{ change, sum: 0, isApplied: numberField(body, 1) === 1, previous: textField(body, 3) }];
}
