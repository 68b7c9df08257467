import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readSet } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";

export const sadd: CommandSpec = {
  name: "sadd",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Add one or more members to a set",
  syntax: "key#0 member*",
  complexity:
    "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
  keys: [keyAt(1, "RW", "insert")],
  history: [["2.4.0", "Accepts multiple `member` arguments."]],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const key = args.text(1);
    const set = readSet(call, key);
    if (set === null) return;
    const members = args.texts(2);
    const absent = set === undefined ? members : members.filter((member) => !set.has(member));
    reply.integer(absent.length === 0 ? 0 : call.mutate.setAdd(key, absent));
  },
};

export const srem: CommandSpec = {
  name: "srem",
  arity: -3,
  flags: ["write", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Remove one or more members from a set",
  syntax: "key#0 member*",
  complexity: "O(N) where N is the number of members to be removed.",
  keys: [keyAt(1, "RW", "delete")],
  history: [["2.4.0", "Accepts multiple `member` arguments."]],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const key = args.text(1);
    const set = readSet(call, key);
    if (set === null) return;
    if (set === undefined) return reply.integer(0);
    const present = args.texts(2).filter((member) => set.has(member));
    reply.integer(present.length === 0 ? 0 : call.mutate.setRemove(key, present));
  },
};

export const smove: CommandSpec = {
  name: "smove",
  arity: 4,
  flags: ["write", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Move a member from one set to another",
  syntax: "source#0 destination#1 member",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
  evaluate(call: Call): void {
    const { args, reply, mutate } = call;
    const sourceKey = args.text(1);
    const targetKey = args.text(2);
    const member = args.text(3);
    const source = readSet(call, sourceKey);
    if (source === null) return;
    if (source === undefined) return reply.integer(0);
    const target = readSet(call, targetKey);
    if (target === null) return;
    if (!source.has(member)) return reply.integer(0);
    if (sourceKey !== targetKey) {
      mutate.setRemove(sourceKey, [member]);
      if (!target?.has(member)) mutate.setAdd(targetKey, [member]);
    }
    reply.integer(1);
  },
};
