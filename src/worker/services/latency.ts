import type { LatencyMonitor as LatencyMonitorOfCommands } from "../../core/command/nodeServices.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { CommandMeter } from "../commandMeter.ts";

/** As many samples of an event as Redis keeps, at most one for each second. */
const SAMPLES_MAX = 160;

interface Event {
  readonly samples: [seconds: number, millis: number][];
  worstMillis: number;
}

/** Times at which something took longer than `latency-monitor-threshold`. */
export class LatencyMonitor implements LatencyMonitorOfCommands {
  readonly #events = new Map<string, Event>();
  readonly #commands: CommandTable;
  readonly #meter: CommandMeter;

  constructor(commands: CommandTable, meter: CommandMeter) {
    this.#commands = commands;
    this.#meter = meter;
  }

  add(name: string, atSeconds: number, millis: number): void {
    let event = this.#events.get(name);
    if (event === undefined) {
      event = { samples: [], worstMillis: 0 };
      this.#events.set(name, event);
    }
    event.worstMillis = Math.max(event.worstMillis, millis);
    const last = event.samples.at(-1);
    if (last?.[0] === atSeconds) last[1] = Math.max(last[1], millis);
    else event.samples.push([atSeconds, millis]);
    if (event.samples.length > SAMPLES_MAX) event.samples.shift();
  }

  events(): readonly string[] {
    return [...this.#events.keys()];
  }

  history(name: string): readonly (readonly [number, number])[] {
    return this.#events.get(name)?.samples ?? [];
  }

  worst(name: string): number {
    return this.#events.get(name)?.worstMillis ?? 0;
  }

  reset(names: readonly string[]): number {
    const wanted = names.length === 0 ? this.events() : names;
    return wanted.filter((name) => this.#events.delete(name)).length;
  }

  histogram(
    command: string,
  ): { readonly calls: number; readonly buckets: readonly (readonly [number, number])[] } | undefined {
    const spec = this.#commands.byName(command);
    const usage = spec === undefined ? undefined : this.#meter.usage.get(spec);
    if (usage === undefined || usage.calls === 0) return undefined;
    const buckets: [number, number][] = [];
    let total = 0;
    for (const [power, count] of usage.histogram.entries()) {
      total += count;
      if (count > 0) buckets.push([2 ** power, total]);
    }
    return { calls: usage.calls, buckets };
  }
}
