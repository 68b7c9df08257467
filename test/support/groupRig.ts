import { setTimeout as sleep } from "node:timers/promises";
import { type Configuration, parseConfiguration } from "../../src/core/replica/configuration.ts";
import { parseSlotMap } from "../../src/core/slots/slotMap.ts";
import { type GroundOptions, RigGround } from "./groupRigGround.ts";
import type { RigNetwork } from "./groupRigNetwork.ts";
import type { RigWorker } from "./groupRigWorker.ts";
import type { Endpoint } from "./historyRecorderConnections.ts";
import { RespClient } from "./respClient.ts";
import { tagOfSlot } from "./slotKeys.ts";
import type { ZookeeperEnsemble } from "./zookeeperEnsemble.ts";

type RigOptions = GroundOptions & {
  readonly replicas?: number;
  /** Further arguments of each worker. */
  readonly args?: readonly string[];
};

const READY_MILLIS_MAX = 60_000;
const POLL_MILLIS = 25;
const TRIES_MIN = 40;
const ASK_TRIES_MIN = 3;
const ASK_MILLIS_MAX = 2_000;

/** A real group: ZooKeeper, worker processes, and a network between them all that can be cut. */
export class GroupRig {
  readonly group: string;
  readonly #workers: RigWorker[];
  readonly #ground: RigGround;

  constructor(ground: RigGround, group: string, workers: readonly RigWorker[]) {
    this.#ground = ground;
    this.group = group;
    this.#workers = [...workers];
  }

  /** Starts all, and resolves when every worker is a member of the group. */
  static async start(options: RigOptions = {}): Promise<GroupRig> {
    const { replicas = 3, args = [] } = options;
    const ground = await RigGround.open(options);
    const workers: RigWorker[] = [];
    for (let number = 1; number <= replicas; number++) workers.push(await ground.addWorker(`w${number}`, "g1", args));
    const rig = new GroupRig(ground, "g1", workers);
    try {
      for (const worker of workers) {
        await worker.start();
        await worker.ready();
      }
      await rig.whole(READY_MILLIS_MAX);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  get workers(): readonly RigWorker[] {
    return this.#workers;
  }

  /** Counts it as one that should be a member. */
  add(worker: RigWorker): void {
    this.#workers.push(worker);
  }

  remove(worker: RigWorker): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
  }

  get network(): RigNetwork {
    return this.#ground.network;
  }

  get zookeeper(): ZookeeperEnsemble {
    return this.#ground.zookeeper;
  }

  /** Whether disks can be made to fail. */
  get diskFaults(): boolean {
    return this.#ground.diskFaults;
  }

  /** As a rig of several groups has them. */
  get groups(): readonly GroupRig[] {
    return [this];
  }

  /** Where clients find the replicas: through proxies, so that they can be cut off, too. */
  get endpoints(): readonly Endpoint[] {
    return this.workers.map(({ id, advertised, ports, group }) => ({
      ...{ name: id, group },
      host: advertised,
      port: ports.resp,
    }));
  }

  worker(id: string): RigWorker {
    const worker = this.workers.find((each) => each.id === id);
    if (worker === undefined) throw new Error(`there is no worker ${id}`);
    return worker;
  }

  othersThan(worker: RigWorker): RigWorker[] {
    return this.workers.filter((each) => each !== worker);
  }

  /** What ZooKeeper says; undefined while it says nothing. */
  async configuration(): Promise<Configuration | undefined> {
    const read = await this.#ground.coordinator.get(`/groups/${this.group}/config`, { sync: true });
    return read.ok ? parseConfiguration(read.value.data, read.value.version) : undefined;
  }

  /** The primary that the configuration names. Rejects when nobody can be asked. */
  async primary(): Promise<RigWorker> {
    return this.worker((await this.known()).primary.id);
  }

  async secondaries(): Promise<RigWorker[]> {
    return (await this.known()).secondaries.map(({ id }) => this.worker(id));
  }

  async known(): Promise<Configuration> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const configuration = await this.configuration();
      if (configuration !== undefined) return configuration;
      await sleep(POLL_MILLIS);
    }
    throw new Error("ZooKeeper does not tell the group's configuration");
  }

  /** Resolves when `isTrue` of the configuration; rejects at the deadline, with what it is then. */
  async until(isTrue: (configuration: Configuration) => boolean, millisMax: number, what: string): Promise<void> {
    const end = performance.now() + millisMax;
    let last: Configuration | undefined;
    // A machine that stood still has used the time up, and not the tries.
    for (let tries = 0; tries < TRIES_MIN || performance.now() < end; tries++) {
      last = (await this.configuration()) ?? last;
      if (last !== undefined && isTrue(last)) return;
      await sleep(POLL_MILLIS);
    }
    throw new Error(`${what} within ${millisMax} ms; the configuration is ${JSON.stringify(last)}\n${this.notices()}`);
  }

  /** Every worker is a member, and serves reads: then it has all that was acknowledged. */
  async whole(millisMax: number): Promise<void> {
    const end = performance.now() + millisMax;
    const count = this.workers.length;
    for (let tries = 1; ; tries++) {
      const left = Math.max(0, end - performance.now());
      await this.until(({ secondaries }) => secondaries.length === count - 1, left, "not all are members");
      const tag = await this.ownTag();
      const answers = await Promise.all(this.endpoints.map((endpoint) => readAt(endpoint, tag)));
      if (answers.every((answer) => answer === undefined)) return;
      if (tries >= ASK_TRIES_MIN && performance.now() > end)
        throw new Error(`a replica does not serve: ${answers.join("; ")}\n${this.notices()}`);
      await sleep(POLL_MILLIS);
    }
  }

  /** A hash tag whose keys are the group's now; nothing if it has no slots. */
  async ownTag(): Promise<string | undefined> {
    const read = await this.#ground.coordinator.get("/slots", { sync: true });
    const slots = read.ok ? parseSlotMap(read.value.data) : undefined;
    const first = slots?.now[this.group]?.[0]?.[0];
    return first === undefined ? undefined : tagOfSlot(first);
  }

  /** Ends every fault: heals the network, lets everybody run and starts who does not. */
  repair(): Promise<void> {
    return this.#ground.repair();
  }

  /** The last lines that each process has printed. */
  notices(lines = 12): string {
    return this.#ground.notices(lines);
  }

  stop(): Promise<void> {
    return this.#ground.close();
  }
}

/** Why the replica does not answer a read by itself; undefined if it does. */
async function readAt({ name, host, port }: Endpoint, tag: string | undefined): Promise<string | undefined> {
  try {
    const client = await RespClient.connect({ host, port, deadlineMillis: ASK_MILLIS_MAX });
    try {
      await client.callWithin(ASK_MILLIS_MAX, "READONLY");
      const request = tag === undefined ? ["DBSIZE"] : ["GET", `{${tag}}rig`];
      const reply = await client.callWithin(ASK_MILLIS_MAX, ...request);
      return reply.type === "error" ? `${name}: ${reply.text}` : undefined;
    } finally {
      await client.close();
    }
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}
