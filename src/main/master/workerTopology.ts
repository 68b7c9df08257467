import { readCluster } from "../../coordination/clusterTree.ts";
import { membersOf } from "../../core/replica/configuration.ts";
import { slotsOfGroup } from "../../core/slots/assignment.ts";
import { MASTER_PREFIX, MASTERS, parseMasterRecord } from "../../master/masterRecord.ts";
import type { Topology, TopologyMaster, TopologyProvider, TopologyWorker } from "../../platform/rpc/clusterService.ts";
import type { Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { ClusterView, GroupView, WorkerView } from "../../worker/slots/clusterView.ts";
import { isSpares } from "../isSpares.ts";

const AGAIN_MILLIS = 1_000;

/** What a worker knows of the cluster, for those who ask it instead of a master. Weights and draining are masters' knowledge. */
export class WorkerTopology implements TopologyProvider {
  readonly #listeners = new Set<() => void>();
  #view: ClusterView | undefined;
  #cluster: string | undefined;
  #masters: readonly TopologyMaster[] = [];
  #parts: { readonly coordinator: Coordinator; readonly timers: Timers } | undefined;
  #made: { readonly version: number; readonly topology: Topology } | undefined;

  /** From now on it tells what the view shows. */
  begin(view: ClusterView, parts: { readonly coordinator: Coordinator; readonly timers: Timers }): void {
    this.#view = view;
    this.#parts = parts;
    view.onChange(() => this.#tell());
    parts.coordinator.onSession((event) => {
      if (event === "connected" || event === "renewed") void this.#readMasters();
    });
    void this.#readMasters();
  }

  topology(): Topology | undefined {
    const [view, cluster] = [this.#view, this.#cluster];
    if (view === undefined || cluster === undefined) return undefined;
    if (this.#made?.version !== view.version) {
      this.#made = { version: view.version, topology: topologyOfView(view, cluster, this.#masters) };
    }
    return this.#made.topology;
  }

  onTopology(listener: () => void): () => void {
    // The same function may be given twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Always the same function, so that it is left once. */
  readonly #changed = (): void => void this.#readMasters();

  async #readMasters(): Promise<void> {
    const { coordinator, timers } = this.#parts!;
    const cluster = await readCluster(coordinator);
    const names = await coordinator.children(MASTERS, { watch: this.#changed });
    if (!names.ok && names.error.code === "closed") return;
    if (!cluster.ok || !names.ok) {
      timers.after(AGAIN_MILLIS, this.#changed);
      return;
    }
    const sorted = names.value.filter((name) => name.startsWith(MASTER_PREFIX)).sort();
    const read = await Promise.all(sorted.map((name) => coordinator.get(`${MASTERS}/${name}`)));
    const records = read.flatMap((znode) => {
      const record = znode.ok ? parseMasterRecord(znode.value.data) : undefined;
      return record === undefined ? [] : [record];
    });
    this.#cluster = cluster.value;
    this.#masters = records.map((record, index) => ({ ...record, active: index === 0 }));
    this.#made = undefined;
    this.#tell();
  }
}

function topologyOfView(view: ClusterView, cluster: string, masters: readonly TopologyMaster[]): Topology {
  const now = view.slotMap?.now ?? {};
  const groups = view.groups.filter(({ id }) => !isSpares(id));
  const members = new Set(groups.flatMap((group) => workersOf(group).map(({ id }) => id)));
  const spares = view.groups.filter(({ id }) => isSpares(id)).flatMap(({ workers }) => workers);
  return {
    ...{ cluster, masters },
    slotsVersion: view.slotMap?.version ?? 0,
    groups: groups.map((group) => ({
      name: group.id,
      slots: slotsOfGroup(now, group.id),
      epoch: group.configuration?.epoch ?? 0,
      weight: 1,
      draining: false,
      workers: workersOf(group),
    })),
    spares: spares
      .filter(({ id, isPresent }) => isPresent && !members.has(id))
      .map((worker) => publicWorker(worker, "spare")),
    notices: [],
  };
}

/** Members first, the primary before the others. */
function workersOf({ configuration, workers }: GroupView): readonly TopologyWorker[] {
  const ids = configuration === undefined ? [] : membersOf(configuration).map(({ id }) => id);
  const members = ids.flatMap((id, index) => {
    const worker = workers.find((each) => each.id === id);
    return worker === undefined ? [] : [publicWorker(worker, index === 0 ? "primary" : "secondary")];
  });
  const others = workers.filter(({ id, isPresent }) => isPresent && !ids.includes(id));
  return [...members, ...others.map((worker) => publicWorker(worker, "learner"))];
}

function publicWorker({ id, resp, rpc, isPresent }: WorkerView, role: TopologyWorker["role"]): TopologyWorker {
  return {
    ...{ id, rpc, redis: resp, present: isPresent, version: "", lentTo: "" },
    role: isPresent || role === "spare" ? role : "absent",
  };
}
