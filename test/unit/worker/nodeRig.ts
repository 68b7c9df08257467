import assert from "node:assert/strict";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { SimEngine } from "../../../sim/engine/simEngine.ts";
import { Scheduler } from "../../../sim/kernel/scheduler.ts";
import { SimClock } from "../../../sim/kernel/simClock.ts";
import { NodeRandom } from "../../../sim/node/requestRandom.ts";
import { SimCoordinator } from "../../../sim/node/simCoordinator.ts";
import { SimProcess } from "../../../sim/node/simProcess.ts";
import { drawOptions, type WorldOptions } from "../../../sim/options.ts";
import { newSession } from "../../../sim/oracle/session.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { Args } from "../../../src/core/command/args.ts";
import { commandTable } from "../../../src/core/command/commandTable.ts";
import type { Client, ClientSink, Output } from "../../../src/worker/client.ts";
import type { Executor } from "../../../src/worker/executor.ts";
import type { Node } from "../../../src/worker/node.ts";
import { NODE_SIZES } from "../../../src/worker/sizes.ts";

/** What an operation of the log's disk, and a step of the store, take in virtual microseconds. */
export const LOG_MICROS = 1_000;
const STORE_MICROS = 5_000;

/** A client that remembers what it was told. */
export class RigClient implements ClientSink {
  /** Everything that came, with a space for every line end. */
  text = "";
  isCut = false;
  readonly client: Client;
  readonly #executor: Executor;
  readonly #inbox: string[] = [];

  constructor(executor: Executor, id: number) {
    this.#executor = executor;
    this.client = executor.connect(newSession(id, 2), this);
  }

  /** Sends lines of requests in one go. */
  request(...lines: readonly string[]): void {
    this.#inbox.push(...lines);
    this.resume();
  }

  resume(): void {
    this.#executor.beginTurn();
    while (this.#executor.mayExecute(this.client)) {
      const line = this.#inbox.shift();
      if (line === undefined) break;
      this.#executor.run(this.client, Args.of(...line.split(" ")));
    }
    this.#executor.finish(this.client);
    if (!this.#executor.mayExecute(this.client)) this.#executor.awaitNode(this.client);
  }

  /** What came since the last call. */
  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }

  send(output: Output): void {
    const text = typeof output === "string" ? output : decodeLatin1(output);
    this.text += text.replaceAll("\r\n", " ");
  }

  end(): void {
    this.isCut = true;
  }

  destroy(): void {
    this.isCut = true;
  }
}

/** One node on a simulated machine, with time that passes when a test says so. */
export class NodeRig {
  readonly scheduler = new Scheduler(createPrng("ties"));
  readonly clock = new SimClock(this.scheduler);
  readonly logDisk: SimDisk;
  readonly engine: SimEngine;
  /** Why the process had to end. */
  readonly fatal: unknown[] = [];
  readonly notices: string[] = [];
  process!: SimProcess;
  readonly #options: WorldOptions;
  readonly #coordinator = new SimCoordinator({ scheduler: this.scheduler, prng: createPrng("coordinator") });
  #clients = 0;

  private constructor(options: Partial<WorldOptions>) {
    const drawn = drawOptions(createPrng("options"));
    this.#options = {
      ...drawn,
      durability: "sync",
      memoryBytesMax: 1 << 30,
      storeNeedsRoom: false,
      diskMicrosMax: 1,
      engineMicrosMax: 1,
      sizes: { ...NODE_SIZES, aheadBytes: 0 },
      ...options,
    };
    const later = (micros: number, label: string) => (run: () => void) =>
      void this.scheduler.after(micros, undefined, label, run);
    this.logDisk = new SimDisk({ prng: createPrng("log disk"), schedule: later(LOG_MICROS, "log") });
    this.engine = new SimEngine({ prng: createPrng("store"), schedule: later(STORE_MICROS, "store") });
  }

  static async open(options: Partial<WorldOptions> = {}): Promise<NodeRig> {
    const rig = new NodeRig(options);
    await rig.start();
    return rig;
  }

  get node(): Node {
    return this.process.node!;
  }

  /** Starts a process on what the disks have. */
  async start(): Promise<void> {
    const ignore = (): void => undefined;
    this.process = new SimProcess({
      options: this.#options,
      scheduler: this.scheduler,
      clock: this.clock,
      random: new NodeRandom(createPrng("node")),
      prng: createPrng("process"),
      logDisk: this.logDisk.mount(),
      engine: this.engine,
      coordinator: this.#coordinator,
      observer: {
        entryAdded: ignore,
        entriesDiscarded: ignore,
        entriesRefused: ignore,
        stateReset: ignore,
        woken: ignore,
      },
      table: commandTable,
      onRecovered: ignore,
      onFatal: (error) => this.fatal.push(error),
      onNotice: (text) => this.notices.push(text),
      wrapEngine: (engine) => engine,
    });
    const opened = await this.settled(this.process.open());
    assert.ok(opened.ok, opened.ok ? "" : opened.error.message);
  }

  /** The process ends, and with "crash" the power goes; then it is started again. */
  async restart(how: "kill" | "crash"): Promise<void> {
    this.process.life.alive = false;
    this.logDisk[how]();
    this.engine[how]();
    await this.start();
  }

  client(): RigClient {
    return new RigClient(this.node.executor, ++this.#clients);
  }

  /** Lets so much virtual time pass. */
  async pass(micros: number): Promise<void> {
    let isOver = false;
    this.scheduler.after(micros, undefined, "passed", () => {
      isOver = true;
    });
    await turn();
    while (!isOver) await this.#step();
  }

  /** Lets time pass until the promise is settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await turn();
    while (!isOver) await this.#step();
    return promise;
  }

  async #step(): Promise<void> {
    assert.ok(this.scheduler.step(), "nothing happens any more");
    await turn();
  }
}

/** Everything that waits for a promise goes on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
