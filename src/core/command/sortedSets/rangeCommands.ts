import { keyAt } from "../lists/keySpecs.ts";
import type { CommandSpec } from "../spec.ts";
import { evaluateRange, type RangeForm, storeRange } from "./range.ts";

const ANY: RangeForm = { kind: undefined, reverse: undefined, keyAt: 1 };
const REVERSE: RangeForm = { kind: "rank", reverse: true, keyAt: 1 };
const BY_SCORE: RangeForm = { kind: "score", reverse: false, keyAt: 1 };
const REVERSE_BY_SCORE: RangeForm = { kind: "score", reverse: true, keyAt: 1 };
const BY_LEX: RangeForm = { kind: "lex", reverse: false, keyAt: 1 };
const REVERSE_BY_LEX: RangeForm = { kind: "lex", reverse: true, keyAt: 1 };
const ANY_TO_STORE: RangeForm = { kind: undefined, reverse: undefined, keyAt: 2 };

export const zrange: CommandSpec = {
  name: "zrange",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Return a range of members in a sorted set",
  syntax:
    "key#0 start stop [sortby(BYSCORE|BYLEX)@6.2.0] [REV@6.2.0] [LIMIT=offset_count{offset<integer> count<integer>}@6.2.0] [WITHSCORES]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
  keys: [keyAt(1, "RO", "access")],
  history: [["6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."]],
  evaluate: (call) => evaluateRange(call, ANY),
};

export const zrevrange: CommandSpec = {
  name: "zrevrange",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Return a range of members in a sorted set, by index, with scores ordered from high to low",
  syntax: "key#0 start<integer> stop<integer> [WITHSCORES]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
  keys: [keyAt(1, "RO", "access")],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` argument" },
  evaluate: (call) => evaluateRange(call, REVERSE),
};

export const zrangebyscore: CommandSpec = {
  name: "zrangebyscore",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "1.0.5",
  summary: "Return a range of members in a sorted set, by score",
  syntax: "key#0 min<double> max<double> [WITHSCORES@2.0.0] [LIMIT=offset_count{offset<integer> count<integer>}]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
  keys: [keyAt(1, "RO", "access")],
  history: [["2.0.0", "Added the `WITHSCORES` modifier."]],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `BYSCORE` argument" },
  evaluate: (call) => evaluateRange(call, BY_SCORE),
};

export const zrevrangebyscore: CommandSpec = {
  name: "zrevrangebyscore",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "2.2.0",
  summary: "Return a range of members in a sorted set, by score, with scores ordered from high to low",
  syntax: "key#0 max<double> min<double> [WITHSCORES] [LIMIT=offset_count{offset<integer> count<integer>}]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
  keys: [keyAt(1, "RO", "access")],
  history: [["2.1.6", "`min` and `max` can be exclusive."]],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments" },
  evaluate: (call) => evaluateRange(call, REVERSE_BY_SCORE),
};

export const zrangebylex: CommandSpec = {
  name: "zrangebylex",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "2.8.9",
  summary: "Return a range of members in a sorted set, by lexicographical range",
  syntax: "key#0 min max [LIMIT=offset_count{offset<integer> count<integer>}]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
  keys: [keyAt(1, "RO", "access")],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `BYLEX` argument" },
  evaluate: (call) => evaluateRange(call, BY_LEX),
};

export const zrevrangebylex: CommandSpec = {
  name: "zrevrangebylex",
  arity: -4,
  flags: ["readonly"],
  group: "sorted-set",
  since: "2.8.9",
  summary: "Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.",
  syntax: "key#0 max min [LIMIT=offset_count{offset<integer> count<integer>}]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
  keys: [keyAt(1, "RO", "access")],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments" },
  evaluate: (call) => evaluateRange(call, REVERSE_BY_LEX),
};

export const zrangestore: CommandSpec = {
  name: "zrangestore",
  arity: -5,
  flags: ["write", "denyoom"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Store a range of members from sorted set into another key",
  syntax: "dst#0 src#1 min max [sortby(BYSCORE|BYLEX)] [REV] [LIMIT=offset_count{offset<integer> count<integer>}]",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
  keys: [keyAt(1, "OW", "update"), keyAt(2, "RO", "access")],
  evaluate: (call) => storeRange(call, ANY_TO_STORE),
};
