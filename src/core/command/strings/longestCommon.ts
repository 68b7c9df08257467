/** One run of bytes that two strings have in common; positions include the end. */
interface CommonRun {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export interface LongestCommon {
  readonly length: number;
  readonly text: Uint8Array;
  /** From the end to the start. */
  readonly runs: readonly CommonRun[];
}

/** Up to here a length fits 16 bits. */
const SHORT_MAX = 0xffff;

/**
 * The longest common subsequence of two byte strings by the textbook's table (Cormen et al., "Introduction to Algorithms"), with
 * the choices between equal ways that Redis's `LCS` makes. Takes (a + 1) * (b + 1) entries of two or four bytes.
 */
export function longestCommon(a: Uint8Array, b: Uint8Array): LongestCommon {
  const table = fillTable(a, b);
  const width = b.length + 1;
  const length = table[table.length - 1]!;
  const text = new Uint8Array(length);
  const runs: CommonRun[] = [];
  let left = length;
  let run: { aStart: number; aEnd: number; bStart: number; bEnd: number } | undefined;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      text[--left] = a[i]!;
      if (run === undefined) run = { aStart: i, aEnd: i, bStart: j, bEnd: j };
      else {
        run.aStart = i;
        run.bStart = j;
      }
      continue;
    }
    if (run !== undefined) runs.push(run);
    run = undefined;
    if (table[(i - 1) * width + j]! > table[i * width + j - 1]!) i--;
    else j--;
  }
  if (run !== undefined) runs.push(run);
  return { length, text, runs };
}

/** Entry (i, j) is the length for the first i bytes of `a` and the first j of `b`. */
function fillTable(a: Uint8Array, b: Uint8Array): Uint16Array | Uint32Array {
  const width = b.length + 1;
  const entries = (a.length + 1) * width;
  const table = Math.min(a.length, b.length) <= SHORT_MAX ? new Uint16Array(entries) : new Uint32Array(entries);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1]!;
    let at = i * width + 1;
    for (let j = 0; j < b.length; j++, at++) {
      if (b[j] === byte) table[at] = table[at - width - 1]! + 1;
      else table[at] = Math.max(table[at - width]!, table[at - 1]!);
    }
  }
  return table;
}
