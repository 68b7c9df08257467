/** Steps of a compiled pattern: a byte, or one of these. */
const ANY = 256;
const STAR = 257;
/** From here on: a class by its number. */
const CLASS = 258;
/** A class is a set of bytes, one bit each. */
const CLASS_BYTES = 32;

const STAR_CHAR = 42;
const DASH = 45;
const QUESTION = 63;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const CARET = 94;

/**
 * A pattern of `KEYS`, `SCAN`, `CONFIG GET` …: `*`, `?`, `[abc]`, `[^a-z]`, `\x`, read as Redis 7.0 does (`stringmatchlen`),
 * oddities included: a class that is not closed ends with the pattern, a range may be given backwards and compares signed
 * bytes, and the empty text is matched by the empty pattern alone. Texts are latin1 byte strings.
 *
 * Every step but `*` takes exactly one byte, so going back to the last `*` is enough: a match costs at most pattern times
 * text, where recursion would be exponential.
 */
export class Glob {
  /** Whether it is `*`, which commands take for "all" without matching, the empty text included. */
  readonly all: boolean;
  /** The only text that matches, when there is just one. */
  readonly literal: string | undefined;
  readonly #steps: readonly number[];
  readonly #classes: Uint8Array;
  readonly #nocase: boolean;

  /** With `nocase`, ASCII letters match in any case. */
  constructor(pattern: string, nocase = false) {
    const { steps, classes } = compile(pattern, nocase);
    this.all = pattern === "*";
    this.literal = nocase || steps.some((step) => step >= ANY) ? undefined : textOf(steps);
    this.#steps = steps;
    this.#classes = classes;
    this.#nocase = nocase;
  }

  matches(text: string): boolean {
    if (this.literal !== undefined) return text === this.literal;
    const steps = this.#steps;
    if (text.length === 0) return steps.length === 0;
    let step = 0;
    let at = 0;
    let starStep = -1;
    let starAt = 0;
    while (at < text.length) {
      const wanted = step < steps.length ? steps[step]! : -1;
      if (wanted === STAR) {
        starStep = step++;
        starAt = at;
        if (step === steps.length) return true;
      } else if (this.#accepts(wanted, text.charCodeAt(at))) {
        step++;
        at++;
      } else if (starStep === -1) return false;
      else {
        step = starStep + 1;
        at = ++starAt;
      }
    }
    while (step < steps.length && steps[step] === STAR) step++;
    return step === steps.length;
  }

  #accepts(wanted: number, byte: number): boolean {
    if (wanted < ANY) return wanted === (this.#nocase ? lower(byte) : byte);
    if (wanted === ANY) return true;
    return hasByte(this.#classes, (wanted - CLASS) * CLASS_BYTES, byte);
  }
}

interface Compiled {
  readonly steps: number[];
  classes: Uint8Array;
  classCount: number;
}

function compile(pattern: string, nocase: boolean): Compiled {
  const compiled: Compiled = { steps: [], classes: new Uint8Array(CLASS_BYTES), classCount: 0 };
  const { steps } = compiled;
  for (let at = 0; at < pattern.length; at++) {
    let char = pattern.charCodeAt(at);
    if (char === STAR_CHAR) {
      if (steps.at(-1) !== STAR) steps.push(STAR);
    } else if (char === QUESTION) steps.push(ANY);
    else if (char === OPEN) {
      at = compileClass(pattern, at + 1, nocase, compiled);
      steps.push(CLASS + compiled.classCount - 1);
    } else {
      if (char === BACKSLASH && at + 1 < pattern.length) char = pattern.charCodeAt(++at);
      steps.push(nocase ? lower(char) : char);
    }
  }
  return compiled;
}

/** Adds the class whose content starts at `start`; returns where its last char is. */
function compileClass(pattern: string, start: number, nocase: boolean, compiled: Compiled): number {
  const { length } = pattern;
  const base = compiled.classCount++ * CLASS_BYTES;
  if (base === compiled.classes.length) compiled.classes = doubled(compiled.classes);
  const { classes } = compiled;
  let at = start;
  const inverse = pattern.charCodeAt(at) === CARET;
  if (inverse) at++;
  for (; at < length && pattern.charCodeAt(at) !== CLOSE; at++) {
    const char = pattern.charCodeAt(at);
    // An escaped byte is compared as it is, even where case does not matter.
    if (char === BACKSLASH && at + 1 < length) addByte(classes, base, pattern.charCodeAt(++at));
    else if (at + 2 < length && pattern.charCodeAt(at + 1) === DASH) {
      at += 2;
      addRange(classes, base, char, pattern.charCodeAt(at), nocase);
    } else addRange(classes, base, char, char, nocase);
  }
  if (inverse) for (let i = 0; i < CLASS_BYTES; i++) classes[base + i] = ~classes[base + i]!;
  return Math.min(at, length - 1);
}

/** Redis orders the ends before it lowers their case: `[Z-a]` without case is `[z-a]`, and empty. */
function addRange(classes: Uint8Array, base: number, from: number, to: number, nocase: boolean): void {
  if (from === to && !nocase) return addByte(classes, base, from);
  let low = Math.min(signed(from), signed(to));
  let high = Math.max(signed(from), signed(to));
  if (nocase) {
    low = lower(low);
    high = lower(high);
  }
  for (let byte = 0; byte < 256; byte++) {
    const value = nocase ? signed(lower(byte)) : signed(byte);
    if (value >= low && value <= high) addByte(classes, base, byte);
  }
}

function addByte(classes: Uint8Array, base: number, byte: number): void {
  classes[base + (byte >> 3)] = classes[base + (byte >> 3)]! | (1 << (byte & 7));
}

function hasByte(classes: Uint8Array, base: number, byte: number): boolean {
  return (classes[base + (byte >> 3)]! & (1 << (byte & 7))) !== 0;
}

function doubled(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

function textOf(bytes: readonly number[]): string {
  return bytes.map((byte) => String.fromCharCode(byte)).join("");
}
