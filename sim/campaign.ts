import type { Violation } from "./violation.ts";

/** A world that is over. */
export interface PlayedWorld {
  readonly scheduler: { readonly steps: number; readonly nowMicros: number };
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>;
  readonly hash: { toString(): string };
  readonly violation: Violation | undefined;
}

export interface CampaignSettings {
  readonly from: number;
  readonly seeds: number;
  /** Plays the world of a seed to its end. */
  readonly play: (seed: string) => PlayedWorld | Promise<PlayedWorld>;
  /** Ends at the first violation. */
  readonly stopsAtFirst: boolean;
  readonly onViolation?: (seed: number, violation: Violation) => void;
  readonly onProgress?: (done: number, violations: number) => void;
}

export interface CampaignResult {
  readonly seeds: number;
  /** Seeds that showed a violation, in order. */
  readonly failed: readonly number[];
  readonly events: number;
  /** Virtual time of all worlds. */
  readonly virtualSeconds: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Plays the worlds of consecutive seeds, one after the other. */
export async function runCampaign(settings: CampaignSettings): Promise<CampaignResult> {
  const { from, seeds, play, stopsAtFirst, onViolation, onProgress } = settings;
  const counts = new Map<string, number>();
  const failed: number[] = [];
  let events = 0;
  let virtualMicros = 0;
  let done = 0;
  while (done < seeds && !(stopsAtFirst && failed.length > 0)) {
    const seed = from + done;
    const world = await play(String(seed));
    done++;
    events += world.scheduler.steps;
    virtualMicros += world.scheduler.nowMicros;
    for (const [name, count] of world.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    if (world.violation !== undefined) {
      failed.push(seed);
      onViolation?.(seed, world.violation);
    }
    onProgress?.(done, failed.length);
  }
  return { seeds: done, failed, events, virtualSeconds: virtualMicros / 1e6, counts };
}
