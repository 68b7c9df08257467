import { bitLength, exactNumber, floatForm, roundHalfEven, roundToBits } from "./floatText.ts";

/**
 * A number of C's `long double` on x86-64 (64 bits of mantissa): `mantissa * 2^exponent`, or an infinity. `INCRBYFLOAT` and
 * `HINCRBYFLOAT` of Redis calculate with it, so that 0.1 + 0.2 is 0.3; with doubles they would give other texts.
 */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly infinite: boolean;
}

const BITS = 64;
const EXPONENT_MIN = -16_445;
/** Values from 2^16384 on are infinite. */
const MAGNITUDE_MAX = 16_384;
/** Redis refuses longer texts (`MAX_LONG_DOUBLE_CHARS`). */
export const LONG_DOUBLE_TEXT_MAX = 5 * 1024 - 1;
const DECIMALS = 17n;
const UNIT = 10n ** DECIMALS;

/** As `string2ld` of Redis: no white space, no `nan`, nothing that overflows to infinity or underflows to zero. */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length > LONG_DOUBLE_TEXT_MAX) return undefined;
  const form = floatForm(text);
  if (form === undefined) return undefined;
  if (form === "infinity") return { mantissa: text.charCodeAt(0) === 45 ? -1n : 1n, exponent: 0, infinite: true };
  const exact = exactNumber(text, form);
  if (exact.code !== "exact") return undefined;
  const rounded = roundToBits(exact.numerator, exact.denominator, BITS, EXPONENT_MIN);
  if (rounded.mantissa === 0n && exact.numerator !== 0n) return undefined;
  return finite(exact.negative ? -rounded.mantissa : rounded.mantissa, rounded.exponent);
}

/** The sum, rounded once; undefined when it is not finite. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.infinite || b.infinite) return undefined;
  const low = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - low)) + (b.mantissa << BigInt(b.exponent - low));
  const magnitude = sum < 0n ? -sum : sum;
  const numerator = low > 0 ? magnitude << BigInt(low) : magnitude;
  const denominator = low < 0 ? 1n << BigInt(-low) : 1n;
  const rounded = roundToBits(numerator, denominator, BITS, EXPONENT_MIN);
  return finite(sum < 0n ? -rounded.mantissa : rounded.mantissa, rounded.exponent);
}

function finite(mantissa: bigint, exponent: number): LongDouble | undefined {
  const magnitude = bitLength(mantissa < 0n ? -mantissa : mantissa) + exponent;
  return mantissa !== 0n && magnitude > MAGNITUDE_MAX ? undefined : { mantissa, exponent, infinite: false };
}

/** As Redis writes it (`LD_STR_HUMAN`): `%.17Lf` without trailing zeros, never an exponent, never `-0`. */
export function formatLongDouble(value: LongDouble): string {
  if (value.infinite) return value.mantissa < 0n ? "-inf" : "inf";
  const negative = value.mantissa < 0n;
  const scaled = (negative ? -value.mantissa : value.mantissa) * UNIT;
  const divisor = value.exponent < 0 ? 1n << BigInt(-value.exponent) : 1n;
  const units =
    value.exponent < 0 ? roundHalfEven(scaled / divisor, scaled % divisor, divisor) : scaled << BigInt(value.exponent);
  if (units === 0n) return "0";
  const whole = String(units / UNIT);
  const fraction = String(units % UNIT)
    .padStart(Number(DECIMALS), "0")
    .replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
