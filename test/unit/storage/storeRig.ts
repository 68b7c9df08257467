import assert from "node:assert/strict";
import { SimEngine } from "../../../sim/engine/simEngine.ts";
import { ByteReader } from "../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { seq } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { KeySpace } from "../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../src/core/state/mutator.ts";
import { Replayer } from "../../../src/core/state/replay.ts";
import { EngineStore } from "../../../src/storage/engineStore.ts";
import { Flusher, type FlushSizes } from "../../../src/storage/flusher.ts";

const HASH_SEED = [3, 4] as const;

export interface RigOptions {
  readonly prng: Prng;
  readonly sizes: FlushSizes;
  readonly dirtyBlockRefs?: number;
  readonly hashSeed?: readonly [number, number];
  /** When the log has what a flush brings to the store; at once if this is not given. */
  readonly durable?: (upTo: number) => Promise<void>;
}

/** A key space with a simulated store behind it, and its entries, which count as durable at once. */
export class StoreRig {
  readonly disk: SimEngine;
  readonly entries: Uint8Array[] = [];
  state!: KeySpace;
  store!: EngineStore;
  flusher!: Flusher;
  mutator!: Mutator;
  /** Called whenever a flush waits for the log: others go on then. */
  onWait: () => void = () => undefined;
  readonly #options: RigOptions;
  readonly #log = new ByteWriter();
  /** Of the process that has the store open. */
  #life = { isOver: false };

  constructor(options: RigOptions) {
    this.#options = options;
    const schedule = (run: () => void): void => {
      Promise.resolve().then(() => {
        this.onWait();
        run();
      });
    };
    this.disk = new SimEngine({ prng: options.prng.fork("store"), schedule });
    this.open();
  }

  /** Goes on with what the disk has, and the entries behind it. */
  open(): void {
    const store = EngineStore.open(this.disk.open(), (key) => this.state.hashOf(key), { crc32 });
    assert.ok(store !== undefined);
    this.store = store;
    const life = { isOver: false };
    this.#life.isOver = true;
    this.#life = life;
    this.state = new KeySpace(this.#options.hashSeed ?? HASH_SEED, store);
    this.state.clearedSeq = store.meta.cleared;
    this.state.dirty.blockRefs = this.#options.dirtyBlockRefs ?? 256;
    this.mutator = new Mutator(this.state, this.#log);
    this.flusher = new Flusher({
      sizes: this.#options.sizes,
      state: this.state,
      store,
      newestSeq: () => seq(this.entries.length),
      durable: (upTo) => (life.isOver ? new Promise(() => undefined) : this.#wait(upTo)),
      nextTurn: async () => (life.isOver ? new Promise(() => undefined) : this.onWait()),
    });
    const replayer = new Replayer(this.state);
    for (let at = store.meta.applied + 1; at <= this.entries.length; at++) {
      replayer.entry(new ByteReader(this.entries[at - 1]!), at);
    }
  }

  async #wait(upTo: number): Promise<void> {
    this.onWait();
    await this.#options.durable?.(upTo);
  }

  /** Makes an entry of what `change` does. */
  entry(change: (seq: number) => void): void {
    const at = this.entries.length + 1;
    this.#log.reset();
    this.mutator.begin(at);
    change(at);
    if (this.mutator.end()) this.entries.push(this.#log.slice(4));
  }

  /** Takes as much out of memory as may go. */
  evictAll(): void {
    for (let round = 0; round < 20 && this.state.index.size > 0; round++) {
      this.state.evict(0, this.store.flushedSeq, this.#options.prng, 200);
    }
  }
}
