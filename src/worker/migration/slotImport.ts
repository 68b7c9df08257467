import { MalformedBytes } from "../../base/byteReader.ts";
import type { Result } from "../../base/result.ts";
import type { MoveRecord } from "../../core/slots/moveRecord.ts";
import type { Move } from "../../core/slots/slotTable.ts";
import type { CallError, SnapshotTotal, SnapshotTransfer, WorkerCaller } from "../../ports/workerCalls.ts";
import { type SlotCopyFrame, SlotCopyReader } from "../../storage/slotCopyReader.ts";
import { CopyPace } from "./copyPace.ts";
import { COPY_GONE, NO_COPY } from "./copyRefusals.ts";
import type { MoveDriverParts } from "./moveDriver.ts";
import type { MoveCounters } from "./moveProgress.ts";
import type { ReadMove } from "./moveRecords.ts";

const COPY_MILLIS_MAX = 24 * 3_600_000;
const SEAL_AGAIN_MILLIS = 10;
/** How often it is looked at when nothing wakes it. */
const LOOK_MILLIS = 50;

export interface SlotImportParts extends MoveDriverParts {
  readonly caller: WorkerCaller;
  readonly counters: MoveCounters;
}

/**
 * One attempt at a copy, by the primary of the target: pulls what the slots hold and what changes in them, logs it, lets the source seal
 * when hardly anything is on its way, and logs that it is ready when everything up to the seal is here.
 */
export class SlotImport {
  readonly #parts: SlotImportParts;
  readonly #id: string;
  readonly #pace: CopyPace;
  #read: ReadMove;
  #transfer: SnapshotTransfer | undefined;
  #ended: Result<SnapshotTotal, CallError> | undefined;
  /** The move in the table as this copy left it; when somebody else changes it, it is another object. */
  #expected: Move;
  #isOver = false;
  /** Copied and not committed. */
  #pendingBytes = 0;
  #lost = false;
  #sealedAt: number | undefined;
  #sealing = false;
  /** The source does not know of this copy. */
  #isUnknown = false;
  #nextSealMillis = 0;
  #drainSince = 0;

  constructor(parts: SlotImportParts, read: ReadMove) {
    this.#parts = parts;
    this.#read = read;
    this.#id = read.record!.id;
    this.#expected = this.#move!;
    const { clock, timers, importBrake } = parts.host;
    this.#pace = new CopyPace({ clock, timers, brake: importBrake });
  }

