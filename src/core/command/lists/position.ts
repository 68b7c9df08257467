import type { ListValue } from "../../state/values/listValue.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { readList } from "../lookup.ts";
import { argInteger, argRange } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { keyAt } from "./keySpecs.ts";

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  "or use negative to start from the end of the list";

/** What `LPOS` looks for besides the element. */
interface Search {
  /** The first match that counts, from 1; negative: from the back. */
  rank: number;
  /** How many matches are wanted, 0 for all; undefined: one, and the reply is no array. */
  count: number | undefined;
  /** How many elements are compared at most; 0: all. */
  compareMax: number;
}

export const lpos: CommandSpec = {
  name: "lpos",
  arity: -3,
  flags: ["readonly"],
  group: "list",
  since: "6.0.6",
  summary: "Return the index of matching elements on a list",
  syntax: "key#0 element [RANK=rank<integer>] [COUNT=num-matches<integer>] [MAXLEN=len<integer>]",
  complexity:
    "O(N) where N is the number of elements in the list, for the average case. When searching for elements near " +
    "the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant " +
    "time.",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const search = argSearch(call);
    if (search === undefined) return;
    const list = readList(call, args.text(1));
    if (list === null) return;
    const positions = list === undefined ? [] : positionsOf(list, args.text(2), search);
    if (search.count !== undefined) {
      reply.array(positions.length);
      for (const position of positions) reply.integer(position);
    } else if (positions.length === 0) reply.null();
    else reply.integer(positions[0]!);
  },
};

/** The options from argument 3 on; undefined after an error reply. */
function argSearch(call: Call): Search | undefined {
  const { args } = call;
  const search: Search = { rank: 1, count: undefined, compareMax: 0 };
  for (let i = 3; i < args.length; i += 2) {
    const hasValue = i + 1 < args.length;
    if (hasValue && args.is(i, "rank")) {
      const rank = argInteger(call, i + 1);
      if (rank === undefined) return undefined;
      if (rank === 0) return refuse(call, RANK_ZERO);
      search.rank = rank;
    } else if (hasValue && args.is(i, "count")) {
      const count = argRange(call, i + 1, 0, Infinity, "ERR COUNT can't be negative");
      if (count === undefined) return undefined;
      search.count = count;
    } else if (hasValue && args.is(i, "maxlen")) {
      const compareMax = argRange(call, i + 1, 0, Infinity, "ERR MAXLEN can't be negative");
      if (compareMax === undefined) return undefined;
      search.compareMax = compareMax;
    } else return refuse(call, SYNTAX_ERROR);
  }
  return search;
}

function refuse(call: Call, error: string): undefined {
  fail(call, error);
}

function positionsOf(list: ListValue, element: string, { rank, count, compareMax }: Search): number[] {
  const { length } = list;
  const compared = compareMax === 0 ? length : Math.min(compareMax, length);
  const wanted = count === undefined ? 1 : count === 0 ? Infinity : count;
  const positions: number[] = [];
  let matches = 0;
  const isEnough = (value: string, index: number): boolean => {
    if (value !== element || ++matches < Math.abs(rank)) return false;
    positions.push(index);
    return positions.length >= wanted;
  };
  if (rank > 0) list.find(0, compared, isEnough);
  else list.findReverse(length - compared, length, isEnough);
  return positions;
}
