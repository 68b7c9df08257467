import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { peekArg } from "../generic/peek.ts";
import type { MemoryFigures } from "../nodeServices.ts";
import { argInteger } from "../numbers.ts";
import type { Reply } from "../reply.ts";
import type { CommandSpec } from "../spec.ts";
import { helpSubcommand } from "./help.ts";

const MEMORY_HINTS = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];
const SLOW = "Depends on how much memory is allocated, could be slow";

const HELP = [
  "DOCTOR",
  "    Return memory problems reports.",
  "MALLOC-STATS",
  "    Return internal statistics report from the memory allocator.",
  "PURGE",
  "    Attempt to purge dirty pages for reclamation by the allocator.",
  "STATS",
  "    Return information about the memory usage of the server.",
  "USAGE <key> [SAMPLES <count>]",
  "    Return memory in bytes used by <key> and its value. Nested values are",
  "    sampled up to <count> times (default: 5, 0 means sample all).",
];

type Facts = Pick<CommandSpec, "name" | "summary" | "evaluate"> &
  Partial<Pick<CommandSpec, "syntax" | "complexity" | "hints">>;

function subcommand(facts: Facts): CommandSpec {
  return { complexity: "O(1)", hints: MEMORY_HINTS, ...facts, arity: 2, flags: [], group: "server", since: "4.0.0" };
}

const usage: CommandSpec = {
  name: "usage",
  arity: -3,
  flags: ["readonly"],
  group: "server",
  since: "4.0.0",
  summary: "Estimate the memory usage of a key",
  syntax: "key#0 [SAMPLES=count<integer>]",
  complexity: "O(N) where N is the number of samples.",
  keys: oneKey(["RO"], 2),
  evaluate: evaluateUsage,
};

const stats = subcommand({
  name: "stats",
  summary: "Show memory usage details",
  evaluate: ({ node, reply }) => writeStats(reply, node.memory()),
});

const doctor = subcommand({
  name: "doctor",
  summary: "Outputs memory problems report",
  evaluate: ({ node, reply }) => reply.verbatim(diagnosis(node.memory())),
});

const mallocStats = subcommand({
  name: "malloc-stats",
  summary: "Show allocator internal stats",
  complexity: SLOW,
  evaluate: ({ reply }) => reply.bulk("Memory is allocated by V8, which has no such statistics; see INFO memory."),
});

const purge = subcommand({
  name: "purge",
  summary: "Ask the allocator to release memory",
  complexity: SLOW,
  hints: ["request_policy:all_shards", "response_policy:all_succeeded"],
  // The garbage collector gives memory back by itself.
  evaluate: ({ reply }) => reply.ok(),
});

export const memory: CommandSpec = {
  name: "memory",
  arity: -2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "A container for memory diagnostics commands",
  complexity: "Depends on subcommand.",
  subcommands: [helpSubcommand("memory", "server", "4.0.0", HELP), purge, stats, doctor, mallocStats, usage],
};

/** What a value takes is known at all times, so there is nothing to sample: `SAMPLES` is checked and passed over. */
function evaluateUsage(call: Call): void {
  const { args, state, reply } = call;
  for (let i = 3; i < args.length; i += 2) {
    if (!args.is(i, "samples") || i + 1 >= args.length) return fail(call, SYNTAX_ERROR);
    const samples = argInteger(call, i + 1);
    if (samples === undefined) return;
    if (samples < 0) return fail(call, SYNTAX_ERROR);
  }
  const ref = peekArg(call, 2);
  if (ref === 0) reply.null();
  else reply.integer(state.memoryBytes(ref));
}

/** Redis's names, as far as they mean something here. */
function writeStats(reply: Reply, figures: MemoryFigures): void {
  const { data, dataPeak, resident, clients, logBuffer, keys } = figures;
  const integers: readonly (readonly [string, number])[] = [
    ["peak.allocated", dataPeak],
    ["total.allocated", data],
    ["clients.normal", clients],
    ["aof.buffer", logBuffer],
    ["keys.count", keys],
    ["keys.bytes-per-key", keys === 0 ? 0 : Math.floor(data / keys)],
    ["dataset.bytes", data],
    ["fragmentation.bytes", Math.max(0, resident - data)],
  ];
  const doubles: readonly (readonly [string, number])[] = [
    ["dataset.percentage", 100],
    ["peak.percentage", dataPeak === 0 ? 0 : (data / dataPeak) * 100],
    ["fragmentation", data === 0 ? 0 : resident / data],
  ];
  reply.map(integers.length + doubles.length);
  for (const [name, value] of integers) {
    reply.bulk(name);
    reply.integer(value);
  }
  for (const [name, value] of doubles) {
    reply.bulk(name);
    reply.double(value);
  }
}

/** Part of the limit from which on values move to disk often. */
const NEARLY_FULL = 0.95;

function diagnosis({ data, dataMax, clients }: MemoryFigures): string {
  const findings: string[] = [];
  if (data > dataMax * NEARLY_FULL) {
    findings.push(
      "Memory for keys and values is at its limit (CONFIG GET memory): values that are not in use are read from disk.",
    );
  }
  if (clients > data && clients > 64 << 20) {
    findings.push(
      "Clients' buffers take more memory than the data: some read their replies slowly (CLIENT LIST, omem).",
    );
  }
  return findings.length === 0 ? "No memory problem was found.\n" : `${findings.join("\n")}\n`;
}
