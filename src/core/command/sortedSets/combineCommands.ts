import { countedKeys, keyAt } from "../lists/keySpecs.ts";
import type { CommandSpec } from "../spec.ts";
import { countIntersection, replyCombination, storeCombination } from "./combineRequest.ts";

export const zunion: CommandSpec = {
  name: "zunion",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Add multiple sorted sets",
  syntax: "numkeys<integer> key#0* [WEIGHTS=weight<integer>*] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
  complexity:
    "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
  keys: [countedKeys(1, "RO", "access")],
  evaluate: (call) => replyCombination(call, "union"),
};

export const zinter: CommandSpec = {
  name: "zinter",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Intersect multiple sorted sets",
  syntax: "numkeys<integer> key#0* [WEIGHTS=weight<integer>*] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
  complexity:
    "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
  keys: [countedKeys(1, "RO", "access")],
  evaluate: (call) => replyCombination(call, "intersection"),
};

export const zdiff: CommandSpec = {
  name: "zdiff",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Subtract multiple sorted sets",
  syntax: "numkeys<integer> key#0* [WITHSCORES]",
  complexity:
    "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
  keys: [countedKeys(1, "RO", "access")],
  evaluate: (call) => replyCombination(call, "difference"),
};

export const zunionstore: CommandSpec = {
  name: "zunionstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Add multiple sorted sets and store the resulting sorted set in a new key",
  syntax: "destination#0 numkeys<integer> key#1* [WEIGHTS=weight<integer>*] [AGGREGATE=aggregate(SUM|MIN|MAX)]",
  complexity:
    "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
  keys: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
  evaluate: (call) => storeCombination(call, "union"),
};

export const zinterstore: CommandSpec = {
  name: "zinterstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Intersect multiple sorted sets and store the resulting sorted set in a new key",
  syntax: "destination#0 numkeys<integer> key#1* [WEIGHTS=weight<integer>*] [AGGREGATE=aggregate(SUM|MIN|MAX)]",
  complexity:
    "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
  keys: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
  evaluate: (call) => storeCombination(call, "intersection"),
};

export const zdiffstore: CommandSpec = {
  name: "zdiffstore",
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Subtract multiple sorted sets and store the resulting sorted set in a new key",
  syntax: "destination#0 numkeys<integer> key#1*",
  complexity:
    "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
  keys: [keyAt(1, "OW", "update"), countedKeys(2, "RO", "access")],
  evaluate: (call) => storeCombination(call, "difference"),
};

export const zintercard: CommandSpec = {
  name: "zintercard",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  group: "sorted-set",
  since: "7.0.0",
  summary: "Intersect multiple sorted sets and return the cardinality of the result",
  syntax: "numkeys<integer> key#0* [LIMIT=limit<integer>]",
  complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
  keys: [countedKeys(1, "RO", "access")],
  evaluate: countIntersection,
};
