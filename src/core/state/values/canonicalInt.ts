const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const INT64_MAX = "9223372036854775807";
const INT64_MIN = "-9223372036854775808";

/** Whether `text` is how Redis prints a signed 64-bit integer (string2ll): no sign but "-", no leading zero, no "-0". */
export function isCanonicalInt64(text: string): boolean {
  const negative = text.charCodeAt(0) === MINUS;
  const start = negative ? 1 : 0;
  const digits = text.length - start;
  if (digits < 1 || digits > 19) return false;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return false;
  }
  if (text.charCodeAt(start) === ZERO) return text === "0";
  return digits < 19 || text <= (negative ? INT64_MIN : INT64_MAX);
}

/** Compares two canonical integers by value, at full precision: by sign, then by length, then by digits. */
export function compareCanonicalInts(left: string, right: string): number {
  if (left === right) return 0;
  const negative = left.charCodeAt(0) === MINUS;
  if (negative !== (right.charCodeAt(0) === MINUS)) return negative ? -1 : 1;
  const isSmaller = left.length === right.length ? left < right : left.length < right.length;
  return isSmaller === negative ? 1 : -1;
}
