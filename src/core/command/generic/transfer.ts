import { ByteReader } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import type { Collection } from "../../state/values/collection.ts";
import { decodeCollection } from "../../state/values/decode.ts";
import type { Call } from "../call.ts";
import { hasRoom } from "../errors.ts";

/** Writes the value at `ref`, which is that of the key `from`, to the key `to`, with its time to live; false after an error reply. */
export function copyValue(call: Call, ref: Ref, from: string, to: string): boolean {
  const { mutate, state } = call;
  const expireAt = state.expireAt(ref);
  if (state.type(ref) === VALUE_STRING) {
    if (!hasRoom(call, state.stringView(ref).length)) return false;
    mutate.copyString(from, to, expireAt);
    return true;
  }
  const value = state.collection(ref);
  return hasRoom(call, value.memoryBytes) && putValue(call, to, cloned(value), expireAt);
}

/** Makes `key` hold a collection, in place of whatever it held; false after an error reply. */
export function putValue(call: Call, key: string, value: Collection, expireAt: number): boolean {
  if (!hasRoom(call, value.memoryBytes, value.length)) return false;
  call.mutate.put(key, value, expireAt);
  return true;
}

/** A collection with nothing in common with the first, which goes on to belong to its key. */
function cloned(value: Collection): Collection {
  const writer = new ByteWriter();
  value.encode(writer);
  return decodeCollection(value.type, new ByteReader(writer.bytes, 0, writer.length));
}
