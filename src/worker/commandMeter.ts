import { type DispatchedCall, type Outcome, REFUSED } from "../core/command/dispatch.ts";
import type { CommandSpec } from "../core/command/spec.ts";
import type { Clock } from "../ports/clock.ts";

/** What one command has cost so far: `INFO commandstats`, `LATENCY HISTOGRAM`, `/metrics`. */
export interface CommandUsage {
  calls: number;
  micros: number;
  rejected: number;
  failed: number;
  /** How many calls took up to 2^i microseconds, at index i. */
  readonly histogram: Uint32Array;
  /** It only reads: keys that it looks up count as hits or misses. */
  readonly reads: boolean;
}

const BUCKETS = 32;

/** Counts and times every command; tells of the slow ones. */
export class CommandMeter {
  readonly usage = new Map<CommandSpec, CommandUsage>();
  commands = 0;
  errors = 0;
  /** Keys that reading commands looked for and found, or did not find. */
  hits = 0;
  misses = 0;
  /** How many error replies began with which code. */
  readonly errorCodes = new Map<string, number>();
  /** Commands that take at least so many microseconds are told to `onSlow`. */
  slowMicros = 10_000;
  onSlow: (call: DispatchedCall, micros: number) => void = () => undefined;
  #last: CommandSpec | undefined;
  #lastUsage: CommandUsage | undefined;
  /** What the key space had counted after the last command, those that write included. */
  #seenHits = 0;
  #seenMisses = 0;

  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): number {
    return this.#clock.micros();
  }

  /** Answers how long it took, 0 if it was refused. */
  finish(call: DispatchedCall, started: number, outcome: Outcome, failed: boolean): number {
    const { spec } = call;
    this.commands++;
    if (failed) this.errors++;
    if (spec === undefined) return 0;
    const usage = spec === this.#last ? this.#lastUsage! : this.#of(spec);
    if (outcome === REFUSED) {
      usage.rejected++;
      return 0;
    }
    const { hits, misses } = call.state.statistics;
    if (usage.reads) {
      this.hits += hits - this.#seenHits;
      this.misses += misses - this.#seenMisses;
    }
    this.#seenHits = hits;
    this.#seenMisses = misses;
    const micros = this.#clock.micros() - started;
    usage.calls++;
    usage.micros += micros;
    if (failed) usage.failed++;
    usage.histogram[32 - Math.clz32(micros | 0)]!++;
    if (micros >= this.slowMicros) this.onSlow(call, micros);
    return micros;
  }

  #of(spec: CommandSpec): CommandUsage {
    let usage = this.usage.get(spec);
    if (usage === undefined) {
      const reads = spec.flags.includes("readonly");
      usage = { calls: 0, micros: 0, rejected: 0, failed: 0, histogram: new Uint32Array(BUCKETS + 1), reads };
      this.usage.set(spec, usage);
    }
    this.#last = spec;
    this.#lastUsage = usage;
    return usage;
  }

  /** `text` is an error reply without its minus. */
  countError(text: string): void {
    const space = text.indexOf(" ");
    const code = space === -1 ? "ERR" : text.slice(0, space);
    this.errorCodes.set(code, (this.errorCodes.get(code) ?? 0) + 1);
  }

  reset(): void {
    this.errorCodes.clear();
    this.usage.clear();
    this.#last = undefined;
    this.commands = 0;
    this.errors = 0;
    this.hits = 0;
    this.misses = 0;
  }
}
