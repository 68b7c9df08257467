import type { ByteWriter } from "../base/byteWriter.ts";
import { decodeLatin1 } from "../base/latin1.ts";
import type { Output } from "./client.ts";

/** Output up to this length is handed over as a string. */
const TEXT_BYTES_MAX = 4096;

const OK = "+OK\r\n";

/** What was written, for a client. */
export function outputOf(out: ByteWriter): Output {
  // The reply to most writes: making a string of it takes longer than all the rest here.
  if (out.length === OK.length && isOk(out.bytes)) return OK;
  return out.length > TEXT_BYTES_MAX ? out.slice() : decodeLatin1(out.bytes, 0, out.length);
}

function isOk(bytes: Uint8Array): boolean {
  return bytes[0] === 0x2b && bytes[1] === 0x4f && bytes[2] === 0x4b && bytes[3] === 0x0d && bytes[4] === 0x0a;
}
