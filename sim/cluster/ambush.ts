import type { Prng } from "../../src/base/prng.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import type { Machine } from "./machine.ts";
import type { MasterMachine } from "./masters.ts";
import type { FaultKind, MoveOptions, PlannedFault } from "./options.ts";

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
const MASTER_KINDS: readonly FaultKind[] = [
  "absence of a master",
  "no coordinator for a master",
  "no coordinator for a master",
  "expired session of a master",
];
const DELAY_MICROS = [0, 300, 3_000, 30_000] as const;
const ABORT_ONE_IN = 5;

/**
 * Lets something go wrong just when a move has come to where that may matter, or when a master is asked for something or writes: what is
 * drawn beforehand hardly ever comes in time.
 */
export class Ambush {
  readonly #world: ClusterWorld;
  readonly #prng: Prng;
  readonly #masterPrng: Prng;
  readonly #options: MoveOptions;
  readonly #begin: (fault: PlannedFault) => void;
  #count = 0;
  /** What was seen already, by machine. */
  readonly #seen = new Set<string>();

  constructor(world: ClusterWorld, prng: Prng, options: MoveOptions, begin: (fault: PlannedFault) => void) {
    this.#world = world;
    this.#prng = prng.fork("ambush");
    this.#masterPrng = prng.fork("ambush of masters");
    this.#options = options;
    this.#begin = begin;
    const { operator } = world;
    if (operator === undefined || options.masterAmbushPerCent === 0) return;
    operator.onAsk = (master) => this.#meetMaster(master);
    for (const master of operator.masters) master.onWrite = () => this.#meetMaster(master);
  }

  look(): void {
    if (this.#options.ambushPerCent === 0 || this.#world.phase !== "chaos") return;
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
    if (prng.below(100) >= this.#options.ambushPerCent) return;
    const { scheduler, operator } = this.#world;
    const isAborted = prng.chance(1, ABORT_ONE_IN);
    const fault = this.#drawn(prng.chance(2, 3) ? machine : prng.pick(this.#world.machines));
    const micros = prng.below(prng.pick(DELAY_MICROS) + 1);
    if (this.#isLeftOut()) return;
    scheduler.after(micros, undefined, `ambush ${what}`, () => {
      if (isAborted) void operator?.abort(move);
      else if (this.#world.phase === "chaos") this.#begin(fault);
    });
  }

  /** Its session ends, it does not know it at once, and what it is at may go on when there is a successor. */
  #meetMaster(master: MasterMachine): void {
    const prng = this.#masterPrng;
    const { scheduler, operator, options, phase } = this.#world;
    if (phase !== "chaos" || prng.below(100) >= this.#options.masterAmbushPerCent) return;
    const fault: PlannedFault = {
      ...{ atMicros: scheduler.nowMicros, kind: prng.pick(MASTER_KINDS), victim: 0, other: 0 },
      micros: prng.between(1, 2) * options.sessionMillis * 1000 + prng.below(100_000),
      draw: operator!.masters.indexOf(master) << 4,
    };
    const micros = prng.below(prng.pick(DELAY_MICROS) + 1);
    if (this.#isLeftOut()) return;
    scheduler.after(micros, undefined, `ambush ${master.id}`, () => {
      if (this.#world.phase === "chaos") this.#begin(fault);
    });
  }

  /** So that fewer show what is wrong. */
  #isLeftOut(): boolean {
    this.#world.count("ambushes");
    return this.#world.ambushes?.includes(this.#count++) === false;
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
