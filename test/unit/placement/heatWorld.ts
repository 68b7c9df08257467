import type { ClusterLoad, SlotLoad } from "../../../src/core/placement/clusterLoad.ts";
import type { Decision } from "../../../src/core/placement/decision.ts";
import { tend } from "../../../src/core/placement/tend.ts";
import { TEND_BEGIN, type TendState } from "../../../src/core/placement/tendState.ts";
import { eachSlot, NO_SLOTS } from "../../../src/core/slots/slotRanges.ts";

interface WorldWorker {
  host: string;
  isSpare: boolean;
  isUp: boolean;
  capacity: number;
}

interface WorldGroup {
  replicas: string[];
  wanted: number;
  max: number;
  slots: Map<number, SlotLoad>;
  weights: { readonly [worker: string]: number } | undefined;
}

/** A decision, and the second in which it was made. */
export interface Done {
  readonly second: number;
  readonly decision: Decision;
}

/**
 * A cluster of which only the loads exist: it reports them every second and does at once what is decided. The first replica of a
 * group is its primary. Reads are divided by weights, or evenly.
 */
export class HeatWorld {
  readonly workers = new Map<string, WorldWorker>();
  readonly groups = new Map<string, WorldGroup>();
  readonly done: Done[] = [];
  lastFailoverAt: number | undefined;
  /** Clients read only at primaries, whatever the weights are. */
  readsAtPrimary = false;
  readonly copying = new Set<string>();
  second = 0;
  #state: TendState = TEND_BEGIN;

  spare(id: string, host = id): this {
    this.workers.set(id, { host, isSpare: true, isUp: true, capacity: 1000 });
    return this;
  }

  /** A group with one worker a replica, each on its own host, that can do 1,000 commands a second. */
  group(id: string, replicas: number, slots: readonly SlotLoad[]): this {
    const names = Array.from({ length: replicas }, (_, index) => `${id}w${index + 1}`);
    for (const name of names) this.workers.set(name, { host: name, isSpare: false, isUp: true, capacity: 1000 });
    const byNumber = new Map(slots.map((slot) => [slot.slot, slot]));
    this.groups.set(id, { replicas: names, wanted: replicas, max: replicas + 3, slots: byNumber, weights: undefined });
    return this;
  }

  /** Lets seconds pass; before each of them the load may be changed. What was decided except waiting, in words. */
  run(seconds: number, change: (second: number) => void = () => {}): string[] {
    const from = this.done.length;
    for (const end = this.second + seconds; this.second < end; this.second++) {
      change(this.second);
      const { decisions, state } = tend(this.load(), this.#state);
      this.#state = state;
      for (const decision of decisions) {
        this.done.push({ second: this.second, decision });
        this.#execute(decision);
      }
    }
    return this.done.slice(from).flatMap(({ decision }) => (decision.kind === "wait" ? [] : [inWords(decision)]));
  }

  /** The reason that was given last. */
  get why(): string {
    return this.done.at(-1)?.decision.why ?? "";
  }

  load(): ClusterLoad {
    const groups = [...this.groups].map(([id, group]) => {
      const slots = [...group.slots.values()];
      const reads = slots.reduce((sum, { readsPerSecond }) => sum + readsPerSecond, 0);
      return {
        ...{ id, primary: group.replicas[0]!, replicasWanted: group.wanted, replicasMax: group.max, slots },
        replicas: group.replicas.map((worker) => {
          const weight = group.weights?.[worker];
          const readsPerSecond = reads * this.#share(group, worker);
          return { worker, readsPerSecond, ...(weight === undefined ? {} : { readWeight: weight }) };
        }),
      };
    });
    const workers = [...this.workers].map(([id, { host, isSpare, isUp, capacity }]) => {
      return { id, host, isSpare, isUp, capacityPerSecond: capacity, isCopying: this.copying.has(id) };
    });
    const failover = this.lastFailoverAt === undefined ? {} : { lastFailoverAt: this.lastFailoverAt };
    return { now: this.second * 1000, workers, groups, moving: NO_SLOTS, notTargets: [], ...failover };
  }

  #share({ replicas, weights }: WorldGroup, worker: string): number {
    if (this.readsAtPrimary) return worker === replicas[0] ? 1 : 0;
    const up = replicas.filter((id) => this.workers.get(id)!.isUp);
    if (!up.includes(worker)) return 0;
    return weights === undefined ? 1 / up.length : (weights[worker] ?? 0) / 100;
  }

  #execute(decision: Decision): void {
    if (decision.kind === "moveSlots") {
      const [source, target] = [this.groups.get(decision.source)!, this.groups.get(decision.target)!];
      for (const slot of eachSlot(decision.slots)) {
        target.slots.set(slot, source.slots.get(slot)!);
        source.slots.delete(slot);
      }
      return;
    }
    const group = this.groups.get(decision.group)!;
    const without = (worker: string) => group.replicas.filter((each) => each !== worker);
    if (decision.kind === "addReplica") group.replicas.push(decision.worker);
    if (decision.kind === "removeReplica") group.replicas = without(decision.worker);
    if (decision.kind === "moveReplica") group.replicas = [...without(decision.from), decision.to];
    if (decision.kind === "handOver") group.replicas = [decision.to, ...without(decision.to)];
    if (decision.kind === "readWeights") group.weights = decision.weights;
    else if (decision.kind !== "wait") group.weights = undefined;
  }
}

/** Slots that share a load evenly. */
export function evenSlots(from: number, count: number, reads: number, writes: number, bytes = 0): SlotLoad[] {
  return Array.from({ length: count }, (_, index) => ({
    slot: from + index,
    readsPerSecond: reads / count,
    writesPerSecond: writes / count,
    bytes: bytes / count,
  }));
}

function inWords(decision: Exclude<Decision, { kind: "wait" }>): string {
  switch (decision.kind) {
    case "moveSlots":
      return `move slots ${decision.source} > ${decision.target}`;
    case "handOver":
      return `hand over ${decision.group}: ${decision.from} > ${decision.to}`;
    case "addReplica":
      return `add ${decision.worker} to ${decision.group} (${decision.because})`;
    case "removeReplica":
      return `remove ${decision.worker} from ${decision.group}`;
    case "moveReplica":
      return `move replica of ${decision.group}: ${decision.from} > ${decision.to}`;
    case "readWeights":
      return `weights of ${decision.group}`;
  }
}
