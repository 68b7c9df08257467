import type { Call } from "../call.ts";
import { fail, quoted } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";
import { helpSubcommand } from "./help.ts";
import { latencyGraph } from "./latencyGraph.ts";

const NODES_HINTS = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const HELP = [
  "DOCTOR",
  "    Return a human readable latency analysis report.",
  "GRAPH <event>",
  "    Return an ASCII latency graph for the <event> class.",
  "HISTORY <event>",
  "    Return time-latency samples for the <event> class.",
  "LATEST",
  "    Return the latest latency samples for all events.",
  "RESET [<event> ...]",
  "    Reset latency data of one or more <event> classes.",
  "    (default: reset all data for all event classes)",
  "HISTOGRAM [COMMAND ...]",
  "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
  "    If no commands are specified then all histograms are replied.",
];

type Facts = Pick<CommandSpec, "name" | "arity" | "summary" | "evaluate"> &
  Partial<Pick<CommandSpec, "syntax" | "since" | "complexity" | "hints">>;

function subcommand(facts: Facts): CommandSpec {
  return {
    since: "2.8.13",
    complexity: "O(1)",
    hints: NODES_HINTS,
    ...facts,
    flags: ["admin", "noscript", "loading", "stale"],
    group: "server",
  };
}

const history = subcommand({
  name: "history",
  arity: 3,
  summary: "Return timestamp-latency samples for the event.",
  syntax: "event",
  evaluate: ({ args, node, reply }) => {
    const samples = node.latency.history(args.text(2));
    reply.array(samples.length);
    for (const [seconds, millis] of samples) {
      reply.array(2);
      reply.integer(seconds);
      reply.integer(millis);
    }
  },
});

const latest = subcommand({
  name: "latest",
  arity: 2,
  summary: "Return the latest latency samples for all events.",
  evaluate: ({ node, reply }) => {
    const events = node.latency.events();
    reply.array(events.length);
    for (const event of events) {
      const [seconds, millis] = node.latency.history(event).at(-1) ?? [0, 0];
      reply.array(4);
      reply.bulk(event);
      reply.integer(seconds);
      reply.integer(millis);
      reply.integer(node.latency.worst(event));
    }
  },
});

const reset = subcommand({
  name: "reset",
  arity: -2,
  summary: "Reset latency data for one or more events.",
  syntax: "[event*]",
  hints: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  evaluate: ({ args, node, reply }) => reply.integer(node.latency.reset(args.texts(2))),
});

const graph = subcommand({
  name: "graph",
  arity: 3,
  summary: "Return a latency graph for the event.",
  syntax: "event",
  evaluate: (call) => {
    const event = call.args.text(2);
    const samples = call.node.latency.history(event);
    if (samples.length === 0) return fail(call, `ERR No samples available for event '${quoted(event)}'`);
    call.reply.verbatim(latencyGraph(event, samples, call.node.latency.worst(event), Math.floor(call.now / 1000)));
  },
});

const doctor = subcommand({
  name: "doctor",
  arity: 2,
  summary: "Return a human readable latency analysis report.",
  evaluate: (call) => call.reply.verbatim(diagnosis(call)),
});

const histogram = subcommand({
  name: "histogram",
  arity: -2,
  since: "7.0.0",
  summary: "Return the cumulative distribution of latencies of a subset of commands or all.",
  syntax: "[command*]",
  complexity: "O(N) where N is the number of commands with latency information being retrieved.",
  evaluate: evaluateHistogram,
});

export const latency: CommandSpec = {
  name: "latency",
  arity: -2,
  flags: [],
  group: "server",
  since: "2.8.13",
  summary: "A container for latency diagnostics commands",
  complexity: "Depends on subcommand.",
  subcommands: [histogram, graph, reset, latencyHelp(), history, doctor, latest],
};

function latencyHelp(): CommandSpec {
  const help = helpSubcommand("latency", "server", "2.8.13", HELP);
  return { ...help, summary: "Show helpful text about the different subcommands." };
}

/** Counts by upper ends in microseconds; a container stands for its subcommands. */
function evaluateHistogram(call: Call): void {
  const { args, node, reply } = call;
  const { commands, latency: monitor } = node;
  const wanted = args.length === 2 ? commands.all() : args.texts(2).map((name) => commands.byName(name));
  const specs = new Set(wanted.flatMap((spec) => (spec === undefined ? [] : [spec, ...(spec.subcommands ?? [])])));
  const found = [...specs].flatMap((spec) => {
    const name = commands.fullName(spec);
    const figures = monitor.histogram(name);
    return figures === undefined ? [] : [{ name, ...figures }];
  });
  reply.map(found.length);
  for (const { name, calls, buckets } of found) {
    reply.bulk(name);
    reply.map(2);
    reply.bulk("calls");
    reply.integer(calls);
    reply.bulk("histogram_usec");
    reply.map(buckets.length);
    for (const [micros, count] of buckets) {
      reply.integer(micros);
      reply.integer(count);
    }
  }
}

function diagnosis(call: Call): string {
  const { latency: monitor, settings } = call.node;
  const threshold = settings.integer("latency-monitor-threshold");
  const isSwitchedOff = threshold === 0;
  const events = monitor.events();
  if (isSwitchedOff && events.length === 0) {
    return 'Latency is not monitored. "CONFIG SET latency-monitor-threshold <milliseconds>" switches it on.\n';
  }
  if (events.length === 0) return `Nothing took ${threshold} milliseconds or longer.\n`;
  const lines = events.map((event) => {
    const samples = monitor.history(event);
    const mean = samples.reduce((sum, [, millis]) => sum + millis, 0) / samples.length;
    return `${event}: ${samples.length} samples, ${mean.toFixed(1)} ms on average, ${monitor.worst(event)} ms at worst.\n`;
  });
  const advice: string[] = [];
  if (events.includes("command") || events.includes("fast-command")) {
    advice.push("SLOWLOG GET shows which commands were slow.\n");
  }
  if (events.includes("aof-fsync-always")) {
    advice.push("aof-fsync-always is the time the disk takes to write and sync the log: every write waits for it.\n");
  }
  return [...lines, "\n", ...advice].join("");
}
