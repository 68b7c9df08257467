import { ByteWriter } from "../../base/byteWriter.ts";
import { keySlot } from "../../base/crc16.ts";
import { decodeLatin1, latin1Bytes } from "../../base/latin1.ts";
import type { Call } from "../../core/command/call.ts";
import { SLOT_COUNT } from "../../core/slots/slotRanges.ts";
import { SLOT_OWNED, SLOT_SEALED } from "../../core/slots/slotTable.ts";
import { VALUE_STRING } from "../../core/state/keySpace.ts";
import { KeysInOrder } from "../../core/state/keysInOrder.ts";
import { invalid } from "./kvCheck.ts";
import { type KvEvaluation, kvArgsOf } from "./kvCommands.ts";
import type { KvError } from "./kvError.ts";
import { type KvRequest, SCAN } from "./kvRequest.ts";
import { putBytes, putMessage, putOptionalUnsigned, putText, putUnsigned } from "./wireWriter.ts";

const PAGE_SIZE = 100;
const PAGE_BYTES_MAX = 1 << 20;
/** A page ends when it has looked at so many keys, whether they were wanted or not: others wait meanwhile. */
const LOOKED_AT_MAX = 20_000;
const CURSOR_FORMAT = 1;
const CURSOR_HEAD_BYTES = 3;
const RETRY_MILLIS = 20;
/** `ValueType` by the type of a record. */
export const VALUE_TYPES: readonly number[] = [0, 1, 2, 4, 5, 3];

/** Where a scan goes on: behind a key of a slot, or at the slot's begin. */
interface Cursor {
  readonly slot: number;
  readonly after: string | undefined;
}

/** One page. Keys whose time is over are passed over, and stay. */
export function evaluateScan(call: Call, evaluation: KvEvaluation): void {
  const { request, id } = kvArgsOf(call);
  const { answer, node } = evaluation;
  const { bytes } = request;
  const prefix = decodeLatin1(bytes, request.key.start, request.key.end);
  const only = slotOfPrefix(prefix);
  const cursor = readCursor(request, only ?? 0);
  if (cursor === undefined || (only !== undefined && cursor.slot !== only))
    return answer.refuse(call.reply.out, id, invalid("cursor", "this is no cursor of a scan of this prefix"));
  const end = servedUpTo(call, cursor.slot, (only ?? SLOT_COUNT - 1) + 1);
  if (end === cursor.slot) return answer.refuse(call.reply.out, id, notHere(evaluation, cursor.slot));
  // Keys that are gone by something that is not committed are missing: the page tells of that, too.
  call.dependsOn = Math.max(call.dependsOn, node.stateSeq());
  answer.begin(call.reply.out, id);
  const next = writePage(call, evaluation, request, prefix, cursor, end) ?? { slot: end, after: undefined };
  const { out } = call.reply;
  if (next.slot < (only === undefined ? SLOT_COUNT : only + 1)) {
    putBytes(out, 2, encodeCursor(next));
    if (next.slot === end) putText(out, 3, node.ownerOf(next.slot));
    putUnsigned(out, 4, next.slot);
  }
  node.positions.put(out, 5, Math.max(node.settledSeq(), call.dependsOn));
  answer.finish(SCAN);
}

/** Where the page ended before `end`; undefined if it did not. */
function writePage(
  call: Call,
  { answer, node }: KvEvaluation,
  request: KvRequest,
  prefix: string,
  cursor: Cursor,
  end: number,
): Cursor | undefined {
  const { state } = call;
  const wanted = request.pageSize === 0 ? PAGE_SIZE : request.pageSize;
  const keys = new KeysInOrder(state, prefix, cursor, end, { keys: wanted, looks: LOOKED_AT_MAX });
  const item = new ByteWriter(256);
  const { out } = answer;
  let count = 0;
  for (;;) {
    const found = keys.next();
    if (found === undefined) return keys.stoppedAt;
    const { slot, key } = found;
    state.forgetSeek();
    const ref = state.find(key);
    if (ref === 0 || (state.expires(ref) && state.expireAt(ref) <= call.expiryNow)) continue;
    item.reset();
    putBytes(item, 1, latin1Bytes(key));
    putUnsigned(item, 2, VALUE_TYPES[state.type(ref)]!);
    if (request.values) {
      if (state.type(ref) === VALUE_STRING) putBytes(item, 3, state.stringView(ref));
      node.positions.put(item, 4, state.version(ref));
      if (state.expires(ref)) putOptionalUnsigned(item, 5, Math.max(0, state.expireAt(ref) - call.now));
    }
    putMessage(out, 1, item);
    if (++count >= wanted || answer.bodyEnd - answer.bodyStart >= PAGE_BYTES_MAX) return { slot, after: key };
  }
}

/** Of the slots from `slot` to before `end`, the first that is not served here; `end` if all are. */
function servedUpTo({ state: { slots } }: Call, slot: number, end: number): number {
  if (slots.isWhole || !slots.isAssigned) return end;
  let at = slot;
  while (at < end) {
    const is = slots.stateOf(at);
    if (is !== SLOT_OWNED && is !== SLOT_SEALED) break;
    at++;
  }
  return at;
}

function notHere({ node }: KvEvaluation, slot: number): KvError {
  const address = node.ownerOf(slot);
  if (address !== "") {
    const message = `slot ${slot} is another group's; ask ${address}`;
    return { code: "failedPrecondition", reason: "moved", message, address, slot };
  }
  const message = `slot ${slot} is not served at present; nothing was executed`;
  return { code: "unavailable", reason: "notServed", message, retryAfterMillis: RETRY_MILLIS, slot };
}

/** The one slot that has all keys with the prefix; undefined if they may be of any. */
function slotOfPrefix(prefix: string): number | undefined {
  const open = prefix.indexOf("{");
  const close = open < 0 ? -1 : prefix.indexOf("}", open + 1);
  return close > open + 1 ? keySlot(prefix) : undefined;
}

function readCursor({ bytes, cursor }: KvRequest, first: number): Cursor | undefined {
  const { start, end } = cursor;
  if (end <= start) return { slot: first, after: undefined };
  if (end - start < CURSOR_HEAD_BYTES || bytes[start] !== CURSOR_FORMAT) return undefined;
  const slot = bytes[start + 1]! * 256 + bytes[start + 2]!;
  if (slot >= SLOT_COUNT) return undefined;
  const after = decodeLatin1(bytes, start + CURSOR_HEAD_BYTES, end);
  return { slot, after: after === "" ? undefined : after };
}

function encodeCursor({ slot, after = "" }: Cursor): Uint8Array {
  const bytes = new Uint8Array(CURSOR_HEAD_BYTES + after.length);
  bytes[0] = CURSOR_FORMAT;
  bytes[1] = slot >>> 8;
  bytes[2] = slot;
  bytes.set(latin1Bytes(after), CURSOR_HEAD_BYTES);
  return bytes;
}
