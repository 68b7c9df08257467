import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Configuration, parseConfiguration } from "../../src/core/replica/configuration.ts";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { compileFaultShim } from "../crash/shim/faultShim.ts";
import { freePort } from "./freePort.ts";
import { inodeOf, ownsSocket, RigNetwork } from "./groupRigNetwork.ts";
import { RigWorker } from "./groupRigWorker.ts";
import type { Endpoint } from "./historyRecorderConnections.ts";
import { RespClient } from "./respClient.ts";
import { startEnsemble, type ZookeeperEnsemble } from "./zookeeperEnsemble.ts";

type RigOptions = {
  readonly zookeeperServers?: 1 | 3;
  readonly replicas?: number;
  /** The workers' disks can be made slow or full; takes a C compiler on Linux. */
  readonly diskFaults?: boolean;
  /** Further arguments of each worker. */
  readonly args?: readonly string[];
};

const READY_MILLIS_MAX = 60_000;
const POLL_MILLIS = 25;
const TRIES_MIN = 40;
const ASK_TRIES_MIN = 3;
const CHROOT = "/rig";
/** Loopback addresses at which the proxies stand; the workers themselves are at 127.0.0.1, with the same ports. */
const ADVERTISED_HOST = "127.0.1.";
const CLIENT = "client";
const ASK_MILLIS_MAX = 2_000;

/** A real group: ZooKeeper, worker processes, and a network between them all that can be cut. */
export class GroupRig {
  readonly network: RigNetwork;
  readonly zookeeper: ZookeeperEnsemble;
  readonly workers: readonly RigWorker[];
  /** Whether disks can be made to fail; else why not. */
  readonly diskFaults: boolean;
  readonly #directory: string;
  readonly #coordinator: ZookeeperCoordinator;

  private constructor(
    parts: Pick<GroupRig, "network" | "zookeeper" | "workers" | "diskFaults">,
    directory: string,
    coordinator: ZookeeperCoordinator,
  ) {
    this.network = parts.network;
    this.zookeeper = parts.zookeeper;
    this.workers = parts.workers;
    this.diskFaults = parts.diskFaults;
    this.#directory = directory;
    this.#coordinator = coordinator;
  }

  /** Starts all, and resolves when every worker is a member of the group. */
  static async start(options: RigOptions = {}): Promise<GroupRig> {
    const { zookeeperServers = 1, replicas = 3, diskFaults = false, args = [] } = options;
    const directory = await mkdtemp(join(tmpdir(), "holdfast-group-"));
    const compiled = diskFaults ? compileFaultShim(directory) : undefined;
    const shim = compiled?.code === "compiled" ? compiled : undefined;
    const zookeeper = await startEnsemble(zookeeperServers);
    const network = new RigNetwork();
    const workers: RigWorker[] = [];
    const ids = Array.from({ length: replicas }, (_, index) => `w${index + 1}`);
    const callerOf = (port: number): string => {
      const inode = inodeOf(port);
      const caller = inode && workers.find(({ pid }) => pid !== undefined && ownsSocket(pid, inode));
      return caller ? caller.id : CLIENT;
    };
    for (const [index, id] of ids.entries()) {
      const advertised = `${ADVERTISED_HOST}${index + 1}`;
      const ports = { resp: await freePort(), rpc: await freePort(), link: await freePort() };
      for (const port of Object.values(ports)) {
        await network.open({ host: advertised, port }, { host: "127.0.0.1", port }, id, callerOf);
      }
      const doors = zookeeper.connectString.split(",").map(async (address, server) => {
        const target = { host: "127.0.0.1", port: Number(address.split(":")[1]) };
        const door = await network.open({ host: "127.0.0.1", port: 0 }, target, `zk${server + 1}`, () => id);
        return `${door.host}:${door.port}`;
      });
      const connectString = `${(await Promise.all(doors)).join(",")}${CHROOT}`;
      workers.push(new RigWorker({ id, advertised, ports, zookeeper: connectString, directory, args, shim }));
    }
    const connected = ZookeeperCoordinator.connect({
      connectString: `${zookeeper.connectString}${CHROOT}`,
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
    });
    if (!connected.ok) throw new Error(connected.error);
    const parts = { network, zookeeper, workers, diskFaults: shim !== undefined };
    const rig = new GroupRig(parts, directory, connected.value);
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

  /** Where clients find the replicas: through proxies, so that they can be cut off, too. */
  get endpoints(): readonly Endpoint[] {
    return this.workers.map(({ id, ports }, index) => ({
      name: id,
      host: `${ADVERTISED_HOST}${index + 1}`,
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
    const read = await this.#coordinator.get("/groups/g1/config", { sync: true });
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
      const answers = await Promise.all(this.endpoints.map(readAt));
      if (answers.every((answer) => answer === undefined)) return;
      if (tries >= ASK_TRIES_MIN && performance.now() > end)
        throw new Error(`a replica does not serve: ${answers.join("; ")}\n${this.notices()}`);
      await sleep(POLL_MILLIS);
    }
  }

  /** Ends every fault: heals the network, lets everybody run and starts who does not. */
  async repair(): Promise<void> {
    this.network.heal();
    for (const [index] of this.zookeeper.connectString.split(",").entries()) {
      if (this.zookeeper.servers.pidOf(index) === undefined) this.zookeeper.servers.startServer(index);
      else this.zookeeper.servers.signal(index, "SIGCONT");
    }
    for (const worker of this.workers) {
      worker.disk?.set("spaceBytes", -1);
      worker.disk?.set("syncDelayMillis", 0);
      if (worker.isPaused) worker.resume();
      if (!worker.isRunning) await worker.start();
    }
  }

  /** The last lines that each worker has printed. */
  notices(lines = 12): string {
    return this.workers.map((worker) => `${worker.id}:\n${lastLines(worker.output(), lines)}`).join("\n");
  }

  async stop(): Promise<void> {
    await this.#coordinator.close();
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.network.close();
    await this.zookeeper.dispose();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Why the replica does not answer a read by itself; undefined if it does. */
async function readAt({ name, host, port }: Endpoint): Promise<string | undefined> {
  try {
    const client = await RespClient.connect({ host, port, deadlineMillis: ASK_MILLIS_MAX });
    try {
      await client.callWithin(ASK_MILLIS_MAX, "READONLY");
      const reply = await client.callWithin(ASK_MILLIS_MAX, "GET", "rig");
      return reply.type === "error" ? `${name}: ${reply.text}` : undefined;
    } finally {
      await client.close();
    }
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}

function lastLines(text: string, count: number): string {
  return text
    .trimEnd()
    .split("\n")
    .slice(-count)
    .map((line) => `  ${line}`)
    .join("\n");
}
