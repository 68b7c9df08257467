import type { ClusterLoad, GroupLoad, WorkerLoad } from "./clusterLoad.ts";
import { pressure, primaryWriteCost, secondaryWriteCost } from "./objective.ts";
import type { TendLimits } from "./tendLimits.ts";

/** Load, in simple commands a second, that comes to workers or leaves them. */
export type LoadChanges = ReadonlyMap<string, number>;

/** Who would carry what of a group. */
export interface GroupLayout {
  readonly primary: string;
  /** All replicas that are up, with the reads a second that they answer. */
  readonly reads: ReadonlyMap<string, number>;
}

export interface GroupTotals {
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly bytes: number;
}

/** The busiest of a group's workers. */
export interface Peak {
  readonly worker: string;
  readonly utilisation: number;
}

/** What every worker carries, and what it would carry after changes. */
export class LoadLedger {
  readonly #limits: TendLimits;
  readonly #workers: ReadonlyMap<string, WorkerLoad>;
  readonly #loads = new Map<string, number>();
  readonly #totals = new Map<string, GroupTotals>();

  constructor(load: ClusterLoad, limits: TendLimits) {
    this.#limits = limits;
    this.#workers = new Map(load.workers.map((worker) => [worker.id, worker]));
    for (const group of load.groups) {
      this.#totals.set(group.id, this.#totalsOf(group));
      this.apply(this.shares(group, this.layout(group)));
    }
  }

  worker(id: string): WorkerLoad | undefined {
    return this.#workers.get(id);
  }

  isUp(id: string): boolean {
    return this.#workers.get(id)?.isUp === true;
  }

  totals(group: GroupLoad): GroupTotals {
    return this.#totals.get(group.id)!;
  }

  layout({ primary, replicas }: GroupLoad): GroupLayout {
    const up = replicas.filter(({ worker }) => this.isUp(worker));
    return { primary, reads: new Map(up.map(({ worker, readsPerSecond }) => [worker, readsPerSecond])) };
  }

  /** What each worker carries of the group in a layout. */
  shares(group: GroupLoad, { primary, reads }: GroupLayout): LoadChanges {
    const { writesPerSecond } = this.totals(group);
    const shares = new Map<string, number>();
    for (const [worker, readsPerSecond] of reads) {
      const cost = worker === primary ? primaryWriteCost(reads.size - 1) : secondaryWriteCost();
      shares.set(worker, readsPerSecond + writesPerSecond * cost);
    }
    return shares;
  }

  /** What changes for workers when the group is laid out differently. */
  changesTo(group: GroupLoad, after: GroupLayout): LoadChanges {
    const changes = new Map(this.shares(group, after));
    for (const [worker, share] of this.shares(group, this.layout(group))) {
      changes.set(worker, (changes.get(worker) ?? 0) - share);
    }
    return changes;
  }

  utilisation(worker: string, changes?: LoadChanges): number {
    const load = (this.#loads.get(worker) ?? 0) + (changes?.get(worker) ?? 0);
    return load / Math.max(1, this.#workers.get(worker)?.capacityPerSecond ?? 0);
  }

  /** Undefined if none of its workers is up. */
  peak({ replicas }: GroupLoad, changes?: LoadChanges): Peak | undefined {
    return this.peakOf(
      replicas.map(({ worker }) => worker).filter((worker) => this.isUp(worker)),
      changes,
    );
  }

  peakOf(workers: Iterable<string>, changes?: LoadChanges): Peak | undefined {
    let peak: Peak | undefined;
    for (const worker of workers) {
      const utilisation = this.utilisation(worker, changes);
      if (peak === undefined || utilisation > peak.utilisation) peak = { worker, utilisation };
    }
    return peak;
  }

  /** By how much the sum of the pressures falls. */
  pressureFall(changes: LoadChanges): number {
    let fall = 0;
    for (const worker of changes.keys()) {
      fall +=
        pressure(this.utilisation(worker), this.#limits) - pressure(this.utilisation(worker, changes), this.#limits);
    }
    return fall;
  }

  apply(changes: LoadChanges): void {
    for (const [worker, change] of changes) this.#loads.set(worker, (this.#loads.get(worker) ?? 0) + change);
  }

  #totalsOf({ replicas, slots }: GroupLoad): GroupTotals {
    let [readsPerSecond, writesPerSecond, bytes] = [0, 0, 0];
    for (const replica of replicas) if (this.isUp(replica.worker)) readsPerSecond += replica.readsPerSecond;
    for (const slot of slots) {
      writesPerSecond += slot.writesPerSecond;
      bytes += slot.bytes;
    }
    return { readsPerSecond, writesPerSecond, bytes };
  }
}
