import { ENCODING_EMBSTR, ENCODING_RAW } from "../../state/coldStore.ts";
import type { KeySpace } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import { INTEGER_CHARS_MAX, parseInteger } from "../numbers.ts";

/** Up to here Redis keeps a string in one piece with its object (`OBJ_ENCODING_EMBSTR_SIZE_LIMIT`). */
export const EMBEDDED_BYTES_MAX = 44;

/** What `OBJECT ENCODING` says of a string: how Redis would keep it after the same commands. */
export function stringEncoding(state: KeySpace, ref: Ref): "int" | "embstr" | "raw" {
  const hint = state.encodingHint(ref);
  if (hint === ENCODING_RAW) return "raw";
  if (hint === ENCODING_EMBSTR) return "embstr";
  const length = state.stringLength(ref);
  if (length <= INTEGER_CHARS_MAX && parseInteger(state.stringText(ref)) !== undefined) return "int";
  return length <= EMBEDDED_BYTES_MAX ? "embstr" : "raw";
}
