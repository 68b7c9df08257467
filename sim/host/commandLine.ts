import { randomInt } from "node:crypto";
import { type CampaignResult, type PlayedWorld, runCampaign } from "../campaign.ts";
import type { Violation } from "../violation.ts";

/** What every simulator can be told, for `parseArgs`. */
export const COMMON_OPTIONS = {
  seed: { type: "string" },
  seeds: { type: "string" },
  from: { type: "string", default: "0" },
  sabotage: { type: "string" },
  trace: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export interface CommonOptions {
  readonly seed?: string | undefined;
  readonly seeds?: string | undefined;
  readonly from: string;
  readonly sabotage?: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** A kind of worlds with a command line of its own. `S` is a bug that can be put into the program. */
export interface Simulator<S> {
  readonly usage: string;
  /** Bugs that the worlds notice. */
  readonly sabotageNames: readonly string[];
  /** One of these bugs, or one that something else notices. */
  sabotageNamed(name: string): S | undefined;
  printSabotages(): void;
  /** A bug that was put in must show within so many worlds. */
  readonly sabotageSeedsMax: number;
  /** So much is told of a violation when there are many worlds. */
  readonly violationCharsMax: number;
  /** What is told of a bug that was found. */
  describe(violation: Violation): string;
  play(seed: string, sabotage: S | undefined): PlayedWorld | Promise<PlayedWorld>;
  /** Plays one world, and tells about it. Returns whether everything was as it should be. */
  playAndTell(seed: string, sabotage: S | undefined): Promise<boolean>;
}

const SEED_MAX = 2 ** 32;

/** Does what was asked for. Returns whether everything was as it should be. */
export async function runCommand<S>(simulator: Simulator<S>, options: CommonOptions): Promise<boolean> {
  const { seed, seeds, sabotage: name } = options;
  if (options.help) console.log(simulator.usage);
  else if (name === "list") simulator.printSabotages();
  else if (name === "all") return trySabotages(simulator, options);
  else {
    const sabotage = name === undefined ? undefined : known(simulator, name);
    if (seeds !== undefined) return playMany(simulator, options, Number(seeds), sabotage);
    if (name !== undefined && seed === undefined) return trySabotage(simulator, options, name);
    return simulator.playAndTell(seed ?? String(randomInt(SEED_MAX)), sabotage);
  }
  return true;
}

function known<S>(simulator: Simulator<S>, name: string): S {
  return simulator.sabotageNamed(name) ?? refuse(`There is no sabotage "${name}"; --sabotage list shows them.`);
}

/** Ends the program, which was asked for what it does not know. */
export function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

async function playMany<S>(
  simulator: Simulator<S>,
  { from, json }: CommonOptions,
  seeds: number,
  sabotage: S | undefined,
): Promise<boolean> {
  const began = performance.now();
  const { violationCharsMax } = simulator;
  const result = await runCampaign({
    from: Number(from),
    seeds,
    play: (seed) => simulator.play(seed, sabotage),
    stopsAtFirst: false,
    onViolation: (seed, { message }) =>
      !json && console.log(`seed ${seed} VIOLATION ${message.slice(0, violationCharsMax)}`),
    onProgress: (done, violations) => !json && showProgress(done, seeds, violations),
  });
  const seconds = (performance.now() - began) / 1000;
  if (json) console.log(JSON.stringify({ ...result, counts: Object.fromEntries(result.counts), seconds }));
  else printSummary(result, seconds);
  return result.failed.length === 0;
}

function showProgress(done: number, seeds: number, violations: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${done} of ${seeds} worlds, ${violations} violations `);
  if (done === seeds) process.stderr.write("\n");
}

function printSummary({ seeds, failed, events, virtualSeconds, counts }: CampaignResult, seconds: number): void {
  printCounts(counts);
  const rate = seeds / seconds;
  const speed = `${rate.toFixed(rate < 10 ? 1 : 0)} worlds a second`;
  console.log(`${seeds} worlds, ${events} events, ${(virtualSeconds / 3600).toFixed(1)} virtual hours; ${speed}`);
  console.log(failed.length === 0 ? "no violation" : `violations in ${failed.length} worlds`);
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of [...counts].sort()) console.log(`${String(count).padStart(9)}  ${name}`);
}

async function trySabotages<S>(simulator: Simulator<S>, options: CommonOptions): Promise<boolean> {
  let areAllFound = true;
  for (const name of simulator.sabotageNames) {
    areAllFound = (await trySabotage(simulator, options, name)) && areAllFound;
  }
  return areAllFound;
}

/** Whether the worlds notice a bug that was put in. */
async function trySabotage<S>(simulator: Simulator<S>, { from, json }: CommonOptions, name: string): Promise<boolean> {
  const sabotage = known(simulator, name);
  let found: Violation | undefined;
  const { seeds, failed } = await runCampaign({
    from: Number(from),
    seeds: simulator.sabotageSeedsMax,
    play: (seed) => simulator.play(seed, sabotage),
    stopsAtFirst: true,
    onViolation: (_seed, violation) => {
      found = violation;
    },
  });
  const { invariant, message } = found ?? { invariant: "", message: "" };
  const isFound = found !== undefined;
  const text = found === undefined ? "" : simulator.describe(found);
  if (json) console.log(JSON.stringify({ name, seeds, seed: failed[0], isFound, invariant, message }));
  else console.log(`${isFound ? `found in world ${seeds}` : `NOT FOUND in ${seeds} worlds`}: ${name} (${text})`);
  return isFound;
}

/** Prints what happened in a world, and with which arguments to play it again if that was wrong. Returns whether it was right. */
export function tellOutcome({ counts, scheduler, hash, violation }: PlayedWorld, again: string): boolean {
  printCounts(counts);
  const seconds = (scheduler.nowMicros / 1e6).toFixed(1);
  console.log(`${scheduler.steps} events, ${seconds} virtual seconds, trace ${hash}`);
  if (violation === undefined) return true;
  console.log(`VIOLATION ${violation.message}\nagain: npm run sim -- ${again} --trace`);
  return false;
}

/** What `--trace` does. */
export const PRINT_TRACE = { onTrace: (line: string): void => console.log(line) };
