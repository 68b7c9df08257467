import type { ByteWriter } from "../base/byteWriter.ts";
import { decodeLatin1 } from "../base/latin1.ts";
import type { Output } from "./client.ts";

/** Output up to this length is handed over as a string. */
const TEXT_BYTES_MAX = 4096;

/** What was written, for a client. */
export function outputOf(out: ByteWriter): Output {
  return out.length > TEXT_BYTES_MAX ? out.slice() : decodeLatin1(out.bytes, 0, out.length);
}
