import type { Prng } from "../../src/base/prng.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import type { Machine } from "./machine.ts";
import type { FaultKind, PlannedFault } from "./options.ts";

const KINDS: readonly FaultKind[] = [
  "kill",
  "kill",
  "crash",
  "pause",
  "cut",
  "isolation",
  "broken links",
  "no coordinator",
  "no answers of the coordinator",
  "lost replies of the coordinator",
  "expired session",
  "take-over",
  "kill of a master",
];
const DELAY_MICROS = [0, 300, 3_000, 30_000] as const;
const ABORT_ONE_IN = 5;

/** Lets something go wrong just when a move has come to where that may matter: what is drawn beforehand hardly ever comes in time. */
export class Ambush {
  readonly #world: ClusterWorld;
  readonly #prng: Prng;
  readonly #perCent: number;
  readonly #begin: (fault: PlannedFault) => void;
  /** What was seen already, by machine. */
  readonly #seen = new Set<string>();

  constructor(world: ClusterWorld, prng: Prng, perCent: number, begin: (fault: PlannedFault) => void) {
    this.#world = world;
    this.#prng = prng;
    this.#perCent = perCent;
    this.#begin = begin;
  }

  look(): void {
    if (this.#perCent === 0 || this.#world.phase !== "chaos") return;
    for (const { node, machine } of this.#world.processes) {
      const { moves } = node?.state.slots ?? NOTHING;
      if (moves.size === 0 || node!.replica.role !== "primary") continue;
      for (const { id, phase } of moves.values()) this.#meet(machine, id, phase);
    }
  }

  #meet(machine: Machine, move: string, phase: string): void {
    const what = `${machine.id} ${move} ${phase}`;
    if (this.#seen.has(what)) return;
    this.#seen.add(what);
    const prng = this.#prng;
    if (prng.below(100) >= this.#perCent) return;
    const { scheduler, operator } = this.#world;
    const isAborted = prng.chance(1, ABORT_ONE_IN);
    const fault = this.#drawn(prng.chance(2, 3) ? machine : prng.pick(this.#world.machines));
    scheduler.after(prng.below(prng.pick(DELAY_MICROS) + 1), undefined, `ambush ${what}`, () => {
      if (isAborted) void operator?.abort(move);
      else if (this.#world.phase === "chaos") this.#begin(fault);
    });
  }

  #drawn(machine: Machine): PlannedFault {
    const { machines, scheduler } = this.#world;
    const victim = machines.indexOf(machine);
    return {
      atMicros: scheduler.nowMicros,
      kind: this.#prng.pick(KINDS),
      victim,
      other: (victim + this.#prng.between(1, machines.length - 1)) % machines.length,
      micros: this.#prng.pick([2_000, 60_000, 250_000, 700_000, 2_500_000]),
      draw: this.#prng.u32(),
    };
  }
}

const NOTHING = { moves: new Map<string, { readonly id: string; readonly phase: string }>() };
