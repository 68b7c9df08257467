import type { Topology as Known, MasterApi, WorkerTopology } from "../../master/masterApi.ts";
import type { Topology, TopologyProvider, TopologyWorker } from "../../platform/rpc/clusterService.ts";

/** What a master knows, as clients and tools are told it: without what changes all the time, so that they hear of changes only. */
export class MasterTopology implements TopologyProvider {
  readonly #api: MasterApi;
  readonly #listeners = new Set<() => void>();
  #told: { readonly topology: Topology; readonly text: string } | undefined;
  readonly #stop: () => void;

  constructor(api: MasterApi) {
    this.#api = api;
    this.#stop = api.onChange(() => this.#read());
    this.#read();
  }

  topology(): Topology | undefined {
    return this.#told?.topology;
  }

  onTopology(listener: () => void): () => void {
    // The same function may be given twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  stop(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #read(): void {
    const known = this.#api.topology;
    if (!known.isWhole) return;
    const topology = publicTopology(known);
    const text = JSON.stringify(topology);
    if (text === this.#told?.text) return;
    this.#told = { topology, text };
    for (const listener of this.#listeners) listener();
  }
}

/** What clients and tools are told of what a master knows. */
export function publicTopology(known: Known): Topology {
  const workers = new Map(known.workers.map((worker) => [worker.id, worker]));
  const placed = new Set(known.groups.flatMap(({ members }) => members));
  return {
    cluster: known.cluster,
    slotsVersion: known.slotMap?.version ?? 0,
    groups: known.groups.map(({ id, slots, configuration, weight, isDraining, members }) => ({
      name: id,
      slots,
      epoch: configuration?.epoch ?? 0,
      weight,
      draining: isDraining,
      workers: members.flatMap((member) => {
        const worker = workers.get(member);
        return worker === undefined ? [] : [publicWorker(worker)];
      }),
    })),
    spares: known.workers.filter(({ id }) => !placed.has(id)).map(publicWorker),
    masters: known.masters.map(({ id, rpc, http, version, isActive }) => ({
      id,
      rpc,
      http,
      version,
      active: isActive,
    })),
    notices: known.notices,
  };
}

function publicWorker({ id, role, resp, rpc, isPresent, version, lentTo }: WorkerTopology): TopologyWorker {
  return { id, role, redis: resp, rpc, present: isPresent, version, lentTo: lentTo ?? "" };
}
