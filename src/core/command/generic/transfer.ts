import { ByteReader } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import type { Collection } from "../../state/values/collection.ts";
import { decodeCollection } from "../../state/values/decode.ts";
import type { Call } from "../call.ts";

/** Writes the value at `ref`, which is that of the key `from`, to the key `to`, with its time to live. */
export function copyValue(call: Call, ref: Ref, from: string, to: string): void {
  const { mutate, state } = call;
  const expireAt = state.expireAt(ref);
  if (state.type(ref) === VALUE_STRING) mutate.copyString(from, to, expireAt);
  else mutate.put(to, cloned(state.collection(ref)), expireAt);
}

/** A collection with nothing in common with the first, which goes on to belong to its key. */
function cloned(value: Collection): Collection {
  const writer = new ByteWriter();
  value.encode(writer);
  return decodeCollection(value.type, new ByteReader(writer.bytes, 0, writer.length));
}
