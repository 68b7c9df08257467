import { invariant } from "../../../base/invariant.ts";
import { VALUE_ZSET } from "../../state/values/collection.ts";
import { ZSetValue } from "../../state/values/zsetValue.ts";
import type { Call } from "../call.ts";
import { fail, WRONG_TYPE } from "../errors.ts";
import { lookupArg } from "../lookup.ts";

/**
 * `readZSet` for a key that is still bytes of the request, for commands that only read: no string is made of the key.
 * Undefined if absent; null after a `WRONGTYPE`.
 */
export function readZSetArg(call: Call, i: number): ZSetValue | undefined | null {
  const ref = lookupArg(call, i);
  if (ref === 0) return undefined;
  if (call.state.type(ref) !== VALUE_ZSET) {
    fail(call, WRONG_TYPE);
    return null;
  }
  const value = call.state.collection(ref);
  invariant(value instanceof ZSetValue, "a sorted set's record holds a sorted set");
  return value;
}
