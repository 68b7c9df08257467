import type { Watch, WatchTable } from "../../src/coordination/watchTable.ts";
import { type ZnodeEvent, ZnodeTree } from "../../src/coordination/znodeTree.ts";
import type { Decided, SimCoordinatorParts } from "./simCoordinator.ts";

/** One server of the ensemble: it does what was decided, in order, but in its own time. */
export class SimCoordinatorServer {
  readonly tree = new ZnodeTree();
  /** How much of what was decided it has done. */
  done = 0;
  readonly #parts: Required<SimCoordinatorParts>;
  readonly #decided: readonly Decided[];
  /** What each thing done has meant for watches. */
  readonly #events: (readonly ZnodeEvent[])[] = [];
  readonly #listeners = new Set<(events: readonly ZnodeEvent[]) => void>();
  #pausedUntilMicros = 0;

  constructor(parts: Required<SimCoordinatorParts>, decided: readonly Decided[]) {
    this.#parts = parts;
    this.#decided = decided;
  }

  /** Tells what happens to znodes, as this server does it. */
  listen(listener: (events: readonly ZnodeEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something was decided: it will be done. */
  learn(count: number): void {
    const { scheduler, prng, faults, latencyMicrosMax } = this.#parts;
    const late = faults.lagMicrosMax > 0 && prng.chance(1, 4) ? prng.below(faults.lagMicrosMax) : 0;
    const micros = Math.max(prng.between(1, latencyMicrosMax) + late, this.#pausedUntilMicros - scheduler.nowMicros);
    scheduler.after(micros, undefined, "coordinator server", () => {
      // What was learnt before a pause waits for its end.
      if (scheduler.nowMicros >= this.#pausedUntilMicros) this.catchUp(count);
    });
  }

  /** From now on, and so long, nothing is done by itself. */
  pause(micros: number): void {
    this.#pausedUntilMicros = this.#parts.scheduler.nowMicros + micros;
    this.#parts.scheduler.after(micros, undefined, "coordinator server", () => this.catchUp(this.#decided.length));
  }

  /** Does the first `count` of what was decided, if it has not. */
  catchUp(count: number): void {
    while (this.done < count) {
      const decided = this.#decided[this.done++]!;
      const events = this.#do(decided);
      this.#events.push(events);
      for (const listener of this.#listeners) listener(events);
    }
  }

  /** Takes the watches out of the table that were ended by what was done after the first `count`. */
  endedSince(count: number, watches: WatchTable): readonly Watch[] {
    return this.#events.slice(count).flatMap((events) => events.flatMap((event) => watches.take(event)));
  }

  #do(decided: Decided): readonly ZnodeEvent[] {
    if (decided.kind === "ended") return this.tree.endSession(decided.session);
    const executed = this.tree.execute(decided.operations, decided.session);
    return executed.ok ? executed.value.events : [];
  }
}
