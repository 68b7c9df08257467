import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import type { LinkRefusalCode } from "../../ports/link.ts";
import { LINK_VERSION, type LinkHello, type LinkObjection } from "../../ports/linkIdentity.ts";

/** Frames before the link is up are at most so long. */
export const INTRODUCTION_BYTES_MAX = 2048;
const MAGIC = "HOLDFAST";
const MESSAGE_CHARS_MAX = 300;

const CODES: ReadonlySet<string> = new Set<LinkRefusalCode>([
  "not_a_link",
  "version",
  "cluster",
  "group",
  "wrong_replica",
  "unexpected",
  "wrong_direction",
  "duplicate",
  "timeout",
  "too_many",
  "not_trusted",
]);

/** Magic, u16 version; in version 1 then cluster, group, replica, `to`, u48 incarnation, u48 process. */
export function encodeHello({ version, identity, process, to }: LinkHello): Uint8Array {
  const writer = new ByteWriter(128);
  writer.text(MAGIC);
  writer.u16(version);
  for (const text of [identity.cluster, identity.group, identity.replica, to]) writer.lengthText(text);
  writer.u48(identity.incarnation);
  writer.u48(process);
  return writer.slice();
}

/** Nothing if it is no hello. Of another version only the number is read. */
export function decodeHello(bytes: Uint8Array): LinkHello | undefined {
  return decode(bytes, (reader) => {
    if (reader.text(MAGIC.length) !== MAGIC) return undefined;
    const version = reader.u16();
    const nobody = { cluster: "", group: "", replica: "", incarnation: 0 };
    if (version !== LINK_VERSION) return { version, identity: nobody, process: 0, to: "" };
    const [cluster, group, replica, to] = [
      reader.lengthText(),
      reader.lengthText(),
      reader.lengthText(),
      reader.lengthText(),
    ];
    const identity = { cluster, group, replica, incarnation: reader.u48() };
    return { version, identity, process: reader.u48(), to };
  });
}

export function encodeObjection({ code, message }: LinkObjection): Uint8Array {
  const writer = new ByteWriter(128);
  writer.lengthText(code);
  writer.lengthText(printable(message));
  return writer.slice();
}

/** Nothing if it is none, or none that this version knows. */
export function decodeObjection(bytes: Uint8Array): LinkObjection | undefined {
  return decode(bytes, (reader) => {
    const code = reader.lengthText();
    const message = printable(reader.lengthText());
    return CODES.has(code) ? { code: code as LinkRefusalCode, message } : undefined;
  });
}

/** What a stranger says goes to the log, so it may not control a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, MESSAGE_CHARS_MAX);
}

function decode<T>(bytes: Uint8Array, read: (reader: ByteReader) => T | undefined): T | undefined {
  try {
    return read(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}
