import type { ClusterLoad, GroupLoad, WorkerLoad } from "./clusterLoad.ts";
import type { Decision } from "./decision.ts";
import { LoadLedger } from "./loadLedger.ts";
import type { TendLimits } from "./tendLimits.ts";
import { type GroupMemory, NEW_GROUP, type TendState } from "./tendState.ts";
import { byName } from "./weights.ts";

/** One call of `tend`: what is decided so far, and what is left to decide with. */
export class TendRound {
  readonly load: ClusterLoad;
  readonly limits: TendLimits;
  readonly ledger: LoadLedger;
  readonly decisions: Decision[] = [];
  /** When slots were moved for their heat, those of this round too. */
  readonly movedAt: Map<number, number>;
  readonly #memories: Map<string, GroupMemory>;
  readonly #copying: Set<string>;
  readonly #spares: Set<string>;
  #copiesLeft: number;
  #coolGroups: GroupLoad[] | undefined;

  constructor(load: ClusterLoad, state: TendState, limits: TendLimits) {
    this.load = load;
    this.limits = limits;
    this.ledger = new LoadLedger(load, limits);
    this.#memories = new Map(state.groups);
    this.movedAt = new Map([...state.movedAt].filter(([, at]) => load.now - at < limits.stayMillis));
    const copying = load.workers.filter(({ isCopying }) => isCopying).map(({ id }) => id);
    this.#copying = new Set(copying);
    this.#copiesLeft = limits.copiesMax - Math.ceil(copying.length / 2);
    const members = new Set(load.groups.flatMap(({ replicas }) => replicas.map(({ worker }) => worker)));
    const spares = load.workers.filter(({ id, isSpare, isUp }) => isSpare && isUp && !members.has(id));
    this.#spares = new Set(spares.map(({ id }) => id).sort(byName));
  }

  get memories(): ReadonlyMap<string, GroupMemory> {
    return this.#memories;
  }

  get hasCopyLeft(): boolean {
    return this.#copiesLeft > 0;
  }

  memory({ id }: GroupLoad): GroupMemory {
    return this.#memories.get(id) ?? NEW_GROUP;
  }

  remember({ id }: GroupLoad, change: Partial<GroupMemory>): void {
    this.#memories.set(id, { ...(this.#memories.get(id) ?? NEW_GROUP), ...change });
  }

  forgetOthers(groups: readonly GroupLoad[]): void {
    const known = new Set(groups.map(({ id }) => id));
    for (const id of this.#memories.keys()) if (!known.has(id)) this.#memories.delete(id);
  }

  isCopying(worker: string): boolean {
    return this.#copying.has(worker);
  }

  upReplicas({ replicas }: GroupLoad): string[] {
    return replicas.map(({ worker }) => worker).filter((worker) => this.ledger.isUp(worker));
  }

  /** Spares that are free for the group: those first that share no host with it, then the strongest. */
  sparesFor(group: GroupLoad): WorkerLoad[] {
    const spares = [...this.#spares].filter((id) => !this.#copying.has(id)).map((id) => this.ledger.worker(id)!);
    const hosts = new Set(group.replicas.map(({ worker }) => this.ledger.worker(worker)?.host));
    const rank = ({ host }: WorkerLoad) => (hosts.has(host) ? 1 : 0);
    return spares.sort((a, b) => rank(a) - rank(b) || b.capacityPerSecond - a.capacityPerSecond || byName(a.id, b.id));
  }

  /** Groups that could take slots, with most room first as it was when this was first asked. */
  coolGroups(): readonly GroupLoad[] {
    if (this.#coolGroups !== undefined) return this.#coolGroups;
    const barred = new Set(this.load.notTargets);
    const open = this.load.groups.flatMap((group) => {
      const peak = barred.has(group.id) || !this.ledger.isUp(group.primary) ? undefined : this.ledger.peak(group);
      return peak !== undefined && peak.utilisation < this.limits.utilisationMax ? [{ group, peak }] : [];
    });
    open.sort((a, b) => a.peak.utilisation - b.peak.utilisation || byName(a.group.id, b.group.id));
    this.#coolGroups = open.map(({ group }) => group);
    return this.#coolGroups;
  }

  /** Decides on something for which data is copied between two workers. */
  decideCopy(decision: Decision, source: string, target: string): void {
    this.decisions.push(decision);
    this.#copying.add(source).add(target);
    this.#spares.delete(target);
    this.#copiesLeft--;
  }

  wait({ id }: GroupLoad, why: string): void {
    this.decisions.push({ kind: "wait", group: id, why });
  }
}
