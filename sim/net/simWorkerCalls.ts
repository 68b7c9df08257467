import { err, ok, type Result } from "../../src/base/result.ts";
import type { LinkAddress } from "../../src/ports/link.ts";
import {
  type CallError,
  type CallRefusal,
  SNAPSHOT_CHUNK_BYTES_MAX,
  type SnapshotLimits,
  type SnapshotSink,
  type SnapshotTotal,
  type SnapshotTransfer,
  type WorkerCaller,
  type WorkerCalls,
  type WorkerServe,
  type WorkerService,
  type WorkerTarget,
  wrongTarget,
} from "../../src/ports/workerCalls.ts";
import type { Life } from "../kernel/scheduler.ts";
import type { SimNetwork } from "./simNetwork.ts";

/** How often something that cannot get through tries again. */
const RETRY_MICROS = 20_000;

interface Served extends WorkerServe {
  readonly host: string;
  readonly life: Life;
  isClosed: boolean;
}

interface Caller {
  readonly host: string;
  readonly life: Life;
}

type Deadline = { isOver: boolean };
type OpenPieces = (service: WorkerService) => Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>>;

/**
 * Calls between workers in virtual time, over the same machines and cuts as the simulated links. What cannot get through waits
 * until its deadline; a call may have been carried out although its answer never comes.
 */
export class SimWorkerCalls {
  readonly #network: SimNetwork;
  readonly #served = new Map<string, Served>();
  #nextPort = 30_000;

  constructor(network: SimNetwork) {
    this.#network = network;
  }

  /** The calls as one process on a machine sees them. */
  of(host: string, life: Life): WorkerCalls {
    return {
      serve: async (options) => {
        const port = options.listen.port === 0 ? this.#nextPort++ : options.listen.port;
        const key = `${host}:${port}`;
        const known = this.#served.get(key);
        if (known?.life.alive === true && !known.isClosed)
          return err({ code: "address_in_use", message: `somebody listens at ${key}` });
        const served: Served = { ...options, host, life, isClosed: false };
        this.#served.set(key, served);
        const close = async (): Promise<void> => {
          served.isClosed = true;
        };
        return ok({ address: { host, port }, close });
      },
      caller: (address, target) => this.#caller({ host, life }, address, target),
    };
  }