  get #move(): Move | undefined {
    return this.#parts.host.slots.moves.get(this.#id);
  }

  get #record(): MoveRecord {
    return this.#read.record!;
  }

  /** Resolves when the copy is ready (which may not be committed), or has to be begun anew, or given up. The newest record that was read. */
  async run(): Promise<ReadMove> {
    const { load } = this.#parts.host;
    load.copyBegins();
    try {
      return await this.#run();
    } finally {
      load.copyEnds();
    }
  }

  async #run(): Promise<ReadMove> {
    const { host, caller, wakeUp, isActive } = this.#parts;
    const { slots } = this.#record;
    const { sourceSeq, isWhole } = this.#expected;
    const limits = { deadlineMillis: COPY_MILLIS_MAX, idleMillisMax: host.settings.idleMillisMax };
    const reader = new SlotCopyReader(host.checksum);
    const take = async (chunk: Uint8Array): Promise<void> => {
      reader.add(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        if (frame === "malformed") throw new MalformedBytes("the copy is damaged");
        await this.#take(frame);
      }
    };
    const from = isWhole ? sourceSeq : 0;
    this.#transfer = caller.copySlots({ move: this.#id, slots, from }, { take }, limits);
    this.#transfer.done.then(
      (ended) => this.#end(ended),
      (error: unknown) => this.#end({ ok: false, error: { code: "damaged", message: String(error) } }),
    );
    while (this.#ended === undefined && !this.#lost && isActive()) {
      if (this.#isReady()) break;
      await wakeUp.wait(LOOK_MILLIS);
      if (this.#parts.isRecordOld() && !(await this.#look())) break;
      this.#sealIfNear();
      if (this.#isStalled || this.#isOfAnother) break;
    }
    // Chunks may come for a while: two copies must never be mixed.
    this.#isOver = true;
    this.#transfer.cancel();
    this.#learnFromEnd();
    return this.#read;
  }

  #end(ended: Result<SnapshotTotal, CallError>): void {
    this.#ended = ended;
    this.#parts.wakeUp.wake();
  }

  #learnFromEnd(): void {
    const ended = this.#ended;
    if (ended === undefined) return;
    this.#parts.counters.trouble = ended.ok ? "the source has ended the copy" : ended.error.message;
    const isGone = !ended.ok && ended.error.code === "refused" && ended.error.reason === COPY_GONE;
    if (isGone) this.#beginAnew();
  }

  /** What is here is void: as long as the table says otherwise, the next attempt would go on behind it. */
  #beginAnew(): void {
    const { host, isActive } = this.#parts;
    if (!isActive() || !this.#isOurs() || !this.#expected.isWhole) return;
    const { slots, source } = this.#record;
    host.log({ kind: "import", move: this.#id, slots, source });
  }

  /** Another is the source's primary now, perhaps the same one after a restart: it gives nothing to this copy. */
  get #isOfAnother(): boolean {
    const { host, caller } = this.#parts;
    return this.#isUnknown || host.callGroup(this.#record.source) !== caller;
  }

  /** Reads the record again; false if there is nothing to copy any more. */
  async #look(): Promise<boolean> {
    const read = await this.#parts.read();
    if (read?.record === undefined) return read === undefined;
    this.#read = read;
    return read.record.state === "copying";
  }

  /** Takes a frame; resolves when there is room for the next. */
  async #take(frame: SlotCopyFrame): Promise<void> {
    const { host, isActive } = this.#parts;
    if (this.#isOver || this.#lost) return;
    if (!isActive() || !this.#isOurs() || frame.kind === "restart") return this.#giveUp(frame.kind === "restart");
    const length = frame.end - frame.start;
    this.#log(frame);
    while (this.#pendingBytes > host.settings.importBytesMax && !this.#lost && !this.#isOver) await this.#room();
    // What is sealed, or about to be, is waited for by clients.
    if (this.#sealedAt === undefined && !this.#sealing && !this.#isOver) {
      await this.#pace.sent(length, 0, this.#expected.sourceSeq > 0);
    }
  }

  /** The table has what this copy put there, and nobody has removed every key meanwhile. */
  #isOurs(): boolean {
    const move = this.#move;
    if (move?.phase !== "importing") return false;
    return move === this.#expected || !this.#parts.host.rules.copyFollowsTable;
  }

  #giveUp(isRestart: boolean): void {
    if (isRestart) this.#beginAnew();
    this.#lost = true;
    this.#parts.wakeUp.wake();
  }

  #log({ sourceSeq, isWhole, bytes, start, end }: SlotCopyFrame): void {
    const { host, counters, wakeUp } = this.#parts;
    const length = end - start;
    const before = this.#expected;
    // In the middle of an entry of the source's a copy is not whole: nobody may go on there.
    if (length === 0 && sourceSeq === before.sourceSeq && isWhole === before.isWhole) return;
    const change = { kind: "imported", move: this.#id, sourceSeq, isWhole } as const;
    const { seq: at, mutations } = host.logImported(bytes, start, end, change);
    this.#expected = this.#move!;
    counters.phase = isWhole ? "following" : "copying";
    counters.sourceSeq = sourceSeq;
    counters.bytes += length;
    counters.mutations += mutations;
    this.#pendingBytes += length;
    counters.lag = this.#pendingBytes;
    void host.committed(at).then((isCommitted) => {
      this.#pendingBytes -= length;
      counters.lag = this.#pendingBytes;
      if (!isCommitted) this.#lost = true;
      this.#tellRoom();
      wakeUp.wake();
    });
    wakeUp.wake();
  }

  #tellRoom: () => void = () => undefined;

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellRoom = resolve;
    });
  }

  // Sealing

  #sealIfNear(): void {
    const { host, records, caller, wakeUp, counters, isActive } = this.#parts;
    const isNear = this.#expected.isWhole && this.#pendingBytes <= host.settings.sealBytesMax;
    if (!isNear || this.#record.paused || this.#sealedAt !== undefined || this.#sealing) return;
    if (!isActive() || !this.#isOurs() || !records.isConnected) return;
    if (!host.rules.sealBeforeReady) return this.#sealed(this.#expected.sourceSeq);
    if (host.clock.monotonic() < this.#nextSealMillis) return;
    this.#sealing = true;
    void caller.moveStep({ move: this.#id, step: "seal" }, host.settings.callMillisMax).then((sealed) => {
      this.#sealing = false;
      this.#nextSealMillis = host.clock.monotonic() + SEAL_AGAIN_MILLIS;
      if (sealed.ok) this.#sealed(sealed.value);
      else {
        counters.trouble = sealed.error.message;
        this.#isUnknown = sealed.error.code === "refused" && sealed.error.reason === NO_COPY;
      }
      wakeUp.wake();
    });
  }

  #sealed(at: number): void {
    const { host, counters } = this.#parts;
    this.#sealedAt = at;
    this.#drainSince = host.clock.monotonic();
    counters.phase = "sealed";
    counters.trouble = "";
  }

  /** What was sealed should be here by now: perhaps one who was the primary is being read. */
  get #isStalled(): boolean {
    const { host } = this.#parts;
    return this.#sealedAt !== undefined && host.clock.monotonic() - this.#drainSince > host.settings.drainMillisMax;
  }

  /** Logs that everything up to the seal is here, if it is. */
  #isReady(): boolean {
    const { host, counters, isActive } = this.#parts;
    const sourceSeq = this.#sealedAt;
    if (sourceSeq === undefined || !isActive() || !this.#isOurs()) return false;
    if (host.rules.drainBeforeReady && this.#expected.sourceSeq < sourceSeq) return false;
    if (host.log({ kind: "ready", move: this.#id, sourceSeq }) === undefined) return false;
    counters.phase = "ready";
    return true;
  }
}
