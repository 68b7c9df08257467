import { ByteWriter } from "../../base/byteWriter.ts";
import { Args } from "../../core/command/args.ts";

const KEPT_BYTES_MAX = 1 << 20;
const LF = 10;
let writer = new ByteWriter(4096);

/** A request as clients send it, an array of bulk strings, in bytes of its own. */
export function requestBytes(args: Args): Uint8Array {
  writer.reset();
  writeRequest(writer, args);
  const bytes = writer.slice();
  if (writer.bytes.length > KEPT_BYTES_MAX) writer = new ByteWriter(4096);
  return bytes;
}

/** What `requestBytes` was given; it stays valid as long as the bytes do not change. */
export function requestArgs(bytes: Uint8Array): Args {
  const args = new Args();
  args.clear(bytes);
  let at = bytes.indexOf(LF) + 1;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf(LF, at);
    let length = 0;
    for (let i = at + 1; i < lineEnd - 1; i++) length = length * 10 + bytes[i]! - 48;
    args.add(lineEnd + 1, lineEnd + 1 + length);
    at = lineEnd + 1 + length + 2;
  }
  return args;
}

export function writeRequest(out: ByteWriter, args: Args): void {
  const { bytes, starts, ends, length } = args;
  writeHeader(out, "*", length);
  for (let i = 0; i < length; i++) {
    const start = starts[i]!;
    const end = ends[i]!;
    writeHeader(out, "$", end - start);
    out.copy(bytes, start, end);
    out.text("\r\n");
  }
}

/** The same for words in latin1. */
export function writeWords(out: ByteWriter, ...words: readonly string[]): void {
  writeHeader(out, "*", words.length);
  for (const word of words) {
    writeHeader(out, "$", word.length);
    out.text(word);
    out.text("\r\n");
  }
}

function writeHeader(out: ByteWriter, kind: string, count: number): void {
  out.text(`${kind}${count}\r\n`);
}
