import type { Call } from "../call.ts";
import { hasRoomFor } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readZSet } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { argBounds, type RangeKind, ranksOf } from "./bounds.ts";

export const zrem: CommandSpec = {
  name: "zrem",
  arity: -3,
  flags: ["write", "fast"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Remove one or more members from a sorted set",
  syntax: "key#0 member*",
  complexity:
    "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
  keys: [keyAt(1, "RW", "delete")],
  history: [["2.4.0", "Accepts multiple elements."]],
  evaluate: remove,
};

export const zremrangebylex: CommandSpec = {
  name: "zremrangebylex",
  arity: 4,
  flags: ["write"],
  group: "sorted-set",
  since: "2.8.9",
  summary: "Remove all members in a sorted set between the given lexicographical range",
  syntax: "key#0 min max",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
  keys: [keyAt(1, "RW", "delete")],
  evaluate: (call) => removeRange(call, "lex"),
};

export const zremrangebyrank: CommandSpec = {
  name: "zremrangebyrank",
  arity: 4,
  flags: ["write"],
  group: "sorted-set",
  since: "2.0.0",
  summary: "Remove all members in a sorted set within the given indexes",
  syntax: "key#0 start<integer> stop<integer>",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
  keys: [keyAt(1, "RW", "delete")],
  evaluate: (call) => removeRange(call, "rank"),
};

export const zremrangebyscore: CommandSpec = {
  name: "zremrangebyscore",
  arity: 4,
  flags: ["write"],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Remove all members in a sorted set within the given scores",
  syntax: "key#0 min<double> max<double>",
  complexity:
    "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
  keys: [keyAt(1, "RW", "delete")],
  evaluate: (call) => removeRange(call, "score"),
};

function remove(call: Call): void {
  const { args } = call;
  const key = args.text(1);
  const zset = readZSet(call, key);
  if (zset === null) return;
  const present = new Set<string>();
  if (zset !== undefined) {
    for (let i = 2; i < args.length; i++) {
      const member = args.text(i);
      if (zset.score(member) !== undefined) present.add(member);
    }
  }
  if (present.size > 0) call.mutate.zsetRemove(key, [...present]);
  call.reply.integer(present.size);
}

function removeRange(call: Call, kind: RangeKind): void {
  const range = argBounds(call, kind, 2, 3);
  if (range === undefined) return;
  const key = call.args.text(1);
  const zset = readZSet(call, key);
  if (zset === null) return;
  const members: string[] = [];
  if (zset !== undefined) {
    const { start, end } = ranksOf(zset, range);
    zset.forRange(start, end, (member) => members.push(member));
  }
  if (!hasRoomFor(call, members)) return;
  if (members.length > 0) call.mutate.zsetRemove(key, members);
  call.reply.integer(members.length);
}
