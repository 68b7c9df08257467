import assert from "node:assert/strict";
import { SimDisk, type SimOperation } from "../../../sim/disk/simDisk.ts";
import { StepQueue } from "../../../sim/disk/stepQueue.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { epoch, seq, wallMillis } from "../../../src/base/ids.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Disk, DiskErrorCode } from "../../../src/ports/disk.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { LogWriteError } from "../../../src/storage/log/logError.ts";
import { openLog } from "../../../src/storage/log/openLog.ts";
import type { LogOptions } from "../../../src/storage/log/options.ts";
import { beginEntry, beginRecord, endEntry, sealRecord } from "../../../src/storage/log/record.ts";
import { wireRecord } from "../../../src/storage/log/wireRecord.ts";
import { LogOracle } from "./logOracle.ts";

export interface LogWorldOptions {
  readonly seed: string;
  readonly operations: number;
  /** Stands between the log and its disk, to show that the oracle notices what it breaks. */
  readonly sabotage?: (disk: Disk) => Disk;
  readonly log?: Partial<LogOptions>;
}

/** How often the rarer things happened: a campaign in which one of them never did proves little. */
export interface LogWorldCounts {
  crashes: number;
  kills: number;
  closes: number;
  crashesWhileOpening: number;
  refusals: number;
  poisonings: number;
  cuts: number;
  adoptions: number;
  truncations: number;
  resets: number;
  readsGone: number;
  crashesWhileRewriting: number;
  flipsRefused: number;
  flipsTaken: number;
}

const OTHER_FAILURES: readonly (readonly [SimOperation, DiskErrorCode])[] = [
  ["write", "io"],
  ["write", "disk_full"],
  ["replace", "io"],
  ["replace", "disk_full"],
  ["open", "too_many_files"],
  ["open", "io"],
  ["remove", "io"],
  ["syncDirectory", "io"],
  ["truncate", "io"],
  ["read", "io"],
];

/** More turns of promises than anything needs to get from one operation of the disk to the next. */
const IDLE_TURNS_MAX = 100;

/** Lets what waits for a promise go on by one step; a turn of the event loop would cost ten times as much. */
function turn(): Promise<void> {
  return Promise.resolve();
}

/**
 * One log on one simulated disk, a process that comes and goes, and the oracle that watches. Everything follows from
 * the seed.
 */
export class LogWorld {
  readonly counts: LogWorldCounts = {
    crashes: 0,
    kills: 0,
    closes: 0,
    crashesWhileOpening: 0,
    refusals: 0,
    poisonings: 0,
    cuts: 0,
    adoptions: 0,
    truncations: 0,
    resets: 0,
    readsGone: 0,
    crashesWhileRewriting: 0,
    flipsRefused: 0,
    flipsTaken: 0,
  };
  readonly #oracle = new LogOracle();
  readonly #prng: Prng;
  readonly #content: Prng;
  readonly #queue = new StepQueue();
  readonly #disk: SimDisk;
  readonly #options: LogOptions;
  readonly #sabotage: (disk: Disk) => Disk;
  /** Whether each record is synced before it is acknowledged, or many at once from time to time. */
  readonly #synced: boolean;
  readonly #operations: number;
  readonly #writer = new ByteWriter();
  #log: Log | undefined;
  #epoch = 1;
  #failurePlanned = false;