  #caller(from: Caller, address: LinkAddress, target: WorkerTarget): WorkerCaller {
    return {
      takeOver: (request, millis) => this.#ask(from, address, target, millis, (to) => to.service.takeOver(request)),
      status: (millis) => this.#ask(from, address, target, millis, async (to) => ok(await to.service.status())),
      handOver: (request, millis) => this.#ask(from, address, target, millis, (to) => to.service.handOver(request)),
      moveStep: (request, millis) => this.#ask(from, address, target, millis, (to) => to.service.moveStep(request)),
      heat: (millis) => this.#ask(from, address, target, millis, async (to) => ok(await to.service.heat())),
      snapshot: (request, sink, limits) =>
        this.#transfer(from, address, target, (service) => service.snapshot(request), sink, limits),
      copySlots: (request, sink, limits) =>
        this.#transfer(from, address, target, (service) => service.copySlots(request), sink, limits),
      close: () => undefined,
    };
  }

  async #ask<T>(
    from: Caller,
    address: LinkAddress,
    target: WorkerTarget,
    deadlineMillis: number,
    serve: (to: Served) => Promise<Result<T, CallRefusal>>,
  ): Promise<Result<T, CallError>> {
    return this.#before(from, deadlineMillis, async (deadline) => {
      const to = await this.#reach(from, address, target, deadline);
      if (!to.ok) return to;
      const answer = await serve(to.value);
      if (!(await this.#travel(to.value, from, deadline))) return lost(address);
      return answer.ok ? answer : err({ code: "refused", ...answer.error });
    });
  }

  #transfer(
    from: Caller,
    address: LinkAddress,
    target: WorkerTarget,
    open: OpenPieces,
    sink: SnapshotSink,
    { deadlineMillis, idleMillisMax }: SnapshotLimits,
  ): SnapshotTransfer {
    let cancel: () => void = () => undefined;
    const cancelled = new Promise<Result<SnapshotTotal, CallError>>((resolve) => {
      cancel = () => resolve(err({ code: "cancelled", message: "given up" }));
    });
    const state: Deadline = { isOver: false };
    const fetched = this.#before(from, deadlineMillis, (deadline) =>
      this.#fetch(from, address, target, open, sink, idleMillisMax, {
        get isOver() {
          return deadline.isOver || state.isOver;
        },
      }),
    );
    const done = Promise.race([fetched, cancelled]).finally(() => {
      state.isOver = true;
    });
    return { done, cancel };
  }

  async #fetch(
    from: Caller,
    address: LinkAddress,
    target: WorkerTarget,
    open: OpenPieces,
    sink: SnapshotSink,
    idleMillisMax: number,
    deadline: Deadline,
  ): Promise<Result<SnapshotTotal, CallError>> {
    const to = await this.#reach(from, address, target, deadline);
    if (!to.ok) return to;
    // Who is asked may end before it answers.
    const opened = await this.#before(from, idleMillisMax, async () => {
      const answer = await open(to.value.service);
      return answer.ok ? answer : err<CallError>({ code: "refused", ...answer.error });
    });
    if (!opened.ok) return opened;
    let bytes = 0;
    let chunks = 0;
    const pieces = opened.value[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#before(from, idleMillisMax, async (idle) => {
          const piece = await pieces.next();
          const both = {
            get isOver() {
              return idle.isOver || deadline.isOver;
            },
          };
          return (await this.#travel(to.value, from, both)) ? ok(piece) : lost(address);
        });
        if (!next.ok) return next;
        if (next.value.done === true) return ok({ bytes, chunks });
        const piece: Uint8Array = next.value.value;
        for (let at = 0; at < piece.length; at += SNAPSHOT_CHUNK_BYTES_MAX) {
          if (deadline.isOver) return lost(address);
          const chunk = piece.slice(at, at + SNAPSHOT_CHUNK_BYTES_MAX);
          await sink.take(chunk);
          bytes += chunk.length;
          chunks++;
        }
      }
    } finally {
      void pieces.return?.();
    }
  }

  /** Brings a request to the one who is meant. */
  async #reach(
    from: Caller,
    address: LinkAddress,
    target: WorkerTarget,
    deadline: Deadline,
  ): Promise<Result<Served, CallError>> {
    const to = this.#served.get(`${address.host}:${address.port}`);
    if (to === undefined || !(await this.#travel(from, to, deadline)) || to.isClosed) return lost(address);
    const message = wrongTarget(target, to.self);
    return message === undefined ? ok(to) : err({ code: "wrong_target", message });
  }

  /** Resolves when something has got from one to the other; false if it will not. */
  #travel(from: Caller, to: Caller, deadline: Deadline): Promise<boolean> {
    const network = this.#network;
    return new Promise((resolve) => {
      const arrive = (): void => {
        const isBlocked = network.isCut(from.host, to.host) || network.isPaused(to.host);
        if (!from.life.alive || !to.life.alive || deadline.isOver) resolve(false);
        else if (isBlocked) network.scheduler.after(RETRY_MICROS, undefined, "call held", arrive);
        else resolve(true);
      };
      network.arriveLater(`call ${from.host}>${to.host}`, 0, arrive);
    });
  }

  /** The outcome of `run`, or that it took too long. */
  #before<T>(
    from: Caller,
    millis: number,
    run: (deadline: Deadline) => Promise<Result<T, CallError>>,
  ): Promise<Result<T, CallError>> {
    const deadline: Deadline = { isOver: false };
    return new Promise((resolve, reject) => {
      const timer = this.#network.scheduler.after(millis * 1000, from.life, "call deadline", () => {
        deadline.isOver = true;
        resolve(err({ code: "deadline", message: `no answer in ${millis} ms` }));
      });
      run(deadline)
        .then(resolve, reject)
        .finally(() => {
          timer.cancelled = true;
        });
    });
  }
}

function lost({ host, port }: LinkAddress): { readonly ok: false; readonly error: CallError } {
  return err({ code: "unavailable", message: `the connection to ${host}:${port} is lost` });
}
