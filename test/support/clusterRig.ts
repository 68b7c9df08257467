import { setTimeout as sleep } from "node:timers/promises";
import { leftOf } from "../../src/cli/followMoves.ts";
import { countSlots, SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";
import { MasterClient } from "../../src/main/master/masterClient.ts";
import type { ClusterCommand, ClusterPlan, ClusterWork, Topology } from "../../src/platform/rpc/clusterService.ts";
import { RigMaster } from "./clusterRigMaster.ts";
import { freePort } from "./freePort.ts";
import { GroupRig } from "./groupRig.ts";
import { type GroundOptions, RigGround } from "./groupRigGround.ts";
import type { RigNetwork } from "./groupRigNetwork.ts";
import type { RigWorker } from "./groupRigWorker.ts";
import type { Endpoint } from "./historyRecorderConnections.ts";
import { spawnHoldfast } from "./holdfastServer.ts";
import type { ZookeeperEnsemble } from "./zookeeperEnsemble.ts";

type ClusterOptions = GroundOptions & {
  readonly groups?: number;
  readonly replicas?: number;
  readonly masters?: number;
  /** Further arguments of each worker. */
  readonly args?: readonly string[];
};

/** What the masters say. */
type Seen = { readonly topology: Topology; readonly work: ClusterWork };

const READY_MILLIS_MAX = 90_000;
const POLL_MILLIS = 50;
const COMMAND_TRIES_MAX = 3;

/** A real cluster: ZooKeeper, masters, groups of workers, each a process, and a network between them all that can be cut. */
export class ClusterRig {
  readonly masters: readonly RigMaster[];
  readonly client: MasterClient;
  readonly #ground: RigGround;
  readonly #args: readonly string[];
  #groups: readonly GroupRig[] = [];

  private constructor(ground: RigGround, masters: readonly RigMaster[], client: MasterClient, args: readonly string[]) {
    this.#ground = ground;
    this.#args = args;
    this.masters = masters;
    this.client = client;
  }

  /** Starts all, and resolves when every group has its part of the slots and all its members. */
  static async start(options: ClusterOptions = {}): Promise<ClusterRig> {
    const { groups = 3, replicas = 2, masters = 2, args = [] } = options;
    const ground = await RigGround.open({ zookeeperServers: 3, ...options });
    const made: RigMaster[] = [];
    for (let number = 1; number <= masters; number++) made.push(await makeMaster(ground, `m${number}`));
    const opened = await MasterClient.open({
      ...{ zookeeper: ground.connectString, auth: undefined, master: undefined, onNotice: () => undefined },
      certificates: { "tls-ca": undefined, "tls-cert": undefined, "tls-key": undefined },
    });
    if (!opened.ok) throw new Error(opened.error);
    const rig = new ClusterRig(ground, made, opened.value, args);
    for (let number = 1; number <= groups; number++) {
      for (const letter of "abc".slice(0, replicas)) await rig.addWorker(`w${number}${letter}`, `g${number}`);
    }
    try {
      await rig.#begin();
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  async #begin(): Promise<void> {
    for (const master of this.masters) await master.start();
    await Promise.all(this.masters.map((master) => master.ready()));
    for (const worker of this.workers) await worker.start();
    await this.whole(READY_MILLIS_MAX);
    await this.until(({ topology }) => assignedSlots(topology) === SLOT_COUNT, READY_MILLIS_MAX);
    // Whoever came late has none yet.
    await this.carryOut({ kind: "rebalance" }, READY_MILLIS_MAX);
  }

  get groups(): readonly GroupRig[] {
    return this.#groups;
  }

  group(name: string): GroupRig {
    const group = this.#groups.find((each) => each.group === name);
    if (group === undefined) throw new Error(`there is no group ${name}`);
    return group;
  }

  /** Makes room for a worker, of a new group if the name is new; it does not run yet. */
  async addWorker(id: string, group: string): Promise<RigWorker> {
    const worker = await this.#ground.addWorker(id, group, this.#args);
    const known = this.#groups.find((each) => each.group === group);
    if (known === undefined) this.#groups = [...this.#groups, new GroupRig(this.#ground, group, [worker])];
    else known.add(worker);
    return worker;
  }

  /** A worker that has ended for good; and its group, if it was the last one. */
  removeWorker(worker: RigWorker): void {
    const group = this.group(worker.group);
    group.remove(worker);
    this.#ground.remove(worker);
    if (group.workers.length === 0) this.#groups = this.#groups.filter((each) => each !== group);
  }

  /**
   * `holdfast … --zookeeper …`, as a person types it; answers what it prints, and rejects if it does not succeed. Where no master
   * answered for so long that it gave up waiting, it is typed again.
   */
  async command(...args: readonly string[]): Promise<string> {
    let problem = "";
    for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
      const command = spawnHoldfast([...args, "--zookeeper", this.#ground.connectString]);
      const { code } = await command.exited;
      if (code === 0) return command.output();
      problem = `holdfast ${args.join(" ")} ended with ${code}:\n${command.output()}`;
      if (!problem.includes("what was begun goes on")) break;
    }
    throw new Error(`${problem}\n${this.notices()}`);
  }

  get workers(): readonly RigWorker[] {
    return this.groups.flatMap(({ workers }) => workers);
  }

  get endpoints(): readonly Endpoint[] {
    return this.groups.flatMap(({ endpoints }) => endpoints);
  }

  get network(): RigNetwork {
    return this.#ground.network;
  }

  /** Whether disks can be made to fail. */
  get diskFaults(): boolean {
    return this.#ground.diskFaults;
  }

  get zookeeper(): ZookeeperEnsemble {
    return this.#ground.zookeeper;
  }

  /** The master that is active as far as anybody knows. */
  async activeMaster(): Promise<RigMaster> {
    const topology = await this.client.topology();
    const id = topology.ok ? topology.value.masters.find(({ active }) => active)?.id : undefined;
    return this.masters.find((master) => master.id === id) ?? this.masters[0]!;
  }

  /** Lets a master do it; resolves when every slot is where it belongs and no move is under way, and rejects with what goes against it. */
  async carryOut(command: ClusterCommand, millisMax: number, stop?: AbortSignal): Promise<ClusterPlan> {
    const executed = await this.client.execute(command, "");
    if (!executed.ok) throw new Error(executed.error.message);
    const plan = executed.value;
    if (!plan.isDone) await this.until(({ topology }) => leftOf(command, plan, topology) === 0, millisMax, stop);
    return plan;
  }

  /** Resolves when no move is under way and it is so; rejects when it is told to stop, and at the deadline with what the masters say then. */
  async until(isSo: (seen: Seen) => boolean, millisMax: number, stop?: AbortSignal): Promise<void> {
    for (const end = performance.now() + millisMax; ; await sleep(POLL_MILLIS)) {
      const [topology, work] = [await this.client.topology(), await this.client.work()];
      const isKnown = topology.ok && work.ok;
      if (isKnown && work.value.moves.length === 0 && isSo({ topology: topology.value, work: work.value })) return;
      if (stop?.aborted === true) throw new Error("given up");
      if (performance.now() > end) {
        const seen = JSON.stringify([work, topology]);
        throw new Error(`moves do not end within ${millisMax} ms\n${seen}\n${this.notices()}`);
      }
    }
  }

  /** Every group is whole, and no slot is moving. */
  async whole(millisMax: number): Promise<void> {
    await Promise.all(this.groups.map((group) => group.whole(millisMax)));
    await this.until(({ work }) => work.wanted.length === 0, millisMax);
  }

  repair(): Promise<void> {
    return this.#ground.repair();
  }

  notices(lines = 12): string {
    return this.#ground.notices(lines);
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.#ground.close();
  }
}

function assignedSlots({ groups }: Topology): number {
  return groups.reduce((sum, { slots }) => sum + countSlots(slots), 0);
}

async function makeMaster(ground: RigGround, id: string): Promise<RigMaster> {
  const rpcPort = await freePort();
  const master = new RigMaster({
    ...{ id, rpcPort },
    advertised: await ground.place(id, [rpcPort]),
    zookeeper: await ground.doorsToZookeeper(id),
  });
  ground.processes.push(master);
  return master;
}
