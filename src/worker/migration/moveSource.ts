import { err, ok, type Result } from "../../base/result.ts";
import type { SlotChange } from "../../core/slots/slotChange.ts";
import { eachSlot } from "../../core/slots/slotRanges.ts";
import { SLOT_OWNED } from "../../core/slots/slotTable.ts";
import type { CallRefusal, CopyRequest, MoveStep } from "../../ports/workerCalls.ts";
import { CopyPace } from "./copyPace.ts";
import { NO_COPY } from "./copyRefusals.ts";
import type { MoveDriver, MoveDriverParts, Outcome } from "./moveDriver.ts";
import type { CopySource } from "./moveHost.ts";
import { MoveCounters } from "./moveProgress.ts";
import type { ReadMove } from "./moveRecords.ts";
import { sourceStep } from "./nextStep.ts";
import { Turns } from "./turns.ts";

const PAUSED_MILLIS = 50;
const LAGGING = "too many entries are still to be copied";

type Answer = Result<number, CallRefusal>;

/** Carries out a move at its source: gives out what the slots hold, seals and closes as it is asked to, and does what was decided. */
export class MoveSource implements MoveDriver {
  readonly role = "source";
  readonly counters = new MoveCounters();
  readonly #parts: MoveDriverParts;
  /** Sealing and what follows from the record never happen at the same time. */
  readonly #turns = new Turns();
  #read: ReadMove | undefined;
  /** The newest copy that was opened. */
  #copy: CopySource | undefined;
  /** Since when this replica knows that the slots are sealed, or closed, and nothing is decided. */
  #since: { readonly phase: string; readonly millis: number } | undefined;

  constructor(parts: MoveDriverParts) {
    this.#parts = parts;
  }

  step(): Promise<Outcome> {
    return this.#turns.run(() => this.#step());
  }

  async #step(): Promise<Outcome> {
    const { host, id, isActive, records } = this.#parts;
    const { counters } = this;
    // It is read here: what was read before somebody else's turn may be from before a seal.
    const read = await this.#parts.read();
    if (read === undefined || !(await host.committed(host.slots.seq)) || !isActive()) return "wait";
    this.#read = read;
    const move = host.slots.moves.get(id);
    const step = sourceStep(read.record, move);
    if (step !== "watch") this.#since = undefined;
    switch (step) {
      case "watch":
        counters.phase = move!.phase;
        return this.#watch(read, move!.phase);
      case "release":
        counters.phase = "releasing";
        return this.#decided({ kind: "release", move: id });
      case "unseal":
        counters.phase = "undoing";
        return this.#decided({ kind: "unseal", move: id });
      case "finish":
        await records.change(read, { sourceDone: true });
        return "again";
      case "over":
      case "wait":
      case "stuck":
        counters.phase = step === "wait" ? (this.#copy === undefined ? "waiting" : "copying") : step;
        return step;
    }
  }

  async #decided(change: SlotChange): Promise<Outcome> {
    const { host } = this.#parts;
    const at = host.log(change);
    if (at === undefined) return "wait";
    host.slotsChanged();
    host.awaitSlotMap(this.#parts.id, false);
    return (await host.committed(at)) ? "again" : "wait";
  }

