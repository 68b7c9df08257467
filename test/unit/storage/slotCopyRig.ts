import assert from "node:assert/strict";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { ByteReader } from "../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { keySlot } from "../../../src/base/crc16.ts";
import { monotonicMillis, type Seq, seq, wallMillis } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import { rangesOf, type SlotRanges } from "../../../src/core/slots/slotRanges.ts";
import { KeySpace } from "../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../src/core/state/mutator.ts";
import { Replayer } from "../../../src/core/state/replay.ts";
import { SlotKeyWalk } from "../../../src/core/state/slotKeys.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Clock, Timers } from "../../../src/ports/clock.ts";
import type { FlushSizes } from "../../../src/storage/flusher.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { FRAME_BYTES } from "../../../src/storage/slotCopyFormat.ts";
import { SlotCopyReader } from "../../../src/storage/slotCopyReader.ts";
import { type SlotCopyEnd, type SlotCopyParts, SlotCopySource } from "../../../src/storage/slotCopySource.ts";
import { keyLine } from "../core/state/plainState.ts";
import { KEYS, RandomMutations } from "../core/state/randomMutations.ts";
import { open, record } from "./logSupport.ts";
import { StoreRig } from "./storeRig.ts";

/** The slots of every second key. */
export const SLOTS: SlotRanges = rangesOf(KEYS.filter((_, at) => at % 2 === 0).map(keySlot));

const clock: Clock = {
  wall: () => wallMillis(Date.now()),
  monotonic: () => monotonicMillis(performance.now()),
  micros: () => performance.now() * 1000,
};

const timers: Timers = {
  after: (millis, run) => {
    const timer = setTimeout(run, millis);
    return { cancel: () => clearTimeout(timer) };
  },
  every: () => assert.fail("nothing is done again and again"),
  endOfTurn: (run) => void setImmediate(run),
};

/** A group's primary that slots are copied from: store, log and random changes. */
export class CopySource {
  readonly rig: StoreRig;
  readonly mutations: RandomMutations;
  log!: Log;
  /** Entries up to here are committed. */
  committed = 0;
  /** A copy begins while a flush is under way. */
  breaksFlushes = false;
  /** A copy waits for more. */
  onIdle: () => void = () => undefined;
  #waiting: (() => void)[] = [];
  #flushing: Promise<void> | undefined;
  readonly #prng: Prng;

  constructor(prng: Prng, sizes: FlushSizes, keys: readonly string[] = KEYS) {
    this.#prng = prng;
    this.rig = new StoreRig({ prng, sizes });
    this.mutations = new RandomMutations(prng, this.rig.mutator, keys);
  }

  async begin(): Promise<this> {
    this.log = await open(new SimDisk({ prng: createPrng("source") }).mount(), {
      segmentBytesMax: 2_000,
      backlogBytes: 0,
    });
    return this;
  }

  entry(change: (seq: number) => void, isCommitted = true): void {
    const before = this.rig.entries.length;
    this.rig.entry(change);
    const { entries } = this.rig;
    if (entries.length === before) return;
    this.log.writeNow(record(before + 1, [decodeLatin1(entries.at(-1)!)]));
    if (isCommitted) this.commit();
  }

  change(): void {
    this.entry((at) => this.mutations.entry(at));
  }

  clear(): void {
    this.entry((at) => this.mutations.clear(at));
  }

