import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { type CompiledShim, compileFaultShim } from "../crash/shim/faultShim.ts";
import { freePort } from "./freePort.ts";
import { inodeOf, ownsSocket, RigNetwork } from "./groupRigNetwork.ts";
import type { RigProcess } from "./groupRigProcess.ts";
import { RigWorker } from "./groupRigWorker.ts";
import { startEnsemble, type ZookeeperEnsemble } from "./zookeeperEnsemble.ts";

export type GroundOptions = {
  readonly zookeeperServers?: 1 | 3;
  /** The workers' disks can be made slow or full; takes a C compiler on Linux. */
  readonly diskFaults?: boolean;
  /** Without proxies: nothing can be cut, and nothing is slower for them. */
  readonly isDirect?: boolean;
};

const CHROOT = "/rig";
/** Loopback addresses at which the proxies stand; the processes themselves are at 127.0.0.1, with the same ports. */
const ADVERTISED_HOST = "127.0.1.";
const CLIENT = "client";

/** What the processes of a rig stand on: ZooKeeper, a directory, and a network between them all that can be cut. */
export class RigGround {
  readonly network = new RigNetwork();
  readonly zookeeper: ZookeeperEnsemble;
  readonly coordinator: ZookeeperCoordinator;
  readonly processes: RigProcess[] = [];
  readonly #directory: string;
  readonly #shim: Extract<CompiledShim, { code: "compiled" }> | undefined;
  readonly #isDirect: boolean;
  #places = 0;

  private constructor(zookeeper: ZookeeperEnsemble, directory: string, options: GroundOptions) {
    const compiled = options.diskFaults === true ? compileFaultShim(directory) : undefined;
    this.#shim = compiled?.code === "compiled" ? compiled : undefined;
    this.#directory = directory;
    this.#isDirect = options.isDirect ?? false;
    this.zookeeper = zookeeper;
    const connected = ZookeeperCoordinator.connect({
      connectString: this.connectString,
      ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    });
    if (!connected.ok) throw new Error(connected.error);
    this.coordinator = connected.value;
  }

  static async open(options: GroundOptions): Promise<RigGround> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-group-"));
    return new RigGround(await startEnsemble(options.zookeeperServers ?? 1), directory, options);
  }

  /** ZooKeeper without proxies. */
  get connectString(): string {
    return `${this.zookeeper.connectString}${CHROOT}`;
  }

  get diskFaults(): boolean {
    return this.#shim !== undefined;
  }

  /** Makes room for a worker, and its ways to the others; it does not run yet. */
  async addWorker(id: string, group: string, args: readonly string[]): Promise<RigWorker> {
    const ports = { resp: await freePort(), rpc: await freePort(), link: await freePort() };
    const worker = new RigWorker({
      ...{ id, group, ports, args },
      advertised: await this.place(id, Object.values(ports)),
      zookeeper: await this.doorsToZookeeper(id),
      directory: this.#directory,
      shim: this.#shim,
    });
    this.processes.push(worker);
    return worker;
  }

  /** Forgets a process that has ended for good. */
  remove(process: RigProcess): void {
    this.processes.splice(this.processes.indexOf(process), 1);
  }

  /** An address of its own, with proxies before the ports; answers it. */
  async place(id: string, ports: readonly number[]): Promise<string> {
    if (this.#isDirect) return "127.0.0.1";
    const advertised = `${ADVERTISED_HOST}${++this.#places}`;
    for (const port of ports) {
      await this.network.open({ host: advertised, port }, { host: "127.0.0.1", port }, id, this.#callerOf);
    }
    return advertised;
  }

  /** Ways to each ZooKeeper server for this process alone; answers the connect string. */
  async doorsToZookeeper(id: string): Promise<string> {
    if (this.#isDirect) return this.connectString;
    const doors = this.zookeeper.connectString.split(",").map(async (address, server) => {
      const target = { host: "127.0.0.1", port: Number(address.split(":")[1]) };
      const door = await this.network.open({ host: "127.0.0.1", port: 0 }, target, `zk${server + 1}`, () => id);
      return `${door.host}:${door.port}`;
    });
    return `${(await Promise.all(doors)).join(",")}${CHROOT}`;
  }

  readonly #callerOf = (port: number): string => {
    const inode = inodeOf(port);
    const caller = inode && this.processes.find(({ pid }) => pid !== undefined && ownsSocket(pid, inode));
    return caller ? caller.id : CLIENT;
  };

  /** Ends every fault: heals the network, lets everybody run and starts who does not. */
  async repair(): Promise<void> {
    this.network.heal();
    for (const [index] of this.zookeeper.connectString.split(",").entries()) {
      if (this.zookeeper.servers.pidOf(index) === undefined) this.zookeeper.servers.startServer(index);
      else this.zookeeper.servers.signal(index, "SIGCONT");
    }
    for (const each of this.processes) await each.repair();
  }

  /** The last lines that each process has printed. */
  notices(lines: number): string {
    return this.processes.map((each) => `${each.id}:\n${lastLines(each.output(), lines)}`).join("\n");
  }

  async close(): Promise<void> {
    await this.coordinator.close();
    await Promise.all(this.processes.map((each) => each.kill()));
    await this.network.close();
    await this.zookeeper.dispose();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
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
