import { commonSlot, eachSlot } from "../../core/slots/slotRanges.ts";
import { SLOT_ABSENT } from "../../core/slots/slotTable.ts";
import { cleanSlots } from "./cleanSlots.ts";
import type { MoveDriver, MoveDriverParts, Outcome } from "./moveDriver.ts";
import type { MoveHost } from "./moveHost.ts";
import { MoveCounters } from "./moveProgress.ts";
import type { ReadMove } from "./moveRecords.ts";
import { targetStep } from "./nextStep.ts";
import { SlotImport } from "./slotImport.ts";

/** Carries out a move at its target (REPLICATION.md 5.4): each call does one step, whatever was done before and by whom. */
export class MoveTarget implements MoveDriver {
  readonly role = "target";
  readonly counters = new MoveCounters();
  readonly #parts: MoveDriverParts;
  /** No key of these slots can be here: they were clean when this driver logged the import, and no copy has begun since. */
  #isClean = false;

  constructor(parts: MoveDriverParts) {
    this.#parts = parts;
  }

  async step(): Promise<Outcome> {
    const { host, id, isActive } = this.#parts;
    const read = await this.#parts.read();
    if (read === undefined) return "wait";
    // What the table says has to be what the group will always say.
    if (host.rules.readyCommittedBeforeFlip && !(await host.committed(host.slots.seq))) return "wait";
    if (!isActive()) return "wait";
    const { counters } = this;
    const { record } = read;
    const step = targetStep(record, host.slots.moves.get(id));
    switch (step) {
      case "import":
        return this.#import(read);
      case "start":
        await this.#parts.records.change(read, { state: "copying" });
        return "again";
      case "copy":
        return this.#copy(read);
      case "flip":
        return this.#flip(read);
      case "activate":
        counters.phase = "activating";
        return this.#activate(read);
      case "purge":
        counters.phase = "undoing";
        return this.#decided({ kind: "purge", move: id });
      case "finish":
        if (record!.state === "flipped") this.#tellSource(read);
        await this.#parts.records.change(read, { targetDone: true });
        return "again";
      case "over":
      case "wait":
      case "stuck":
        counters.phase = step === "wait" ? "waiting" : step;
        return step;
    }
  }

  /** A copy that is under way looks for itself. */
  stop(): void {
    this.#parts.wakeUp.wake();
  }

  async #import({ record }: ReadMove): Promise<Outcome> {
    const { host } = this.#parts;
    const { id, slots, source } = record!;
    for (const slot of eachSlot(slots)) {
      if (host.slots.stateOf(slot) === SLOT_ABSENT) continue;
      return this.#troubled(`this group has slot ${slot} already, or another move of it goes on`);
    }
    const wasClean = commonSlot(host.slots.leftovers, slots) === undefined;
    const outcome = await this.#decided({ kind: "import", move: id, slots, source });
    this.#isClean = wasClean && outcome === "again";
    return outcome;
  }

  /** Logs a change; resolves when it is committed, or never will be. */
  async #decided(change: Parameters<MoveHost["log"]>[0]): Promise<Outcome> {
    const { host } = this.#parts;
    const at = host.log(change);
    if (at === undefined) return this.#troubled(`the log does not take '${change.kind}'`);
    host.slotsChanged();
    return (await host.committed(at)) ? "again" : "wait";
  }

  #troubled(text: string): Outcome {
    this.counters.trouble = text;
    return "wait";
  }

  async #copy(read: ReadMove): Promise<Outcome> {
    const { host, id, isActive } = this.#parts;
    const { counters } = this;
    const { source, paused, slots } = read.record!;
    if (paused) return this.#troubled("paused");
    const caller = host.callGroup(source);
    if (caller === undefined) return this.#troubled(`the primary of ${source} is not known`);
    const isClean = this.#isClean;
    this.#isClean = false;
    if (!isClean && !host.slots.moves.get(id)!.isWhole && host.rules.cleanBeforeCopy) {
      counters.phase = "cleaning";
      // Nothing of an earlier copy may be left: keys that the source has deleted since would come back.
      if (!(await cleanSlots(host, slots, isActive))) return "wait";
    }
    counters.phase = "copying";
    counters.trouble = "";
    const last = await new SlotImport({ ...this.#parts, caller, counters }, read).run();
    const isReady = host.slots.moves.get(id)?.phase === "ready";
    if (!isReady || !isActive()) return "wait";
    // As long as nobody has replaced the record, it need not be read again before it is.
    if (host.rules.readyCommittedBeforeFlip && !(await host.committed(host.slots.seq))) return "wait";
    return isActive() ? this.#flip(last) : "wait";
  }

  async #flip(read: ReadMove): Promise<Outcome> {
    const { host, id, records, isActive } = this.#parts;
    const { counters } = this;
    counters.phase = "ready";
    const { source } = read.record!;
    // Clients wait by now: the map is read while the source closes. It is replaced only if nobody else has changed it since.
    const map = records.readMap();
    if (host.rules.closeBeforeFlip) {
      const caller = host.callGroup(source);
      if (caller === undefined) return this.#troubled(`the primary of ${source} is not known`);
      const closed = await caller.moveStep({ move: id, step: "close" }, host.settings.callMillisMax);
      if (!closed.ok) return this.#troubled(closed.error.message);
    }
    if (!isActive()) return "wait";
    counters.phase = "closed";
    const outcome = await records.flip(read, await map, host.rules.flipByRecord);
    const isFlipped = outcome === "flipped" || (outcome === "look" && !host.rules.activateByRecordOnly);
    if (isFlipped && isActive()) return this.#activate(read);
    if (outcome !== "not_owner") return "again";
    await records.change(read, { state: "aborted", reason: `the map does not give the slots to ${source}` });
    return "again";
  }

  /** The move is flipped. */
  async #activate(read: ReadMove): Promise<Outcome> {
    const { id } = this.#parts;
    const activated = this.#decided({ kind: "activate", move: id });
    // The source sees for itself that it is flipped; whoever it sends here waits until this is committed.
    this.#tellSource(read);
    return activated;
  }

  #tellSource({ record }: ReadMove): void {
    const { host, id } = this.#parts;
    const caller = host.callGroup(record!.source);
    // It is a hint: the source reads the record in any case.
    void caller?.moveStep({ move: id, step: "release" }, host.settings.callMillisMax);
  }
}
