import type { Call } from "../call.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readHash } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";

export const hget: CommandSpec = {
  name: "hget",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Get the value of a hash field",
  syntax: "key#0 field",
  complexity: "O(1)",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    call.reply.bulkOrNull(hash?.get(call.args.text(2)));
  },
};

export const hmget: CommandSpec = {
  name: "hmget",
  arity: -3,
  flags: ["readonly", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Get the values of all the given hash fields",
  syntax: "key#0 field*",
  complexity: "O(N) where N is the number of fields being requested.",
  keys: [keyAt(1, "RO", "access")],
  evaluate(call: Call): void {
    const { args, reply } = call;
    const hash = readHash(call, args.text(1));
    if (hash === null) return;
    reply.array(args.length - 2);
    for (let i = 2; i < args.length; i++) reply.bulkOrNull(hash?.get(args.text(i)));
  },
};

export const hexists: CommandSpec = {
  name: "hexists",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Determine if a hash field exists",
  syntax: "key#0 field",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    call.reply.integer(hash?.has(call.args.text(2)) ? 1 : 0);
  },
};

export const hstrlen: CommandSpec = {
  name: "hstrlen",
  arity: 3,
  flags: ["readonly", "fast"],
  group: "hash",
  since: "3.2.0",
  summary: "Get the length of the value of a hash field",
  syntax: "key#0 field",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    call.reply.integer(hash?.get(call.args.text(2))?.length ?? 0);
  },
};

export const hlen: CommandSpec = {
  name: "hlen",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "hash",
  since: "2.0.0",
  summary: "Get the number of fields in a hash",
  syntax: "key#0",
  complexity: "O(1)",
  keys: [keyAt(1, "RO")],
  evaluate(call: Call): void {
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    call.reply.integer(hash?.length ?? 0);
  },
};

export const hgetall: CommandSpec = {
  name: "hgetall",
  arity: 2,
  flags: ["readonly"],
  group: "hash",
  since: "2.0.0",
  summary: "Get all the fields and values in a hash",
  syntax: "key#0",
  complexity: "O(N) where N is the size of the hash.",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const { reply } = call;
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    reply.map(hash?.length ?? 0);
    hash?.forEach((field, value) => {
      reply.bulk(field);
      reply.bulk(value);
    });
  },
};

export const hkeys: CommandSpec = {
  name: "hkeys",
  arity: 2,
  flags: ["readonly"],
  group: "hash",
  since: "2.0.0",
  summary: "Get all the fields in a hash",
  syntax: "key#0",
  complexity: "O(N) where N is the size of the hash.",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const { reply } = call;
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    reply.array(hash?.length ?? 0);
    hash?.forEach((field) => {
      reply.bulk(field);
    });
  },
};

export const hvals: CommandSpec = {
  name: "hvals",
  arity: 2,
  flags: ["readonly"],
  group: "hash",
  since: "2.0.0",
  summary: "Get all the values in a hash",
  syntax: "key#0",
  complexity: "O(N) where N is the size of the hash.",
  keys: [keyAt(1, "RO", "access")],
  hints: ["nondeterministic_output_order"],
  evaluate(call: Call): void {
    const { reply } = call;
    const hash = readHash(call, call.args.text(1));
    if (hash === null) return;
    reply.array(hash?.length ?? 0);
    hash?.forEach((_field, value) => {
      reply.bulk(value);
    });
  },
};
