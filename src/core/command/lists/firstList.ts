import type { ListValue } from "../../state/values/listValue.ts";
import type { Call } from "../call.ts";
import { readList } from "../lookup.ts";

/** A list and the key that holds it. */
export interface KeyedList {
  readonly key: string;
  readonly list: ListValue;
}

/** The first of `keys` that holds a list; undefined when none does, null after a `WRONGTYPE` of a key before it. */
export function firstList(call: Call, keys: readonly string[]): KeyedList | undefined | null {
  for (const key of keys) {
    const list = readList(call, key);
    if (list === null) return null;
    if (list !== undefined) return { key, list };
  }
  return undefined;
}
