import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { ClassicLevel } from "classic-level";
import { ByteReader } from "../base/byteReader.ts";
import { invariant } from "../base/invariant.ts";
import type { Engine, EngineBatch, EnginePair, EngineRange, EngineSnapshot } from "../ports/engine.ts";
import type { LevelOptions, LevelPage, LevelReply, LevelRequest, LevelThreadData } from "./levelMessages.ts";

const OPTIONS: LevelOptions = {
  multithreading: true,
  writeBufferSize: 2 << 20,
  cacheSize: 8 << 20,
  maxFileSize: 4 << 20,
};
/** LevelDB's thread has died or hangs when a page takes longer. */
const SCAN_MILLIS_MAX = 60_000;

export type LevelOpenError =
  | { readonly code: "locked"; readonly location: string }
  | { readonly code: "damaged"; readonly location: string; readonly message: string }
  | { readonly code: "failed"; readonly location: string; readonly message: string };

export class LevelError extends Error {
  override readonly name = "LevelError";
}

interface LevelThread {
  readonly worker: Worker;
  readonly pages: MessagePort;
  /** Counts the pages that were sent. */
  readonly wake: Int32Array;
}

interface Waiter {
  readonly resolve: (page: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** LevelDB (classic-level). Single keys are read here and now; writes and scans happen on a thread of their own. */
export class LevelEngine implements Engine {
  readonly #database: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #location: string;
  #thread: LevelThread | undefined;
  readonly #waiters = new Map<number, Waiter>();
  #nextId = 1;
  #closing = false;
  #death: LevelError | undefined;

  private constructor(database: ClassicLevel<Uint8Array, Uint8Array>, location: string) {
    this.#database = database;
    this.#location = location;
  }

  /** Opens or creates the database in the folder `location`. One process at a time may have it open. */
  static async open(
    location: string,
  ): Promise<{ ok: true; value: LevelEngine } | { ok: false; error: LevelOpenError }> {
    const database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
      ...OPTIONS,
      keyEncoding: "view",
      valueEncoding: "view",
    });
    try {
      await database.open();
    } catch (error) {
      return { ok: false, error: openError(location, error) };
    }
    return { ok: true, value: new LevelEngine(database, location) };
  }

  /** The thread is started when it is first needed, which is not before the node serves. */
  #start(): LevelThread {
    if (this.#thread !== undefined) return this.#thread;
    const wake = new Int32Array(new SharedArrayBuffer(4));
    const { port1, port2 } = new MessageChannel();
    const data: LevelThreadData = { location: this.#location, options: OPTIONS, wake, pages: port2 };
    // Worker threads run JavaScript only: also when this file runs from its source, its compiled neighbour is taken.
    const worker = new Worker(new URL("../../dist/platform/levelThread.js", import.meta.url), {
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 },
    });
    worker.on("message", (reply: LevelReply) => this.#settle(reply));
    worker.on("error", (error) => this.#failAll(new LevelError(`the engine's thread died: ${error.message}`)));
    worker.on("exit", () => this.#failAll(new LevelError("the engine's thread ended")));
    worker.unref();
    this.#thread = { worker, pages: port1, wake };
    return this.#thread;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.getSync(key);
  }

  scan(range: EngineRange): readonly EnginePair[] {
    if (this.#death !== undefined) throw this.#death;
    const { worker, pages, wake } = this.#start();
    const before = Atomics.load(wake, 0);
    worker.postMessage({ kind: "scan", range } satisfies LevelRequest);
    const outcome = Atomics.wait(wake, 0, before, SCAN_MILLIS_MAX);
    if (outcome === "timed-out") throw new LevelError("the engine did not answer");
    const received = receiveMessageOnPort(pages) as { message: LevelPage } | undefined;
    invariant(received !== undefined, "a page was sent before the main thread was woken");
    const { message } = received;
    if ("error" in message) throw new LevelError(message.error);
    return message.pairs.map(([key, value]) => ({ key, value }));
  }

  async apply(batch: EngineBatch, options: { readonly sync: boolean }): Promise<void> {
    const { bytes } = batch;
    await this.#request((id) => ({ kind: "apply", id, bytes, sync: options.sync }), [bytes.buffer as ArrayBuffer]);
  }

  async clear(gte: Uint8Array, lt: Uint8Array): Promise<void> {
    await this.#request((id) => ({ kind: "clear", id, gte, lt }));
  }

  async snapshot(): Promise<EngineSnapshot> {
    const snapshot = this.#nextId;
    await this.#request((id) => ({ kind: "snapshot", id }));
    return {
      page: async (range) => {
        const page = await this.#request((id) => ({ kind: "snapshotPage", id, snapshot, range }));
        return page === undefined ? [] : unpackPairs(page);
      },
      close: async () => {
        await this.#request((id) => ({ kind: "snapshotClose", id, snapshot }));
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#thread !== undefined) {
      if (this.#death === undefined) await this.#request((id) => ({ kind: "close", id }));
      await this.#thread.worker.terminate();
      this.#thread.pages.close();
    }
    await this.#database.close();
  }

  #request(make: (id: number) => LevelRequest, transfer: ArrayBuffer[] = []): Promise<Uint8Array | undefined> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const id = this.#nextId++;
    const { worker } = this.#start();
    return new Promise((resolve, reject) => {
      if (this.#waiters.size === 0) worker.ref();
      this.#waiters.set(id, { resolve, reject });
      worker.postMessage(make(id), transfer);
    });
  }

  #settle(reply: LevelReply): void {
    const waiter = this.#waiters.get(reply.id);
    this.#waiters.delete(reply.id);
    if (this.#waiters.size === 0) this.#thread?.worker.unref();
    if (reply.error === undefined) waiter?.resolve(reply.page);
    else waiter?.reject(new LevelError(reply.error));
  }

  #failAll(error: LevelError): void {
    this.#death ??= error;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
  }
}

function unpackPairs(bytes: Uint8Array): EnginePair[] {
  const reader = new ByteReader(bytes);
  const pairs: EnginePair[] = [];
  while (reader.remaining > 0) {
    const key = reader.view(reader.u32());
    pairs.push({ key, value: reader.view(reader.u32()) });
  }
  return pairs;
}

function openError(location: string, error: unknown): LevelOpenError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: string }).code;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === "LEVEL_LOCKED" || /lock/i.test(message)) return { code: "locked", location };
  if (code === "LEVEL_CORRUPTION" || /corrupt/i.test(message)) return { code: "damaged", location, message };
  return { code: "failed", location, message };
}
