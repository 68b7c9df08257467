import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Assignment } from "../../src/core/slots/assignment.ts";
import { encodeSlotMap, firstSlotMap } from "../../src/core/slots/slotMap.ts";
import { readConfig } from "../../src/main/config.ts";
import { type Server, serve } from "../../src/main/server.ts";
import { EmbeddedCoordinator } from "../../src/platform/embeddedCoordinator.ts";
import { openNodeDisk } from "../../src/platform/nodeDisk.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";

const READY_MILLIS_MAX = 20_000;

export interface LocalWorker {
  readonly id: string;
  readonly group: string;
  readonly server: Server;
}

/** Groups of workers in this process, with one coordinator and no master. */
export class LocalCluster {
  readonly workers: LocalWorker[] = [];
  readonly notices: string[] = [];
  readonly coordinator: EmbeddedCoordinator;
  /** A session of the test's own. */
  readonly session: Coordinator;
  readonly #directory: string;

  private constructor(directory: string, coordinator: EmbeddedCoordinator) {
    this.#directory = directory;
    this.coordinator = coordinator;
    this.session = coordinator.connect();
  }

  /** With `first`, it is as if a master had assigned the slots. */
  static async open(first?: Assignment): Promise<LocalCluster> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-cluster-"));
    const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
    assert.ok(opened.ok);
    const cluster = new LocalCluster(directory, opened.value);
    if (first !== undefined) {
      const made = await cluster.session.create("/slots", encodeSlotMap(firstSlotMap(first)), { kind: "durable" });
      assert.ok(made.ok);
    }
    return cluster;
  }

  async add(group: string, id: string, settings: object = {}): Promise<LocalWorker> {
    const flags = { id, group, port: 0, "http-port": 0, data: join(this.#directory, id), proxy: "no", ...settings };
    const config = readConfig(flags, {}, undefined);
    assert.ok(config.ok, JSON.stringify(config));
    const served = await serve(config.value, {
      http: false,
      grpc: false,
      configFile: undefined,
      coordinator: this.coordinator.connect(),
      onFatal: (error) => this.notices.push(`${id} ended: ${(error as Error).message}`),
      onNotice: (text) => this.notices.push(`${id}: ${text}`),
      onShutdown: () => undefined,
    });
    assert.ok(served.ok, JSON.stringify(served));
    const worker = { id, group, server: served.value };
    this.workers.push(worker);
    return worker;
  }

  worker(id: string): LocalWorker {
    return this.workers.find((worker) => worker.id === id)!;
  }

  /** Resolves when every worker serves and knows of its slots. */
  async ready(): Promise<void> {
    const isReady = ({ server: { node } }: LocalWorker): boolean => node.isReady && node.state.slots.isAssigned;
    await this.until(() => this.workers.every(isReady), "a worker is not ready");
  }

  async until(isTrue: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
    for (const end = Date.now() + READY_MILLIS_MAX; !(await isTrue()); await sleep(10)) {
      assert.ok(Date.now() < end, `${otherwise}; ${this.notices.join("; ")}`);
    }
  }

  async dispose(): Promise<void> {
    for (const { server } of [...this.workers].reverse()) await server.stop();
    await this.session.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
