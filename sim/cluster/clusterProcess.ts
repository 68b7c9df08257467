import { crc32 } from "../../src/base/crc.ts";
import type { Prng } from "../../src/base/prng.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import { commandTable } from "../../src/core/command/commandTable.ts";
import type { NodeServices } from "../../src/core/command/nodeServices.ts";
import type { Session } from "../../src/core/command/session.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import type { Disk } from "../../src/ports/disk.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { LinkHandler } from "../../src/ports/link.ts";
import type { Executor } from "../../src/worker/executor.ts";
import { Node, type NodeParts } from "../../src/worker/node.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import type { Life, Scheduler } from "../kernel/scheduler.ts";
import { simTimers } from "../kernel/simClock.ts";
import type { SimForward } from "../net/simForward.ts";
import type { SimNetwork } from "../net/simNetwork.ts";
import type { SimWorkerCalls } from "../net/simWorkerCalls.ts";
import type { Machine } from "./machine.ts";
import type { ClusterOptions } from "./options.ts";
import { Proxying } from "./proxying.ts";
import type { OpenSeat, Seat } from "./seat.ts";

const GROUP = "g1";
const RESP_PORT = 6379;
const TURN_MICROS = 20;

export interface ClusterProcessParts {
  readonly machine: Machine;
  /** One of several groups that share the slots; otherwise it is the only one. */
  readonly group?: string;
  /** How slots come and go, unless it is as usual. */
  readonly moving?: NonNullable<NodeParts["moving"]>;
  readonly options: ClusterOptions;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly calls: SimWorkerCalls;
  /** How it executes requests at other nodes; undefined where clients are told to go there. */
  readonly forward?: SimForward | undefined;
  readonly onForwarded?: (count: number) => void;
  readonly connect: (life: Life) => Coordinator;
  readonly openSeat: OpenSeat;
  /** Names the machine's present boot. */
  readonly boot: string;
  /** What stands between the process and its log disk, and its store. */
  readonly watchDisk: (disk: Disk) => Disk;
  readonly watchEngine: (engine: Engine, process: ClusterProcess) => Engine;
  /** Recovery is over, and the node has no part yet. */
  readonly onRecovered: (process: ClusterProcess, node: Node) => void;
  /** It is about to meet the others. */
  readonly onJoin: (node: Node) => void;
  readonly onFatal: (process: ClusterProcess, error: unknown) => void;
  readonly onNotice: (text: string) => void;
}

/** One life of a worker's process. */
export class ClusterProcess {
  readonly life: Life = { alive: true };
  readonly machine: Machine;
  readonly prng: Prng;
  /** Set when recovery is over. */
  node: Node | undefined;
  seat: Seat | undefined;
  /** Clients may come. */
  isServing = false;
  /** It hands over, and clients are still answered. */
  isStopping = false;
  readonly #parts: ClusterProcessParts;
  #proxying: Proxying | undefined;

  constructor(parts: ClusterProcessParts) {
    this.#parts = parts;
    this.machine = parts.machine;
    this.prng = parts.machine.prng;
  }

  get group(): string {
    return this.#parts.group ?? GROUP;
  }

  get address(): string {
    return `${this.machine.host}:${RESP_PORT}`;
  }

  /** Opens the node and takes its place in the group. */
  async open(): Promise<Result<void, NodeError>> {
    const parts = this.#parts;
    const { machine, life, prng } = this;
    const { scheduler, options, connect, network, calls, forward, openSeat, onFatal, onNotice } = parts;
    const timers = simTimers(scheduler, life, TURN_MICROS);
    const coordinator = connect(life);
    const seat = await openSeat({
      id: machine.id,
      host: machine.host,
      group: this.group,
      sharesSlots: parts.group !== undefined,
      respPort: RESP_PORT,
      coordinator,
      disk: machine.dataDisk.mount(),
      data: `${machine.id}/${machine.wipes}`,
      boot: options.durability === "memory" ? parts.boot : undefined,
      links: network.of(life),
      calls: calls.of(machine.host, life),
      timers,
      random: prng,
      times: options.times,
      life,
      eventualByDefault: false,
      onNotice,
    });
    if (!seat.ok) return seat;
    this.seat = seat.value;
    const opened = await Node.open({
      identity: { identity: machine.wipes * 16 + Number(machine.id.slice(1)), hashSeed: [3, machine.wipes] },
      group: this.group,
      ...(parts.moving !== undefined && { moving: parts.moving }),
      others: { ...seat.value.parts, join: (handler) => this.#join(seat.value, handler) },
      logDisk: parts.watchDisk(machine.logDisk.mount()),
      openEngine: () => this.#openEngine(),
      coordinator,
      clock: machine.clock,
      timers,
      random: prng,
      checksum: { crc32 },
      table: commandTable,
      durability: options.durability,
      memoryBytesMax: () => options.memoryBytesMax,
      sizes: options.sizes,
      services: (node, executor) => this.#meet(node, executor),
      onFatal: (error) => onFatal(this, error),
      onNotice,
    });
    if (!opened.ok) return opened;
    if (forward !== undefined) {
      this.#proxying = new Proxying({
        ...{ process: this, node: opened.value, group: seat.value.parts, forward, scheduler, timers, port: RESP_PORT },
        onForwarded: parts.onForwarded ?? (() => undefined),
      });
    }
    this.isServing = true;
    return seat.value.register(opened.value);
  }

  #join({ parts }: Seat, handler: LinkHandler): ReturnType<Seat["parts"]["join"]> {
    this.#parts.onJoin(this.node!);
    return parts.join(handler);
  }

  #openEngine(): Promise<Result<Engine, NodeError>> {
    const { scheduler, options, watchEngine } = this.#parts;
    const { machine, life, prng } = this;
    return new Promise((resolve) => {
      scheduler.after(prng.between(1, options.engineMicrosMax), life, "store opened", () => {
        if (machine.engine.full) resolve(err({ code: "disk", message: "no room for the store" }));
        else resolve(ok(watchEngine(machine.engine.open(), this)));
      });
    });
  }

  #meet(node: Node, executor: Executor): NodeServices {
    this.node = node;
    this.#parts.onRecovered(this, node);
    return {
      watch: (session: Session, key: string) => executor.watch(session, key),
      unwatch: (session: Session) => executor.unwatch(session),
    } as unknown as NodeServices;
  }

  /** Stops in order, as the server does; `hangUp` ends the connections of clients. */
  async stop(hangUp: () => void): Promise<void> {
    const { node, seat } = this;
    if (node === undefined || seat === undefined) return;
    this.isStopping = true;
    await node.retire();
    this.isServing = false;
    this.#proxying?.stopAccepting();
    node.executor.halt();
    await node.journal.drain();
    hangUp();
    this.#proxying?.endAll();
    await node.stop();
    this.#proxying?.stop();
    await seat.close();
  }
}
