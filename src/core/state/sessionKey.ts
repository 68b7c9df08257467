import { keySlotOfBytes } from "../../base/crc16.ts";
import { SLOT_COUNT } from "../slots/slotRanges.ts";

/**
 * Keys of sessions' rows: these bytes, a tag that makes the slot, `}`, the session's id. They are short, for they are looked up with every
 * write of a session, and like no other key by accident: commands refuse them.
 */
const PREFIX = "\0\xff\0{";
const TAG_AT = PREFIX.length;
const TAG_BYTES = 2;
const CLOSE_AT = TAG_AT + TAG_BYTES;
const ID_AT = CLOSE_AT + 1;
const PREFIX_BYTES = Uint8Array.from(PREFIX, (char) => char.charCodeAt(0));
const OPEN = 0x7b;
const CLOSE = 0x7d;

export const SESSION_ID_BYTES = 16;
export const SESSION_KEY_BYTES = ID_AT + SESSION_ID_BYTES;

/** Whether this is where a session's row is kept, which no client sees. */
export function isSessionKey(key: string): boolean {
  return (
    key.charCodeAt(0) === 0 &&
    key.length === SESSION_KEY_BYTES &&
    key.startsWith(PREFIX) &&
    key.charCodeAt(CLOSE_AT) === CLOSE
  );
}

/** The same of a key that is bytes. */
export function isSessionKeyBytes(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0 || end - start !== SESSION_KEY_BYTES) return false;
  for (let i = 1; i < TAG_AT; i++) if (bytes[start + i] !== PREFIX_BYTES[i]) return false;
  return bytes[start + CLOSE_AT] === CLOSE;
}

let tags: Uint16Array | undefined;

/** For each slot two bytes of which it is the slot. */
function makeTags(): Uint16Array {
  const found = new Uint16Array(SLOT_COUNT);
  const tag = new Uint8Array(TAG_BYTES);
  for (let value = 1; value <= 0xffff; value++) {
    tag[0] = value >>> 8;
    tag[1] = value;
    if (tag.includes(OPEN) || tag.includes(CLOSE)) continue;
    found[keySlotOfBytes(tag, 0, TAG_BYTES)] = value;
  }
  return found;
}

/** The key of the row of the session `bytes[id, id + 16)` in a slot: one of that slot. It is written to `key`, of `SESSION_KEY_BYTES`. */
export function writeSessionKey(key: Uint8Array, slot: number, bytes: Uint8Array, id: number): void {
  tags ??= makeTags();
  const tag = tags[slot]!;
  for (let i = 0; i < TAG_AT; i++) key[i] = PREFIX_BYTES[i]!;
  key[TAG_AT] = tag >>> 8;
  key[TAG_AT + 1] = tag;
  key[CLOSE_AT] = CLOSE;
  for (let i = 0; i < SESSION_ID_BYTES; i++) key[ID_AT + i] = bytes[id + i]!;
}

/** Room for the key of a row, to be written again and again: as bytes, and as words for those who compare. */
export class SessionKey {
  readonly words = new Uint32Array((SESSION_KEY_BYTES + 3) >>> 2);
  readonly bytes = new Uint8Array(this.words.buffer, 0, SESSION_KEY_BYTES);
}

/** 16 bits of the key of a row: others for each slot of a session, and random ones for each session of a slot. */
export function sessionKeyBits(key: Uint8Array): number {
  const last = SESSION_KEY_BYTES - 1;
  return ((key[TAG_AT]! ^ key[last - 1]!) << 8) | (key[TAG_AT + 1]! ^ key[last]!);
}
