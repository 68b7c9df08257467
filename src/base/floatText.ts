/** How a text is written that C's `strtod` takes as a whole and as a number. */
export type FloatForm = "decimal" | "hex" | "infinity";

/** A number as written: `numerator / denominator`, both not negative; or beyond what any floating point format holds. */
export type ExactNumber =
  | { readonly code: "exact"; readonly negative: boolean; readonly numerator: bigint; readonly denominator: bigint }
  | { readonly code: "overflow" | "underflow" };

/** Beyond 2^±40,000 every format overflows or underflows: a long double ends at 2^±16,445. */
const BINARY_EXPONENT_MAX = 40_000;
const DECIMAL_EXPONENT_MAX = 12_000;
/** A long double has 16 hexadecimal digits; what follows only says on which side of a tie the number is. */
const HEX_DIGITS_MAX = 40;

/** The form of `text`; undefined when C would leave a rest, and for `nan`, which no command takes. One pass, no copy. */
export function floatForm(text: string): FloatForm | undefined {
  let at = isSign(text.charCodeAt(0)) ? 1 : 0;
  if (text.length - at > 2 && text.charCodeAt(at) === 48 && (text.charCodeAt(at + 1) | 32) === 120) {
    return endOfNumber(text, at + 2, isHexDigit, 112) === text.length ? "hex" : undefined;
  }
  if (endOfNumber(text, at, isDigit, 101) === text.length) return "decimal";
  at = text.length - at;
  if (at !== 3 && at !== 8) return undefined;
  const word = text.slice(-at).toLowerCase();
  return word === "inf" || word === "infinity" ? "infinity" : undefined;
}

/** Where digits, a point and an exponent end that begin at `at`; -1 when there is no digit. */
function endOfNumber(text: string, start: number, digit: (code: number) => boolean, exponentLetter: number): number {
  let at = start;
  let digits = 0;
  for (; digit(text.charCodeAt(at)); at++) digits++;
  if (text.charCodeAt(at) === 46) for (at++; digit(text.charCodeAt(at)); at++) digits++;
  if (digits === 0) return -1;
  if ((text.charCodeAt(at) | 32) !== exponentLetter) return at;
  at += isSign(text.charCodeAt(at + 1)) ? 2 : 1;
  if (!isDigit(text.charCodeAt(at))) return -1;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** The exact value of a text whose form is `decimal` or `hex`. */
export function exactNumber(text: string, form: "decimal" | "hex"): ExactNumber {
  const negative = text.charCodeAt(0) === 45;
  const start = (isSign(text.charCodeAt(0)) ? 1 : 0) + (form === "hex" ? 2 : 0);
  const exponentAt = lastLetter(text, start, form === "hex" ? 112 : 101);
  const point = text.indexOf(".");
  const wholeEnd = point === -1 ? exponentAt : point;
  const fraction = point === -1 ? "" : text.slice(point + 1, exponentAt);
  const digits = text.slice(start, wholeEnd) + fraction;
  const exponent = exponentAt === text.length ? 0 : Number(text.slice(exponentAt + 1));
  return form === "hex"
    ? exactHex(negative, digits, exponent - fraction.length * 4)
    : exactDecimal(negative, digits, exponent - fraction.length);
}

function lastLetter(text: string, start: number, letter: number): number {
  let at = start;
  while (at < text.length && (text.charCodeAt(at) | 32) !== letter) at++;
  return at;
}

function exactDecimal(negative: boolean, digits: string, exponent: number): ExactNumber {
  const numerator = BigInt(digits);
  if (numerator === 0n) return { code: "exact", negative, numerator, denominator: 1n };
  if (exponent > DECIMAL_EXPONENT_MAX) return { code: "overflow" };
  if (exponent < -DECIMAL_EXPONENT_MAX - digits.length) return { code: "underflow" };
  if (exponent < 0) return { code: "exact", negative, numerator, denominator: 10n ** BigInt(-exponent) };
  return { code: "exact", negative, numerator: numerator * 10n ** BigInt(exponent), denominator: 1n };
}

function exactHex(negative: boolean, digits: string, exponent: number): ExactNumber {
  let first = 0;
  while (first < digits.length && digits.charCodeAt(first) === 48) first++;
  if (first === digits.length) return { code: "exact", negative, numerator: 0n, denominator: 1n };
  const kept = digits.slice(first, first + HEX_DIGITS_MAX);
  const dropped = digits.length - first - kept.length;
  // A one at the end stands for whatever was dropped: it breaks a tie just as well.
  const numerator = dropped === 0 ? BigInt(`0x${kept}`) : BigInt(`0x${kept}1`);
  const shift = exponent + (dropped === 0 ? 0 : (dropped - 1) * 4);
  if (shift > BINARY_EXPONENT_MAX) return { code: "overflow" };
  if (shift < -BINARY_EXPONENT_MAX) return { code: "underflow" };
  if (shift < 0) return { code: "exact", negative, numerator, denominator: 1n << BigInt(-shift) };
  return { code: "exact", negative, numerator: numerator << BigInt(shift), denominator: 1n };
}

/**
 * `numerator / denominator` as `mantissa * 2^exponent` with at most `bits` bits and no exponent below `exponentMin`,
 * rounded to the nearest, ties to even: how IEEE 754 rounds. The mantissa is 0 when the number is too small.
 */
export function roundToBits(
  numerator: bigint,
  denominator: bigint,
  bits: number,
  exponentMin: number,
): { readonly mantissa: bigint; readonly exponent: number } {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  let exponent = Math.max(bitLength(numerator) - bitLength(denominator) - bits, exponentMin);
  // The estimate is one too low at most.
  for (;;) {
    const dividend = exponent < 0 ? numerator << BigInt(-exponent) : numerator;
    const divisor = exponent > 0 ? denominator << BigInt(exponent) : denominator;
    const quotient = dividend / divisor;
    if (bitLength(quotient) <= bits)
      return { mantissa: roundHalfEven(quotient, dividend % divisor, divisor), exponent };
    exponent++;
  }
}

/** The quotient of a division, rounded by its rest. */
export function roundHalfEven(quotient: bigint, rest: bigint, divisor: bigint): bigint {
  const twice = rest * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
}

function isSign(code: number): boolean {
  return code === 43 || code === 45;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isHexDigit(code: number): boolean {
  const lower = code | 32;
  return isDigit(code) || (lower >= 97 && lower <= 102);
}
