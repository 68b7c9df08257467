import { MalformedBytes } from "../../../base/byteReader.ts";

/** Throws `MalformedBytes` when one of the few names that were read is there twice. */
export function refuseRepetition(names: string[]): void {
  if (names.length > 8) {
    if (new Set(names).size !== names.length) throw new MalformedBytes("an element is there twice");
    return;
  }
  for (let i = 1; i < names.length; i++) {
    if (names.indexOf(names[i]!) !== i) throw new MalformedBytes("an element is there twice");
  }
}
