import { exactNumber, floatForm, roundToBits } from "./floatText.ts";

/**
 * A double as C's `printf("%.17g")` writes it: what Redis 7.0 answers as a score. 17 significant digits without trailing
 * zeros, an exponent of at least two digits outside of 1e-4 … 1e17, `inf`, `-inf`, `nan`.
 */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 && 1 / value < 0 ? "-0" : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const text = value.toExponential(16);
  const e = text.lastIndexOf("e");
  const exponent = Number(text.slice(e + 1));
  const sign = value < 0 ? "-" : "";
  const digits = trimZeros(evenAtTie(value, text[sign.length]! + text.slice(sign.length + 2, e), exponent));
  if (exponent < -4 || exponent >= 17) return sign + scientific(digits, exponent);
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction === "" ? sign + whole : `${sign}${whole}.${fraction}`;
}

/**
 * JavaScript rounds a tie away from zero, C to the even digit. A value lies midway between two decimals of 17 digits exactly
 * when it is an odd multiple of half a unit, that is, when it has as many binary places as the 18th digit has decimal ones.
 */
function evenAtTie(value: number, digits: string, exponent: number): string {
  const places = 17 - exponent;
  if (places < 1 || places > 52 || !Number.isInteger(value * 2 ** places)) return digits;
  if (Number.isInteger(value * 2 ** (places - 1))) return digits;
  const last = digits.charCodeAt(digits.length - 1) - 48;
  return last % 2 === 0 ? digits : digits.slice(0, -1) + String(last - 1);
}

function scientific(digits: string, exponent: number): string {
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function trimZeros(digits: string): string {
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--;
  return end === digits.length ? digits : digits.slice(0, end);
}

/**
 * A latin1 text as Redis reads a double (`string2d` over C's `strtod`): decimal, hexadecimal (`0x1.8p1`), `inf`, `infinity`, in
 * any case and with a sign. Undefined for anything else: white space, `nan`, what overflows to infinity or underflows to zero.
 */
export function parseDouble(text: string): number | undefined {
  const form = floatForm(text);
  if (form === undefined) return undefined;
  if (form === "infinity") return text.charCodeAt(0) === 45 ? -Infinity : Infinity;
  if (form === "hex") return parseHex(text);
  const value = Number(text);
  if (value === 0 && /^[+-]?[0.]*[1-9]/.test(text)) return undefined;
  return Number.isFinite(value) ? value : undefined;
}

function parseHex(text: string): number | undefined {
  const exact = exactNumber(text, "hex");
  if (exact.code !== "exact") return undefined;
  const { mantissa, exponent } = roundToBits(exact.numerator, exact.denominator, 53, -1074);
  if (mantissa === 0n && exact.numerator !== 0n) return undefined;
  const value = Number(mantissa) * 2 ** exponent;
  if (!Number.isFinite(value)) return undefined;
  return exact.negative ? -value : value;
}
