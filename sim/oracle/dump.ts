import { ByteWriter } from "../../src/base/byteWriter.ts";
import { decodeLatin1 } from "../../src/base/latin1.ts";
import { type KeySpace, VALUE_STRING } from "../../src/core/state/keySpace.ts";

/**
 * Everything a key space says of its keys, by key in order: type, version, expiry, encoding and value. Equal dumps mean that no
 * client could tell the two apart. Keys that are only in the cold store are loaded for it.
 */
export function dump(state: KeySpace): Map<string, string> {
  const keys = new Set<string>();
  let cursor = 0;
  do cursor = state.scan(cursor, 1000, (key) => keys.add(key));
  while (cursor !== 0);
  return new Map([...keys].sort().map((key) => [key, describe(state, key)]));
}

/** One key in a line; `gone` when it is not there. */
export function describe(state: KeySpace, key: string): string {
  const ref = state.find(key);
  if (ref === 0) return "gone";
  const type = state.type(ref);
  const facts = `type ${type} version ${state.version(ref)} expires ${state.expireAt(ref)}`;
  if (type === VALUE_STRING) return `${facts} hint ${state.encodingHint(ref)} ${state.stringText(ref)}`;
  const value = state.collection(ref);
  const writer = new ByteWriter();
  value.encode(writer);
  return `${facts} ${value.encoding} ${decodeLatin1(writer.view())}`;
}

/** The first difference between two dumps as a sentence; undefined when there is none. */
export function difference(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>) {
  for (const [key, line] of expected) {
    const other = found.get(key) ?? "gone";
    if (other !== line) return `key ${short(key)} is [${short(other)}] and should be [${short(line)}]`;
  }
  for (const [key, line] of found) if (!expected.has(key)) return `key ${short(key)} is there: [${short(line)}]`;
  return undefined;
}

/** At most so much of a value that a message stays readable. */
function short(text: string): string {
  const printable = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}… ${text.length} bytes` : text);
  return printable.slice(1, -1);
}