  constructor(options: LogWorldOptions) {
    this.#prng = createPrng(options.seed);
    this.#content = this.#prng.fork("content");
    this.#disk = new SimDisk({ prng: this.#prng.fork("disk"), schedule: this.#queue.push });
    this.#sabotage = options.sabotage ?? ((disk) => disk);
    this.#operations = options.operations;
    this.#synced = this.#prng.chance(2, 3);
    this.#options = {
      identity: 7,
      checksum: nodeChecksum,
      random: this.#prng.fork("salts"),
      segmentBytesMax: this.#prng.pick([256, 1024, 4096, 1 << 20]),
      aheadBytes: this.#prng.pick([0, 100, 2000]),
      ...options.log,
    };
  }

  async run(): Promise<void> {
    await this.#open();
    for (let i = 0; i < this.#operations; i++) await this.#act();
    await this.#restart("crash");
    await this.#closeAndOpen();
  }

  async #act(): Promise<void> {
    const draw = this.#prng.below(100);
    if (draw < 41) return this.#synced ? this.#write() : this.#writeSome();
    if (draw < 48) return this.#adopt();
    if (draw < 51) return this.#truncate();
    if (draw < 52) return this.#reset();
    if (draw < 57) return this.#read();
    if (draw < 63) return this.#cutSome();
    if (draw < 72) return this.#crashDuring();
    if (draw < 76) return this.#restart("crash");
    if (draw < 79) return this.#restart("kill");
    if (draw < 83) return this.#closeAndOpen();
    if (draw < 88) return this.#flip();
    if (draw < 92) return this.#fill();
    if (draw < 95) return this.#plan("sync", "io");
    return this.#plan(...this.#prng.pick(OTHER_FAILURES));
  }

  get #running(): Log {
    assert.ok(this.#log !== undefined);
    return this.#log;
  }

  /** Ends operations of the disk, in any order, until the promise is done. */
  async #settle<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const finished = (): void => {
      done = true;
    };
    promise.then(finished, finished);
    let idle = 0;
    while (!done) {
      await turn();
      idle = this.#queue.step(this.#prng) ? 0 : idle + 1;
      assert.ok(idle < IDLE_TURNS_MAX, "the log waits for nothing");
    }
    return promise;
  }

  /** Ends some operations of the disk, and leaves the promise as it is then. */
  async #settleInPart(promise: Promise<unknown>): Promise<void> {
    promise.catch(() => undefined);
    for (let turns = this.#prng.below(40); turns > 0; turns--) {
      await turn();
      this.#queue.step(this.#prng);
    }
  }

  /** The next record, whose entries the oracle takes as given. */
  #nextRecord(): Uint8Array {
    if (this.#prng.chance(1, 10)) this.#epoch++;
    const time = this.#content.below(1_000_000);
    const count = this.#prng.between(1, 4);
    const firstSeq = this.#oracle.lastSeq + 1;
    beginRecord(this.#writer);
    for (let i = 0; i < count; i++) {
      const content = this.#drawContent();
      const start = beginEntry(this.#writer);
      this.#writer.text(content);
      endEntry(this.#writer, start);
      this.#oracle.give({ epoch: this.#epoch, time, content });
    }
    const facts = { epoch: epoch(this.#epoch), firstSeq: seq(firstSeq), count, time: wallMillis(time) };
    sealRecord(this.#writer, facts, this.#options.checksum);
    this.#oracle.recordGiven(this.#running.durableSeq);
    return this.#writer.view();
  }

  #drawContent(): string {
    const lengthMax = this.#prng.chance(1, 400) ? 90_000 : this.#prng.chance(1, 8) ? 2000 : 60;
    const char = String.fromCharCode(this.#content.below(256));
    return `${this.#content.u32()} ${char.repeat(this.#content.below(lengthMax))}`;
  }

  async #write(): Promise<void> {
    const before = this.#oracle.lastSeq;
    try {
      await this.#settle(this.#running.write(this.#nextRecord()));
    } catch (error) {
      return this.#failed(error, before);
    }
    this.#oracle.acknowledge(this.#oracle.lastSeq);
  }

  /** Several records at once, and a sync under way while others come. */
  async #writeSome(): Promise<void> {
    for (let i = this.#prng.below(3); i > 0; i--) if (!(await this.#writeNow())) return;
    const upTo = this.#oracle.lastSeq;
    const sync = this.#running.sync();
    sync.catch(() => undefined);
    await turn();
    for (let i = this.#prng.below(8); i > 0; i--) {
      if (this.#prng.chance(1, 2)) this.#queue.step(this.#prng);
      else this.#writeOneMore();
      await turn();
    }
    try {
      await this.#settle(sync);
    } catch (error) {
      return this.#failed(error, this.#oracle.lastSeq);
    }
    this.#oracle.acknowledge(upTo);
  }

  /** The log of a process that goes on is read like one that was just opened. */
  async #read(): Promise<void> {
    if (this.#failurePlanned) return;
    await this.#oracle.checkEntries(this.#running, (promise) => this.#settle(promise));
    const log = this.#running;
    const end = log.lastSeq;
    let wasCut = false;
    for (let from = this.#prng.between(log.firstSeq, end + 1); ; ) {
      const reading = log.readFrom(seq(from), this.#prng.pick([1, 1, 100, 100_000]));
      const isCutting = this.#prng.chance(2, 3);
      wasCut ||= isCutting;
      const cut = isCutting ? log.cut(this.#oracle.drawCut(this.#prng)) : Promise.resolve();
      const read = await this.#settle(reading);
      await this.#settle(cut);
      if (!read.ok) {
        assert.ok(read.error.code === "gone" && wasCut, read.error.message);
        this.counts.readsGone++;
        return;
      }
      this.#oracle.checkRead(read.value, from);
      assert.ok(read.value.length > 0 === from <= end);
      if (from > end) return;
      from = read.value.at(-1)!.lastSeq + 1;
    }
  }

  /** Records that came from another replica. */
  async #adopt(): Promise<void> {
    this.counts.adoptions++;
    const wires = this.#nextWires();
    try {
      const adopted = await this.#settle(this.#running.adopt(wires));
      assert.ok(adopted.ok, adopted.ok ? "" : adopted.error.message);
    } catch (error) {
      return this.#failed(error, this.#running.lastSeq);
    }
    this.#oracle.acknowledge(this.#oracle.lastSeq);
  }

  #nextWires(): Uint8Array[] {
    const wires: Uint8Array[] = [];
    for (let i = this.#prng.between(1, 3); i > 0; i--) wires.push(wireRecord(this.#nextRecord(), nodeChecksum));
    return wires;
  }

  async #truncate(): Promise<void> {
    this.counts.truncations++;
    const after = this.#oracle.drawEnd(this.#prng, this.#running);
    this.#oracle.truncationBegins(after);
    const cut = this.#prng.chance(1, 4) ? this.#running.cut(this.#oracle.drawCut(this.#prng)) : Promise.resolve();
    cut.catch(() => undefined);
    const reading = this.#running.readFrom(seq(this.#running.firstSeq), 100_000);
    reading.catch(() => undefined);
    try {
      await this.#settle(this.#running.truncateAfter(seq(after)));
      await this.#settle(cut);
    } catch (error) {
      if (!(error instanceof LogWriteError) || error.code === "poisoned")
        return this.#failed(error, this.#oracle.lastSeq);
      assert.equal(error.code, "too_many_files");
      return;
    }
    assert.equal(this.#running.lastSeq, after);
    assert.equal(this.#running.durableSeq, after);
    const read = await this.#settle(reading);
    if (read.ok) this.#oracle.checkRead(read.value, read.value[0]?.firstSeq ?? 1);
    this.#oracle.truncationEnds(after);
    this.#oracle.checkEpochs(this.#running);
    this.#epoch++;
  }

  #beginReset(): Promise<void> {
    const target = { seq: this.#oracle.drawReset(this.#prng), epoch: this.#epoch };
    this.#oracle.resetBegins(target);
    return this.#running.reset(seq(target.seq), epoch(target.epoch));
  }

  async #reset(): Promise<void> {
    this.counts.resets++;
    try {
      await this.#settle(this.#beginReset());
    } catch (error) {
      return this.#failed(error, this.#oracle.lastSeq);
    }
    this.#oracle.resetEnds();
    this.#oracle.checkEpochs(this.#running);
  }

  async #writeNow(): Promise<boolean> {
    const before = this.#oracle.lastSeq;
    try {
      this.#running.writeNow(this.#nextRecord());
      return true;
    } catch (error) {
      await this.#failed(error, before);
      return false;
    }
  }

  /** A record beside a sync, which will tell if the log was poisoned. */
  #writeOneMore(): void {
    const before = this.#oracle.lastSeq;
    try {
      this.#running.writeNow(this.#nextRecord());
    } catch (error) {
      assert.ok(error instanceof LogWriteError, String(error));
      if (error.code !== "poisoned") this.#refused(before);
    }
  }

  #refused(lastBefore: number): void {
    this.counts.refusals++;
    this.#oracle.takeBack(lastBefore);
    assert.equal(this.#running.lastSeq, lastBefore);
    this.#disk.capacityBytes = Number.MAX_SAFE_INTEGER;
  }

  async #failed(error: unknown, lastBefore: number): Promise<void> {
    assert.ok(error instanceof LogWriteError, String(error));
    if (error.code !== "poisoned") return this.#refused(lastBefore);
    this.counts.poisonings++;
    const log = this.#running;
    await assert.rejects(log.sync(), { code: "poisoned" });
    assert.throws(() => log.writeNow(new Uint8Array(0)), { code: "poisoned" });
    assert.throws(() => log.replay(seq(0), () => undefined), { code: "poisoned" });
    await this.#restart(this.#prng.chance(1, 2) ? "kill" : "crash");
  }

  async #cutSome(): Promise<void> {
    this.counts.cuts++;
    const cut = this.#running.cut(this.#oracle.drawCut(this.#prng));
    cut.catch(() => undefined);
    const before = this.#log;
    if (this.#synced && this.#prng.chance(1, 2)) await this.#write();
    if (this.#log !== before) return;
    await this.#settle(cut).catch((error: unknown) => this.#failed(error, this.#oracle.lastSeq));
  }

  async #crashDuring(): Promise<void> {
    const running: Promise<unknown>[] = [];
    const log = this.#running;
    if (this.#prng.chance(1, 3)) return this.#crashWhileRewriting();
    if (this.#prng.chance(1, 3)) running.push(log.cut(this.#oracle.drawCut(this.#prng)));
    if (this.#synced) {
      running.push(log.write(this.#nextRecord()));
    } else {
      this.#writeOneMore();
      if (this.#prng.chance(2, 3)) running.push(log.sync());
      else running.push(log.adopt(this.#nextWires()));
    }
    await this.#settleInPart(Promise.all(running));
    await this.#restart(this.#prng.chance(3, 4) ? "crash" : "kill");
  }

  async #crashWhileRewriting(): Promise<void> {
    this.counts.crashesWhileRewriting++;
    if (this.#prng.chance(1, 3)) {
      await this.#settleInPart(this.#beginReset());
    } else {
      const after = this.#oracle.drawEnd(this.#prng, this.#running);
      this.#oracle.truncationBegins(after);
      await this.#settleInPart(this.#running.truncateAfter(seq(after)));
    }
    await this.#restart(this.#prng.chance(3, 4) ? "crash" : "kill");
  }

  async #closeAndOpen(): Promise<void> {
    this.counts.closes++;
    try {
      await this.#settle(this.#running.close());
    } catch (error) {
      return this.#failed(error, this.#oracle.lastSeq);
    }
    this.#oracle.acknowledge(this.#oracle.lastSeq);
    // Where the disk had no room for the mark, nothing on it says that the last record was whole.
    const marked = this.#disk.capacityBytes === Number.MAX_SAFE_INTEGER && !this.#failurePlanned;
    if (marked) this.#oracle.marked();
    await this.#restart(this.#prng.chance(1, 2) ? "kill" : "crash");
  }

  #plan(operation: SimOperation, code: DiskErrorCode): void {
    this.#disk.failNext(operation, code, this.#prng.below(3));
    this.#failurePlanned = true;
  }

  #fill(): void {
    this.#disk.capacityBytes = this.#disk.usedBytes + this.#prng.below(3000);
  }

  async #restart(how: "crash" | "kill"): Promise<void> {
    this.counts[how === "crash" ? "crashes" : "kills"]++;
    this.#stop(how);
    await this.#open();
  }

  #stop(how: "crash" | "kill"): void {
    this.#log = undefined;
    this.#failurePlanned = false;
    this.#queue.clear();
    if (how === "crash") this.#disk.crash();
    else this.#disk.kill();
  }

  async #open(): Promise<void> {
    for (;;) {
      const opening = openLog(this.#sabotage(this.#disk.mount()), this.#options);
      if (this.#prng.chance(1, 8)) {
        this.counts.crashesWhileOpening++;
        await this.#settleInPart(opening);
        this.#stop(this.#prng.chance(1, 2) ? "crash" : "kill");
        continue;
      }
      const opened = await this.#settle(opening);
      if (opened.ok) return this.#check(opened.value);
      assert.equal(opened.error.diskCode, "disk_full", opened.error.message);
      this.#disk.capacityBytes = Number.MAX_SAFE_INTEGER;
    }
  }

  async #check(log: Log): Promise<void> {
    this.#log = log;
    await this.#oracle.check(log, (promise) => this.#settle(promise));
  }

  /** One bit of the disk turns over while the process is away. */
  async #flip(): Promise<void> {
    this.#stop(this.#prng.chance(1, 2) ? "crash" : "kill");
    const before = this.#disk.contents();
    const name = this.#prng.pick([...before.keys(), ""]);
    const at = this.#prng.below(before.get(name)?.length ?? 1);
    const bit = this.#prng.below(8);
    this.#disk.flipBit(name, at, bit);
    const damaged = this.#disk.contents();
    this.#disk.capacityBytes = Number.MAX_SAFE_INTEGER;
    const opened = await this.#settle(openLog(this.#sabotage(this.#disk.mount()), this.#options));
    if (opened.ok) {
      this.counts.flipsTaken++;
      this.#oracle.forgiveUnconfirmed();
      await this.#check(opened.value);
      this.#oracle.forgetLastSaying();
      return;
    }
    this.counts.flipsRefused++;
    assert.equal(opened.error.code, "damaged", opened.error.message);
    assert.deepEqual(this.#disk.contents(), damaged, "a damaged log was changed");
    this.#disk.flipBit(name, at, bit);
    await this.#open();
  }
}
