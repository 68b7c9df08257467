const SHARED_BYTES_MAX = 32;
const PLACES = 2048;

const places = new Array<string>(PLACES).fill("");

/**
 * An equal string that was seen lately, or the same. Millions of small hashes mostly have the same few field names, and
 * every request brings new copies of them: sharing them saves about 30 bytes a field and makes comparing them a pointer
 * comparison.
 */
export function sharedText(text: string): string {
  const { length } = text;
  if (length === 0 || length > SHARED_BYTES_MAX) return text;
  const mixed = Math.imul(text.charCodeAt(0) * 31 + text.charCodeAt(length - 1), 0x9e3779b1) + length * 0x10001;
  const place = (mixed ^ (mixed >>> 15) ^ (text.charCodeAt(length >>> 1) * 37)) & (PLACES - 1);
  const known = places[place]!;
  if (known === text) return known;
  places[place] = text;
  return text;
}
