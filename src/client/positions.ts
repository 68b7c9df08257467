const GROUP_AT = 7;

/**
 * Whether `one` is the same position as `other` or a later one. False as well for what cannot be compared: positions of two
 * groups (kv.proto, `GetReply.version`).
 */
export function isAtLeast(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length || one.length <= GROUP_AT) return false;
  if (one.compare(other, GROUP_AT, other.length, GROUP_AT, one.length) !== 0) return false;
  return one.compare(other, 0, GROUP_AT, 0, GROUP_AT) >= 0;
}
