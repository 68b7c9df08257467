import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { fail, WRONG_TYPE } from "../errors.ts";

/** Answers with the string of a record, copied from where it lies. */
export function replyString(call: Call, ref: Ref): void {
  const { state, reply } = call;
  const page = state.stringPage(ref);
  if (page === null) {
    reply.bulkBytes(state.stringView(ref));
    return;
  }
  const start = state.stringStart(ref);
  reply.bulkBytes(page, start, start + state.stringLength(ref));
}

/** Answers with the string, null where there is no key, or `WRONGTYPE`: false then. */
export function replyStringOrNull(call: Call, ref: Ref): boolean {
  if (ref === 0) call.reply.null();
  else if (refusesType(call, ref)) return false;
  else replyString(call, ref);
  return true;
}

/** Whether the key is no string, which was answered then. */
export function refusesType(call: Call, ref: Ref): boolean {
  if (ref === 0 || call.state.type(ref) === VALUE_STRING) return false;
  fail(call, WRONG_TYPE);
  return true;
}
