import { VALUE_LIST } from "../../state/values/collection.ts";
import type { ListValue } from "../../state/values/listValue.ts";
import type { Call } from "../call.ts";
import { lookup, readList } from "../lookup.ts";

/** `readList` for what a command may wait for: to one that is woken, a key of another type is absent. */
export function readAwaitedList(call: Call, key: string): ListValue | undefined | null {
  if (call.waking) {
    const ref = lookup(call, key);
    if (ref === 0 || call.state.type(ref) !== VALUE_LIST) return undefined;
  }
  return readList(call, key);
}

/** A list and the key that holds it. */
export interface KeyedList {
  readonly key: string;
  readonly list: ListValue;
}

/** The first of `keys` that holds a list; undefined when none does, null after a `WRONGTYPE` of a key before it. */
export function firstList(call: Call, keys: readonly string[]): KeyedList | undefined | null {
  for (const key of keys) {
    const list = readAwaitedList(call, key);
    if (list === null) return null;
    if (list !== undefined) return { key, list };
  }
  return undefined;
}
