import { Glob } from "../../../base/glob.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { argInteger } from "../numbers.ts";

/** Options of a command of the `SCAN` family. */
export interface ScanOptions {
  /** About how many elements a step visits; at least 1. */
  readonly count: number;
  matches(element: string): boolean;
}

const COUNT_DEFAULT = 10;
const CURSOR_END = 2n ** 64n;

/**
 * Argument `i` as a cursor, read as Redis does by C's `strtoul`: signs and the empty text are taken, a negative number
 * wraps. Beyond 2^53 it is rounded: no such cursor is ever given out. Undefined after an error reply.
 */
export function argCursor(call: Call, i: number): number | undefined {
  const text = call.args.text(i);
  if (text === "") return 0;
  const magnitude = /^[+-]?[0-9]{1,40}$/.test(text) ? BigInt(text.replace(/^[+-]/, "")) : CURSOR_END;
  if (magnitude < CURSOR_END) return Number(text[0] === "-" ? BigInt.asUintN(64, -magnitude) : magnitude);
  fail(call, "ERR invalid cursor");
  return undefined;
}

/** `MATCH` and `COUNT` from argument `from` on, the last of each; undefined after an error reply. */
export function argScanOptions(call: Call, from: number): ScanOptions | undefined {
  const { args } = call;
  let count = COUNT_DEFAULT;
  let glob: Glob | undefined;
  for (let i = from; i < args.length; i += 2) {
    if (i + 1 === args.length) return refuse(call);
    if (args.is(i, "match")) glob = new Glob(args.text(i + 1));
    else if (args.is(i, "count")) {
      const given = argInteger(call, i + 1);
      if (given === undefined) return undefined;
      if (given < 1) return refuse(call);
      count = given;
    } else return refuse(call);
  }
  return { count, matches: (element) => glob === undefined || glob.all || glob.matches(element) };
}

function refuse(call: Call): undefined {
  fail(call, SYNTAX_ERROR);
}

/** The next cursor, 0 at the end, and the elements of this step. */
export function replyScanStep(call: Call, next: number, elements: readonly string[]): void {
  call.reply.array(2);
  call.reply.bulk(String(next));
  call.reply.bulks(elements);
}
