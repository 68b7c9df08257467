import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { testNames } from "./redisBenchmark.ts";
import type { Pace } from "./runner.ts";
import { durabilities, type HoldfastProgram } from "./servers.ts";
import type { Filters } from "./workloads.ts";

/** The parts of a run. */
const partNames = ["cells", "memory", "restart", "etcd", "scaling"] as const;
type PartName = (typeof partNames)[number];

export interface Options {
  isFull: boolean;
  parts: ReadonlySet<PartName>;
  filters: Filters;
  pace: Pace;
  jsonFile: string | undefined;
  markdownFile: string | undefined;
  dataRoot: string | undefined;
  isPinned: boolean;
  /** Undefined in a self-check. */
  holdfast: HoldfastProgram | undefined;
  redisArgs: string[];
  isCheck: boolean;
}

export const help = `Usage: npm run bench -- [options]

Compares Holdfast with redis-server: same machine, same run, same promise, in turns. Without options: the cells that the
targets name and a few beside them, memory, restart and etcd, in about five minutes.

What to measure
  --full               every cell and every part (about an hour); writes docs/benchmarks.md
  --only LIST          workloads: ${testNames.join(",")}
  --clients LIST       numbers of connections
  --pipeline LIST      requests sent at once
  --value LIST         bytes of a value
  --keys LIST          sizes of the key space
  --durability LIST    sync, memory
  --cells --memory --restart --etcd --scaling
                       only these parts; scaling visits 10 thousand, 1 million and 10 million keys

How
  --rounds N           rounds, of which the medians are reported (default 3)
  --seconds N          length of one load, about (default 0.4, with --full 1)
  --data DIR           directory on the disk to use (default: the temporary directory)
  --no-pin             do not pin servers to core 0 and clients to core 1
  --holdfast PATH      the program to measure (default bin/holdfast)
  --holdfast-args TEXT more arguments for holdfast start
  --redis-args TEXT    more arguments for redis-server
  --self-check         a second redis-server in Holdfast's place: the ratios show the noise of the measurement

Output
  --json FILE          everything that was measured
  --markdown FILE      the tables, between two marks if the file has them
  --check              exit with 1 if a target that was measured is missed`;

/** Reads the command line; undefined means that help is wanted. Throws an error that names the option. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({ args, options: optionTypes });
  if (values.help) return undefined;
  const filters = readFilters(values);
  const named = partNames.filter((part) => values[part]);
  const isFull = values.full;
  return {
    isFull,
    parts: new Set(named.length > 0 ? named : defaultParts(isFull, filters)),
    filters,
    pace: {
      rounds: positive("rounds", values.rounds),
      seconds: positive("seconds", values.seconds ?? (isFull ? "1" : "0.4")),
    },
    jsonFile: values.json,
    markdownFile: values.markdown ?? (isFull ? "docs/benchmarks.md" : undefined),
    dataRoot: values.data === undefined ? undefined : resolve(values.data),
    isPinned: !values["no-pin"],
    holdfast: values["self-check"]
      ? undefined
      : { script: resolve(values.holdfast), nodeArgs: [], extraArgs: words(values["holdfast-args"]) },
    redisArgs: words(values["redis-args"]),
    isCheck: values.check,
  };
}

const optionTypes = {
  help: { type: "boolean", short: "h", default: false },
  full: { type: "boolean", default: false },
  cells: { type: "boolean", default: false },
  memory: { type: "boolean", default: false },
  restart: { type: "boolean", default: false },
  etcd: { type: "boolean", default: false },
  scaling: { type: "boolean", default: false },
  only: { type: "string" },
  clients: { type: "string" },
  pipeline: { type: "string" },
  value: { type: "string" },
  keys: { type: "string" },
  durability: { type: "string" },
  rounds: { type: "string", default: "3" },
  seconds: { type: "string" },
  json: { type: "string" },
  markdown: { type: "string" },
  data: { type: "string" },
  "no-pin": { type: "boolean", default: false },
  holdfast: { type: "string", default: "bin/holdfast" },
  "holdfast-args": { type: "string", default: "" },
  "redis-args": { type: "string", default: "" },
  "self-check": { type: "boolean", default: false },
  check: { type: "boolean", default: false },
} as const;

/** The texts of the options that filter cells. */
type FilterTexts = Partial<Record<"only" | "clients" | "pipeline" | "value" | "keys" | "durability", string>>;

function readFilters(texts: FilterTexts): Filters {
  const numbers = (name: string, text: string): number[] => text.split(",").map((word) => positive(name, word));
  return {
    ...(texts.only && { test: texts.only.split(",").map((word) => oneOf("only", word, testNames)) }),
    ...(texts.clients && { clients: numbers("clients", texts.clients) }),
    ...(texts.pipeline && { pipeline: numbers("pipeline", texts.pipeline) }),
    ...(texts.value && { valueBytes: numbers("value", texts.value) }),
    ...(texts.keys && { keys: numbers("keys", texts.keys) }),
    ...(texts.durability && {
      durability: texts.durability.split(",").map((word) => oneOf("durability", word, durabilities)),
    }),
  };
}

function defaultParts(isFull: boolean, filters: Filters): readonly PartName[] {
  if (isFull) return partNames;
  return Object.keys(filters).length > 0 ? ["cells"] : ["cells", "memory", "restart", "etcd"];
}

/** What a person asked for cannot be done; the message is all that they need to see. */
export class UsageError extends Error {}

/** A number above zero. Throws a `UsageError` otherwise. */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${option} must be a positive number, not ${text}`);
  return value;
}

/** One of the allowed words. Throws a `UsageError` otherwise. */
export function oneOf<Name extends string>(option: string, text: string, allowed: readonly Name[]): Name {
  const name = allowed.find((candidate) => candidate === text);
  if (name === undefined) throw new UsageError(`--${option} must be one of ${allowed.join(", ")}, not ${text}`);
  return name;
}

/**
 * Runs a program's main function; a mistake on the command line becomes one line and exit code 2. An interrupted run ends by `exit`,
 * where servers.ts kills what it has started.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    await main();
  } catch (error) {
    if (!isUsageError(error)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

/** The words of a text, for arguments that are passed on. */
export function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}
