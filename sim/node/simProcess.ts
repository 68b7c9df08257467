import { crc32 } from "../../src/base/crc.ts";
import type { Prng } from "../../src/base/prng.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { NodeServices } from "../../src/core/command/nodeServices.ts";
import type { Session } from "../../src/core/command/session.ts";
import type { CommandTable } from "../../src/core/command/table.ts";
import type { Disk } from "../../src/ports/disk.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { Executor } from "../../src/worker/executor.ts";
import { Node } from "../../src/worker/node.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import type { SimEngine } from "../engine/simEngine.ts";
import type { Life, Scheduler } from "../kernel/scheduler.ts";
import { type SimClock, simTimers } from "../kernel/simClock.ts";
import type { WorldOptions } from "../options.ts";
import { type NodeObserver, observe } from "./observe.ts";
import type { NodeRandom } from "./requestRandom.ts";
import type { SimCoordinator } from "./simCoordinator.ts";

export interface ProcessParts {
  readonly options: WorldOptions;
  readonly scheduler: Scheduler;
  readonly clock: SimClock;
  readonly random: NodeRandom;
  readonly prng: Prng;
  readonly logDisk: Disk;
  readonly engine: SimEngine;
  readonly coordinator: SimCoordinator;
  readonly observer: NodeObserver;
  readonly table: CommandTable;
  /** Recovery is over, and nothing is served yet. */
  readonly onRecovered: (node: Node) => void;
  readonly onFatal: (error: unknown) => void;
  readonly onNotice: (text: string) => void;
  readonly wrapEngine: (engine: Engine) => Engine;
}

/** Everything of a data directory that never changes. */
const IDENTITY = { identity: 7, hashSeed: [3, 4] } as const;

/** One life of the node's process. */
export class SimProcess {
  readonly life: Life = { alive: true };
  /** Set when recovery is over. */
  node: Node | undefined;
  /** Clients may come. */
  isServing = false;
  readonly #parts: ProcessParts;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
  }

  open(): Promise<Result<Node, NodeError>> {
    const { parts, life } = { parts: this.#parts, life: this.life };
    const { scheduler, options } = parts;
    return Node.open({
      identity: IDENTITY,
      group: "g1",
      logDisk: parts.logDisk,
      openEngine: () => this.#openEngine(),
      coordinator: parts.coordinator.connect("node", life),
      clock: parts.clock,
      timers: simTimers(scheduler, life),
      random: parts.random,
      checksum: { crc32 },
      table: parts.table,
      durability: options.durability,
      memoryBytesMax: () => options.memoryBytesMax,
      sizes: options.sizes,
      services: (node, executor) => this.#meet(node, executor),
      onFatal: parts.onFatal,
      onNotice: parts.onNotice,
    });
  }

  #openEngine(): Promise<Result<Engine, NodeError>> {
    const { scheduler, prng, options, engine, wrapEngine } = this.#parts;
    return new Promise((resolve) => {
      scheduler.after(prng.between(1, options.engineMicrosMax), this.life, "store opened", () => {
        if (engine.full && options.storeNeedsRoom) resolve(err({ code: "disk", message: "no room for the store" }));
        else resolve(ok(wrapEngine(engine.open())));
      });
    });
  }

  #meet(node: Node, executor: Executor): NodeServices {
    const { observer, onRecovered } = this.#parts;
    this.node = node;
    onRecovered(node);
    observe(node, executor, observer);
    return servicesOf(executor);
  }

  /** Answers what was begun and closes; nobody may ask any more. */
  async stop(): Promise<void> {
    const { node } = this;
    if (node === undefined) return;
    node.executor.halt();
    await node.journal.drain();
    await node.stop();
  }
}

function servicesOf(executor: Executor): NodeServices {
  return {
    watch: (session: Session, key: string) => executor.watch(session, key),
    unwatch: (session: Session) => executor.unwatch(session),
  } as unknown as NodeServices;
}
