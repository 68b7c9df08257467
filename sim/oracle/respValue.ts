import { decodeLatin1 } from "../../src/base/latin1.ts";

/** A reply: strings for simple strings, bulks, numbers and errors (with their first byte), null, or a list. */
export type RespValue = string | null | readonly RespValue[];

export interface Decoded {
  readonly value: RespValue;
  /** Where the next reply starts. */
  readonly end: number;
}

/** The reply at `at`, which must be whole. */
export function decodeReply(bytes: Uint8Array, at: number): Decoded {
  const lineEnd = bytes.indexOf(13, at);
  const line = decodeLatin1(bytes, at + 1, lineEnd);
  const next = lineEnd + 2;
  switch (String.fromCharCode(bytes[at]!)) {
    case "$": {
      const length = Number(line);
      if (length < 0) return { value: null, end: next };
      return { value: decodeLatin1(bytes, next, next + length), end: next + length + 2 };
    }
    case "*":
    case "~":
      return decodeList(bytes, next, Number(line));
    case "%":
      return decodeList(bytes, next, Number(line) * 2);
    case "_":
      return { value: null, end: next };
    case "-":
      return { value: `-${line}`, end: next };
    default:
      return { value: line, end: next };
  }
}

function decodeList(bytes: Uint8Array, start: number, length: number): Decoded {
  if (length < 0) return { value: null, end: start };
  const value: RespValue[] = [];
  let end = start;
  for (let i = 0; i < length; i++) {
    const element = decodeReply(bytes, end);
    value.push(element.value);
    end = element.end;
  }
  return { value, end };
}
