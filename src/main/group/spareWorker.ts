import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isName } from "../../base/names.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { prepareTree } from "../../coordination/clusterTree.ts";
import { membersOf } from "../../core/replica/configuration.ts";
import { nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import { WakeUp } from "../../worker/migration/wakeUp.ts";
import type { Config } from "../config.ts";
import { connectZookeeper } from "../connectZookeeper.ts";
import { isSpares } from "../isSpares.ts";
import { type ServeError, type ServeHooks, type Server, serve } from "../server.ts";
import { removeOthers, standingIn } from "./spareData.ts";
import { SpareIdle } from "./spareIdle.ts";

/** Watches are hints: it looks again after so long in any case, and sooner when something did not work. */
const LOOK_MILLIS = 5_000;
const AGAIN_MILLIS = 1_000;
const STOP_MILLIS_MAX = 15_000;

export interface SpareHooks extends Omit<ServeHooks, "coordinator"> {
  /** Sessions of a coordinator in place of ZooKeeper's. */
  readonly connect?: () => Coordinator;
}

/** A spare worker that runs. */
export interface SpareServer {
  readonly host: string;
  readonly port: number;
  /** 0 when there is none. */
  readonly httpPort: number;
  readonly dataDirectory: string;
  /** The group that has it at present. */
  readonly group: string | undefined;
  /** It waits for a group, or serves as a replica of one. */
  readonly isReady: boolean;
  stop(): Promise<void>;
}

/** Starts a worker that belongs to no group: a master, or an operator, lends it to one by `/spares/<id>`, and takes it back. */
export async function serveSpare(config: Config, hooks: SpareHooks): Promise<Result<SpareServer, ServeError>> {
  if (config.id === undefined) return err({ code: "conflict", message: "a spare needs an --id" });
  if (hooks.connect === undefined && config.zookeeper === undefined) {
    return err({
      code: "conflict",
      message: 'the group is "spare", which says that a worker waits to be lent to one: that needs --zookeeper',
    });
  }
  const dataDirectory = resolve(config.data);
  try {
    await mkdir(dataDirectory, { recursive: true });
  } catch (error) {
    const reason = (error as Error).message;
    return err({ code: "disk", message: `the data directory ${dataDirectory} cannot be made: ${reason}` });
  }
  const coordinator = hooks.connect?.() ?? (await connectZookeeper(config));
  if (typeof coordinator === "string") return err({ code: "coordinator", message: `--zookeeper: ${coordinator}` });
  const spare = new SpareWorker({ config: { ...config, data: dataDirectory }, id: config.id, coordinator, hooks });
  const begun = await spare.begin();
  if (begun.ok) return ok(spare);
  await coordinator.close();
  return begun;
}

interface SpareParts {
  readonly config: Config;
  readonly id: string;
  readonly coordinator: Coordinator;
  readonly hooks: SpareHooks;
}

class SpareWorker implements SpareServer {
  readonly host: string;
  readonly dataDirectory: string;
  /** As they were found, once they are known: whichever they are, they stay. */
  port: number;
  httpPort: number;
  readonly #parts: SpareParts;
  readonly #wakeUp = new WakeUp(nodeTimers);
  #cluster = "";
  #idle: SpareIdle | undefined;
  #server: Server | undefined;
  #group: string | undefined;
  #isStopping = false;
  #running: Promise<void> = Promise.resolve();
  #told = "";

  constructor(parts: SpareParts) {
    const { config } = parts;
    this.#parts = parts;
    this.host = config.bind;
    this.port = config.port;
    this.httpPort = config["http-port"];
    this.dataDirectory = config.data;
  }

  get group(): string | undefined {
    return this.#group;
  }

  get isReady(): boolean {
    return this.#idle !== undefined || this.#server?.node.isReady === true;
  }

  /** Resolves when it waits for a group, or serves one. */
  async begin(): Promise<Result<void, ServeError>> {
    await this.#findCluster();
    const wanted = await this.#wanted();
    if (typeof wanted === "string") await this.#join(wanted);
    if (this.#server === undefined) {
      const waiting = await this.#wait();
      if (!waiting.ok) return waiting;
    }
    this.#running = this.#run().catch((error: unknown) => this.#parts.hooks.onFatal(error));
    return ok(undefined);
  }

  async #findCluster(): Promise<void> {
    const { coordinator } = this.#parts;
    for (;;) {
      const cluster = await prepareTree(coordinator, nodeRandom.u32().toString(16) + nodeRandom.u32().toString(16));
      if (cluster.ok) {
        this.#cluster = cluster.value;
        return;
      }
      this.#tell(`waiting for the coordinator: ${cluster.error}`);
      await pass(AGAIN_MILLIS);
    }
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const wanted = await this.#wanted();
      if (this.#isStopping) return;
      const isThere = wanted === "unknown" || (await this.#become(wanted));
      await this.#wakeUp.wait(isThere && wanted !== "unknown" ? LOOK_MILLIS : AGAIN_MILLIS);
    }
  }

  /** The group that it is lent to; undefined for none. */
  async #wanted(): Promise<string | undefined | "unknown"> {
    const { coordinator, id } = this.#parts;
    const path = `/spares/${id}`;
    const watch = this.#wakeUp.wake;
    const read = await coordinator.get(path, { sync: true, watch });
    if (read.ok) {
      const group = read.value.data;
      if (isName(group) && !isSpares(group) && group !== "unknown") return group;
      this.#tell(`${path} holds nonsense: ${group.slice(0, 100)}`);
      return undefined;
    }
    if (read.error.code !== "no_node") return "unknown";
    const there = await coordinator.exists(path, { watch });
    return there.ok && !there.value ? undefined : "unknown";
  }

  /** Whether it is now what it is to be. */
  async #become(group: string | undefined): Promise<boolean> {
    if (group !== this.#group && this.#group !== undefined && !(await this.#leave(this.#group))) return false;
    if (group !== undefined && group !== this.#group) await this.#join(group);
    if (this.#group === undefined && this.#idle === undefined && !this.#isStopping) {
      const waiting = await this.#wait();
      if (!waiting.ok) this.#tell(waiting.error.message);
    }
    return this.#group === group && (group !== undefined || this.#idle !== undefined);
  }

  /** Waits for a group. */
  async #wait(): Promise<Result<void, ServeError>> {
    const { config, id, hooks } = this.#parts;
    const coordinator = hooks.connect?.() ?? (await connectZookeeper(config));
    if (typeof coordinator === "string") return err({ code: "coordinator", message: coordinator });
    const idle = await SpareIdle.open({
      ...{ id, coordinator, cluster: this.#cluster, http: hooks.http, onNotice: hooks.onNotice },
      config: { ...config, port: this.port, "http-port": this.httpPort },
    });
    if (!idle.ok) return idle;
    this.#idle = idle.value;
    this.port = idle.value.port;
    this.httpPort = idle.value.httpPort;
    this.#tell(`this is a spare: it waits to be lent to a group (holdfast lend ${id} GROUP)`);
    return ok(undefined);
  }

  /** Becomes a replica of the group, which must be one already: a spare brings no data and makes no group. */
  async #join(group: string): Promise<void> {
    const { config, id, coordinator, hooks } = this.#parts;
    const there = await coordinator.exists(`/groups/${group}/config`, { sync: true });
    if (!there.ok) return;
    if (!there.value) return this.#tell(`lent to group ${group}, which has no replica yet; waiting for one`);
    await removeOthers(coordinator, { directory: this.dataDirectory, group, id });
    await this.#idle?.close();
    this.#idle = undefined;
    this.#tell(`lent to group ${group}`);
    const ports = { port: this.port, "http-port": this.httpPort };
    const served = await serve(
      { ...config, ...ports, group, data: join(this.dataDirectory, group) },
      { ...hooks, ...(hooks.connect === undefined ? {} : { coordinator: hooks.connect() }) },
    );
    if (!served.ok) return this.#tell(`it cannot be a replica of group ${group}: ${served.error.message}`);
    this.#server = served.value;
    this.#group = group;
    this.port = served.value.port;
    this.httpPort = served.value.httpPort;
  }

  /** Leaves the group in order. False: it cannot now, and is still a replica of it. */
  async #leave(group: string): Promise<boolean> {
    const { coordinator, id } = this.#parts;
    const configuration = this.#server?.node.replica.configuration;
    if (configuration?.primary.id === id && membersOf(configuration).length === 1) {
      this.#tell(`not taken back from group ${group}: nobody else has the group's data`);
      return false;
    }
    await this.#server?.stop();
    this.#server = undefined;
    for (;;) {
      const standing = await standingIn(coordinator, group, id);
      if (standing === "none" || standing === "eligible" || this.#isStopping) break;
      if (standing === "member") {
        this.#tell(`group ${group} still counts on this worker: it goes back until the group can do without`);
        this.#group = undefined;
        await this.#join(group);
        return false;
      }
      this.#tell("waiting for the coordinator");
      await pass(AGAIN_MILLIS);
    }
    this.#group = undefined;
    this.#tell(`it has left group ${group}`);
    return true;
  }

  /** Every notice once in a row. */
  #tell(text: string): void {
    if (text !== this.#told) this.#parts.hooks.onNotice(text);
    this.#told = text;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wakeUp.wake();
    await Promise.race([this.#running, pass(STOP_MILLIS_MAX)]);
    await this.#server?.stop();
    await this.#idle?.close();
    await this.#parts.coordinator.close();
  }
}

function pass(millis: number): Promise<void> {
  return new Promise((resolved) => nodeTimers.after(millis, resolved));
}