  commit(upTo = this.rig.entries.length): void {
    this.committed = upTo;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #flush(): Promise<void> {
    await this.#flushing;
    this.#flushing = this.rig.flusher.run();
    if (!this.breaksFlushes) return this.#flushing;
    for (let i = this.#prng.below(40); i > 0; i--) await Promise.resolve();
  }

  parts(slots = SLOTS): SlotCopyParts {
    return {
      engine: this.rig.store.engine,
      log: this.log,
      checksum: nodeChecksum,
      clock,
      timers,
      slots,
      logBytesMax: 1 << 20,
      frameBytes: this.breaksFlushes ? this.#prng.pick([1, 300]) : FRAME_BYTES,
      flush: () => this.#flush(),
      commitPoint: () => seq(this.committed),
      moreCommitted: (after) => {
        if (this.committed > after) return Promise.resolve();
        setImmediate(() => this.onIdle());
        return new Promise((resolve) => this.#waiting.push(resolve));
      },
    };
  }

  begun(slots = SLOTS): Promise<SlotCopySource> {
    return SlotCopySource.begin(this.parts(slots));
  }

  resumed(after: number): SlotCopySource | undefined {
    return SlotCopySource.resume(this.parts(), seq(after));
  }
}

/** A group's primary that slots are copied to. */
export class CopyTarget {
  readonly state = new KeySpace([5, 6]);
  readonly entries: Uint8Array[] = [];
  sourceSeq = 0;
  isWhole = false;
  restarts = 0;
  frames = 0;
  /** Frames of the log before the copy was whole. */
  parts = 0;
  readonly #log = new ByteWriter();
  readonly #mutator = new Mutator(this.state, this.#log);
  readonly #prng: Prng;
  #reader = new SlotCopyReader(nodeChecksum);

  constructor(prng: Prng) {
    this.#prng = prng;
    this.#entry((mutator) => mutator.changeSlots({ kind: "assign", slots: [] }));
    this.beginAnew();
  }

  #entry(change: (mutator: Mutator) => void): void {
    this.#log.reset();
    this.#mutator.begin(this.entries.length + 1);
    change(this.#mutator);
    if (this.#mutator.end()) this.entries.push(this.#log.slice(4));
  }

  /** Deletes what came before; the copy comes again from its beginning. */
  beginAnew(): void {
    for (;;) {
      const walk = new SlotKeyWalk(this.state, SLOTS, 3);
      let count = 0;
      for (let keys = walk.next(); keys !== undefined; keys = walk.next()) {
        count += keys.length;
        this.#entry((mutator) => {
          for (const key of keys) mutator.delete(key);
        });
      }
      if (count === 0) break;
    }
    this.#entry((mutator) => mutator.changeSlots({ kind: "import", move: "m", slots: SLOTS, source: "g1" }));
    this.goOn();
  }

  /** Another stream begins. */
  goOn(): void {
    this.#reader = new SlotCopyReader(nodeChecksum);
  }

  /** Takes a frame in chunks cut anywhere. */
  take(frame: Uint8Array): void {
    for (let at = 0; at < frame.length; ) {
      const length = 1 + this.#prng.below(this.#prng.pick([3, 100, 1 << 20]));
      this.#reader.add(frame.subarray(at, at + length));
      at += length;
      this.#takeFrames();
    }
  }

  #takeFrames(): void {
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      assert.ok(frame !== "malformed");
      this.frames++;
      const { kind, bytes, start, end, sourceSeq, isWhole } = frame;
      if (kind === "restart") {
        this.restarts++;
        continue;
      }
      this.#entry((mutator) => {
        mutator.importMutations(bytes, start, end);
        assert.ok(mutator.changeSlots({ kind: "imported", move: "m", sourceSeq, isWhole }));
      });
      if (sourceSeq > 0 && !isWhole) this.parts++;
      this.sourceSeq = sourceSeq;
      this.isWhole = isWhole;
    }
  }

  /** Takes frames until the source has nothing more up to `until()`, or `wanted` says that it is enough. */
  async copy(
    source: SlotCopySource,
    until: () => Seq | number,
    wanted: () => boolean = () => true,
  ): Promise<SlotCopyEnd | "reached" | "enough"> {
    const frames = source.frames();
    for (;;) {
      const { value, done } = await frames.next();
      if (done === true) return value;
      this.take(value);
      if (!wanted()) return "enough";
      if (this.sourceSeq >= until() && this.restarts === 0) return "reached";
    }
  }

  /** That the keys of the slots are those of the source, also for who replays the entries. */
  assertEqual(source: CopySource): void {
    const replayed = new KeySpace([7, 8]);
    const replayer = new Replayer(replayed);
    for (const [at, entry] of this.entries.entries()) replayer.entry(new ByteReader(entry), at + 1);
    assert.deepEqual([...replayed.slots.moves], [...this.state.slots.moves]);
    let count = 0;
    for (const [at, key] of KEYS.entries()) {
      const expected = at % 2 === 0 ? withoutVersion(keyLine(source.rig.state, key)) : undefined;
      if (expected !== undefined) count++;
      assert.equal(withoutVersion(keyLine(this.state, key)), expected, `key ${key.slice(0, 20)}`);
      assert.equal(keyLine(replayed, key), keyLine(this.state, key), `key ${key.slice(0, 20)}`);
    }
    assert.equal(this.state.size, count);
    assert.equal(this.state.hiddenKeys, count);
    assert.equal(replayed.hiddenKeys, count);
  }
}

function withoutVersion(line: string | undefined): string | undefined {
  return line?.replace(/^version \d+ /, "");
}