  /** What was sealed for too long is given up, but only by the record: the move may be flipped, or be about to be. */
  async #watch(read: ReadMove, phase: string): Promise<Outcome> {
    const { host, id, records } = this.#parts;
    const now = host.clock.monotonic();
    if (this.#since?.phase !== phase) this.#since = { phase, millis: now };
    if (now - this.#since.millis < host.settings.sealedMillisMax) return "wait";
    if (!host.rules.unsealByRecordOnly) return this.#decided({ kind: "unseal", move: id });
    const reason = `${read.record!.target} has not taken over in ${host.settings.sealedMillisMax} ms`;
    return (await records.change(read, { state: "aborted", reason })) ? "again" : "wait";
  }

  // What the target asks for

  ask(step: MoveStep): Promise<Answer> {
    switch (step) {
      case "seal":
        return this.#turns.run(() => this.#seal());
      case "close":
        return this.#turns.run(() => this.#close());
      case "release":
        this.#parts.wakeUp.wake();
        return Promise.resolve(ok(0));
    }
  }

  async #seal(): Promise<Answer> {
    const { host, id, records, isActive } = this.#parts;
    const known = host.slots.moves.get(id);
    if (known !== undefined) return this.#committed(host.slots.seq, known.sourceSeq);
    // It is asked for again soon, and the record need not be read for that each time.
    if (this.#isLagging) return refused("lagging", LAGGING);
    // Who cannot reach the coordinator would not hear that it may go on.
    if (!records.isConnected) return refused("unsteady", "the coordinator does not answer at present");
    const read = await this.#parts.read();
    if (read?.record === undefined || !isActive()) return refused("unsteady", "the move's record cannot be read");
    const { record } = read;
    this.#read = read;
    if (record.state !== "copying" || record.source !== host.group)
      return refused("wrong_state", `the move is ${record.state}`);
    if (record.paused) return refused("paused", "the move is paused");
    if (this.#copy === undefined) return refused(NO_COPY, "no copy is read here");
    if (this.#isLagging) return refused("lagging", LAGGING);
    const { slots, target } = record;
    for (const slot of eachSlot(slots)) {
      if (host.slots.stateOf(slot) !== SLOT_OWNED)
        return refused("not_owner", `this group cannot give slot ${slot} away`);
    }
    const at = host.log({ kind: "seal", move: id, slots, target });
    if (at === undefined) return refused("not_owner", "the log does not take the seal");
    this.counters.phase = "sealed";
    this.#parts.wakeUp.wake();
    return this.#committed(at, at);
  }

  get #isLagging(): boolean {
    const { host } = this.#parts;
    return this.#copy !== undefined && host.commitPoint - this.#copy.sourceSeq > host.settings.sealEntriesMax;
  }

  async #close(): Promise<Answer> {
    const { host, id } = this.#parts;
    const move = host.slots.moves.get(id);
    if (move === undefined) return refused("wrong_state", "the slots are not sealed");
    if (move.phase === "closed") return this.#committed(host.slots.seq, host.slots.seq);
    const at = host.log({ kind: "close", move: id });
    if (at === undefined) return refused("wrong_state", "the log does not take the close");
    this.counters.phase = "closed";
    host.awaitSlotMap(id, true);
    this.#parts.wakeUp.wake();
    return host.rules.closeCommittedBeforeFlip ? this.#committed(at, at) : ok(at);
  }

  async #committed(at: number, answer: number): Promise<Answer> {
    const { host, isActive } = this.#parts;
    if ((await host.committed(at)) && isActive()) return ok(answer);
    return refused("deposed", "this is not the primary any more");
  }

  // Copying

  async copySlots({ slots, from }: CopyRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>> {
    const { host, isActive } = this.#parts;
    // Who goes on behind what it has asks for the seal at once, and would find no copy here.
    if (from === 0) await new CopyPace(host).begin();
    const read = await this.#parts.read();
    if (read?.record === undefined || !isActive()) return refused("unsteady", "the move's record cannot be read");
    const { record } = read;
    this.#read = read;
    if (record.state !== "copying" || record.source !== host.group)
      return refused("wrong_state", `the move is ${record.state}`);
    if (JSON.stringify(record.slots) !== JSON.stringify(slots))
      return refused("wrong_slots", "the move is about other slots");
    const opened = await host.openCopy(slots, from);
    if (!opened.ok) return opened;
    void this.#copy?.close();
    this.#copy = opened.value;
    return ok(this.#paced(opened.value));
  }

  stop(): void {
    const { host, id } = this.#parts;
    host.awaitSlotMap(id, false);
    void this.#copy?.close();
  }

  /** Gives out a copy no faster than the record and this group's own clients allow. */
  #paced(copy: CopySource): AsyncIterableIterator<Uint8Array> {
    const pieces = this.#pieces(copy);
    const paced: AsyncIterableIterator<Uint8Array> = {
      [Symbol.asyncIterator]: () => paced,
      next: () => pieces.next(),
      return: async () => {
        // Who waits for the next piece, perhaps for long, is woken by this.
        await copy.close();
        return pieces.return(undefined);
      },
    };
    return paced;
  }

  async *#pieces(copy: CopySource): AsyncGenerator<Uint8Array, undefined> {
    const { host, isActive } = this.#parts;
    const pace = new CopyPace(host);
    host.load.copyBegins();
    try {
      for await (const piece of copy.frames()) {
        while (this.#read?.record?.paused && isActive() && this.#copy === copy) await pace.pass(PAUSED_MILLIS);
        if (!isActive() || this.#copy !== copy) return undefined;
        yield piece;
        this.#count(piece.length);
        await this.#pause(pace, piece.length);
      }
      return undefined;
    } finally {
      host.load.copyEnds();
      if (this.#copy === copy) this.#copy = undefined;
      await copy.close();
    }
  }

  #count(bytes: number): void {
    const { counters } = this;
    const sourceSeq = this.#copy?.sourceSeq ?? 0;
    counters.bytes += bytes;
    counters.sourceSeq = sourceSeq;
    counters.lag = sourceSeq === 0 ? 0 : Math.max(0, this.#parts.host.commitPoint - sourceSeq);
  }

  /** Clients wait for what is sealed: nothing holds that up. */
  async #pause(pace: CopyPace, bytes: number): Promise<void> {
    const { host, id } = this.#parts;
    if (host.slots.moves.has(id)) return;
    const isFollowing = (this.#copy?.sourceSeq ?? 0) > 0;
    await pace.sent(bytes, this.#read?.record?.bytesPerSecondMax ?? 0, isFollowing);
  }
}

function refused(reason: string, message: string): { readonly ok: false; readonly error: CallRefusal } {
  return err({ reason, message });
}
