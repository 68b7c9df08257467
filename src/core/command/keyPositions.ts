import type { Args } from "./args.ts";
import type { KeyFlag, KeySpec } from "./spec.ts";

/** Where one key of a request is, and what the command does with it. */
export interface KeyPosition {
  readonly position: number;
  readonly flags: readonly KeyFlag[];
}

/** First and last key of one specification, as positions in the request. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Finds the keys of a request by the command's key specifications (Redis documentation, "Command key specifications").
 * A specification by keyword whose keyword is absent adds nothing; undefined when another one does not fit the request.
 */
export function keyPositions(specs: readonly KeySpec[], args: Args): KeyPosition[] | undefined {
  const positions: KeyPosition[] = [];
  for (const spec of specs) {
    if (spec.flags.includes("not_key")) continue;
    const begin = beginOf(spec, args);
    if (begin === 0) continue;
    const span = spanFrom(spec, begin, args);
    if (span === undefined) return undefined;
    const { first, last } = span;
    // An empty span at a count of zero: `ZUNIONSTORE d 0` is refused by the command itself.
    if (first >= args.length || last >= args.length || last < first) return undefined;
    const flags = flagsOf(spec, args);
    for (let i = first; i <= last; i += spec.find.keyStep) positions.push({ position: i, flags });
  }
  return positions;
}

/** `SET` is the one command here whose flags depend on its options: only with `GET` it reads. */
function flagsOf(spec: KeySpec, args: Args): readonly KeyFlag[] {
  if (!spec.flags.includes("variable_flags")) return spec.flags;
  for (let i = 3; i < args.length; i++) {
    if (args.is(i, "get")) return spec.flags.filter((flag) => flag !== "variable_flags");
  }
  return OVERWRITES;
}

const OVERWRITES: readonly KeyFlag[] = ["OW", "update"];

/** Where the search for keys begins; 0 when the keyword is not there. */
function beginOf(spec: KeySpec, args: Args): number {
  const { begin } = spec;
  if ("index" in begin) return begin.index;
  const keyword = begin.keyword.toLowerCase();
  const forward = begin.startFrom > 0;
  const end = forward ? args.length - 1 : 0;
  const step = forward ? 1 : -1;
  for (let i = forward ? begin.startFrom : args.length + begin.startFrom; forward ? i < end : i > end; i += step) {
    if (args.is(i, keyword)) return i + 1;
  }
  return 0;
}

function spanFrom(spec: KeySpec, begin: number, args: Args): Span | undefined {
  const { find } = spec;
  if ("keyNumIndex" in find) {
    if (begin + find.keyNumIndex >= args.length) return undefined;
    const text = args.text(begin + find.keyNumIndex);
    if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined;
    const first = begin + find.firstKey;
    return { first, last: first + (Number(text) - 1) * find.keyStep };
  }
  if (find.lastKey >= 0) return { first: begin, last: begin + find.lastKey };
  if (find.limit === 0) return { first: begin, last: args.length + find.lastKey };
  return { first: begin, last: begin + Math.trunc((args.length - begin) / find.limit) + find.lastKey };
}

/**
 * First key, last key and step of the specifications that begin at a fixed place and follow each other, which is what
 * `COMMAND INFO` showed before there were specifications. A last key below 0 counts from the end of the request.
 */
export function keyRange(specs: readonly KeySpec[]): readonly [number, number, number] {
  let first = 0;
  let last = 0;
  let step = 0;
  for (const { begin, find } of specs) {
    if (!("index" in begin) || !("lastKey" in find)) continue;
    if (last !== 0 && last !== begin.index - 1) continue;
    if (first === 0) first = begin.index;
    last = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey;
    step = specs.length === 1 ? find.keyStep : 1;
  }
  return [first, last, step];
}
