import { type ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import type { ByteWriter } from "../../base/byteWriter.ts";
import { readRanges, type SlotChange, writeRanges } from "./slotChange.ts";
import { areSame, eachSlot, joinedSlots, NO_SLOTS, SLOT_COUNT, type SlotRanges, slotsWithout } from "./slotRanges.ts";

/** What a group may do with a slot. */
export const SLOT_OWNED = 0;
/** Another has it, or nobody. */
export const SLOT_ABSENT = 1;
/** It is being copied here: nobody sees it. */
export const SLOT_IMPORTING = 2;
/** All of it is here, and whose it is is about to be decided: requests wait. */
export const SLOT_READY = 3;
/** It is about to go: reads are answered, writes wait. */
export const SLOT_SEALED = 4;
/** It may be gone: everything waits. */
export const SLOT_CLOSED = 5;
export type SlotState = 0 | 1 | 2 | 3 | 4 | 5;

const FORMAT = 1;
const PHASES = ["importing", "ready", "sealed", "closed"] as const;

/** A move that this group has begun and not ended, as its log says. */
export interface Move {
  readonly id: string;
  readonly slots: SlotRanges;
  /** The other group. */
  readonly other: string;
  /** `importing` and `ready` at the target, `sealed` and `closed` at the source. */
  readonly phase: (typeof PHASES)[number];
  /** Importing: everything up to this entry of the source's is here; 0 at first. Ready, sealed and closed: the entry of the seal. */
  readonly sourceSeq: number;
  /** Importing: the copy is whole up to `sourceSeq`, and may go on behind it. */
  readonly isWhole: boolean;
}

/**
 * What a group does with each slot: part of its replicated state, so that all replicas agree and a new primary knows. It changes only by
 * entries of the log. A change that does not fit is passed over: whoever logs one looks before, and a replay may begin before what is
 * known here.
 */
export class SlotTable {
  /** Seq of the last entry that changed it; a replay passes over those up to here. */
  seq = 0;
  /** Whether the group has had its first word; until then it does as if it owned everything. */
  isAssigned = false;
  /** Every slot is owned, and nothing is going on. */
  isWhole = true;
  readonly moves = new Map<string, Move>();
  /** Slots that are not owned and may have keys left. */
  leftovers: SlotRanges = NO_SLOTS;
  readonly #states = new Uint8Array(SLOT_COUNT);

  stateOf(slot: number): SlotState {
    return this.#states[slot] as SlotState;
  }

  owned(): SlotRanges {
    return this.#rangesOf((state) => state === SLOT_OWNED || state === SLOT_SEALED || state === SLOT_CLOSED);
  }

  /** Whether clients may not see keys of the slot: it is not the group's, whatever is here of it. */
  isHidden(slot: number): boolean {
    const state = this.#states[slot]!;
    return state === SLOT_ABSENT || state === SLOT_IMPORTING || state === SLOT_READY;
  }

  #rangesOf(is: (state: number) => boolean): SlotRanges {
    const ranges: [number, number][] = [];
    for (let slot = 0, from = -1; slot <= SLOT_COUNT; slot++) {
      const isIn = slot < SLOT_COUNT && is(this.#states[slot]!);
      if (isIn && from < 0) from = slot;
      else if (!isIn && from >= 0) {
        ranges.push([from, slot - 1]);
        from = -1;
      }
    }
    return ranges;
  }

  /** Takes what entry `seq` says; false if it says nothing new. */
  apply(change: SlotChange, seq: number): boolean {
    if (seq <= this.seq || !this.#take(change, seq)) return false;
    this.seq = seq;
    return true;
  }

  #take(change: SlotChange, seq: number): boolean {
    if (!this.isAssigned && change.kind !== "assign") return false;
    switch (change.kind) {
      case "assign":
        return this.#assign(change.slots);
      case "import":
        return this.#import(change.move, change.slots, change.source);
      case "imported":
        return this.#change(change.move, "importing", { sourceSeq: change.sourceSeq, isWhole: change.isWhole });
      case "ready":
        if (!this.#change(change.move, "importing", { phase: "ready", sourceSeq: change.sourceSeq })) return false;
        return this.#set(this.moves.get(change.move)!.slots, SLOT_READY);
      case "activate":
        return this.#end(change.move, ["ready"], SLOT_OWNED);
      case "purge":
        return this.#end(change.move, ["importing", "ready"], SLOT_ABSENT);
      case "seal":
        return this.#seal(change.move, change.slots, change.target, seq);
      case "close":
        if (!this.#change(change.move, "sealed", { phase: "closed" })) return false;
        return this.#set(this.moves.get(change.move)!.slots, SLOT_CLOSED);
      case "unseal":
        return this.#end(change.move, ["sealed", "closed"], SLOT_OWNED);
      case "release":
        return this.#end(change.move, ["closed"], SLOT_ABSENT);
      case "cleaned":
        return this.#cleaned(change.slots);
    }
  }

  #assign(slots: SlotRanges): boolean {
    if (this.isAssigned) return false;
    this.isAssigned = true;
    this.#states.fill(SLOT_ABSENT);
    return this.#set(slots, SLOT_OWNED);
  }

  #import(id: string, slots: SlotRanges, other: string): boolean {
    const before = this.moves.get(id);
    if (before !== undefined && !(before.phase === "importing" && areSame(before.slots, slots))) return false;
    if (before === undefined && !this.#areAll(slots, SLOT_ABSENT)) return false;
    this.moves.set(id, { id, slots, other, phase: "importing", sourceSeq: 0, isWhole: false });
    this.#leave(slots);
    return this.#set(slots, SLOT_IMPORTING);
  }

  #seal(id: string, slots: SlotRanges, other: string, seq: number): boolean {
    if (this.moves.has(id) || !this.#areAll(slots, SLOT_OWNED)) return false;
    this.moves.set(id, { id, slots, other, phase: "sealed", sourceSeq: seq, isWhole: true });
    return this.#set(slots, SLOT_SEALED);
  }

  #change(id: string, phase: Move["phase"], to: Partial<Move>): boolean {
    const move = this.moves.get(id);
    if (move?.phase !== phase) return false;
    this.moves.set(id, { ...move, ...to });
    return true;
  }

  #end(id: string, phases: readonly Move["phase"][], state: SlotState): boolean {
    const move = this.moves.get(id);
    if (move === undefined || !phases.includes(move.phase)) return false;
    this.moves.delete(id);
    if (state === SLOT_ABSENT) this.#leave(move.slots);
    else this.#cleaned(move.slots);
    return this.#set(move.slots, state);
  }

  /** Keys of these slots may be here that are not the group's. */
  #leave(slots: SlotRanges): void {
    this.leftovers = joinedSlots(this.leftovers, slots);
  }

  #cleaned(slots: SlotRanges): boolean {
    this.leftovers = slotsWithout(this.leftovers, slots);
    return true;
  }

  #areAll(slots: SlotRanges, state: SlotState): boolean {
    for (const slot of eachSlot(slots)) if (this.#states[slot] !== state) return false;
    return true;
  }

  /** Copied batches, which come by the hundred a second, do not come here. */
  #set(slots: SlotRanges, state: SlotState): true {
    for (const [from, to] of slots) this.#states.fill(state, from, to + 1);
    this.isWhole = this.#states.every((each) => each === SLOT_OWNED);
    return true;
  }

  /** Entry `seq` removed every key of the group (`FLUSHALL`): what was copied has to be copied again. */
  cleared(seq: number): void {
    if (seq <= this.seq) return;
    for (const [id, move] of this.moves) {
      if (move.phase !== "importing") continue;
      this.moves.set(id, { ...move, sourceSeq: 0, isWhole: false });
      this.seq = seq;
    }
  }

  /** As it was in the beginning. */
  reset(): void {
    this.seq = 0;
    this.isAssigned = false;
    this.isWhole = true;
    this.leftovers = NO_SLOTS;
    this.moves.clear();
    this.#states.fill(SLOT_OWNED);
  }

  /** All of it, for the store and for learners. */
  encode(writer: ByteWriter): void {
    writer.u8(FORMAT);
    writer.u48(this.seq);
    writer.u8(this.isAssigned ? 1 : 0);
    writeRanges(
      writer,
      this.#rangesOf((state) => state === SLOT_OWNED),
    );
    writeRanges(writer, this.leftovers);
    writer.varint(this.moves.size);
    for (const { id, slots, other, phase, sourceSeq, isWhole } of this.moves.values()) {
      writer.lengthText(id);
      writeRanges(writer, slots);
      writer.lengthText(other);
      writer.u8(PHASES.indexOf(phase));
      writer.u48(sourceSeq);
      writer.u8(isWhole ? 1 : 0);
    }
  }

  /** Becomes what `encode` wrote. Throws `MalformedBytes`. */
  decode(reader: ByteReader): void {
    if (reader.u8() !== FORMAT) throw new MalformedBytes("a table of slots of another format");
    this.reset();
    this.seq = reader.u48();
    this.isAssigned = reader.u8() === 1;
    this.#states.fill(SLOT_ABSENT);
    this.#set(readRanges(reader), SLOT_OWNED);
    this.leftovers = readRanges(reader);
    for (let left = reader.varint(); left > 0; left--) this.#readMove(reader);
  }

  #readMove(reader: ByteReader): void {
    const id = reader.lengthText();
    const slots = readRanges(reader);
    const other = reader.lengthText();
    const phase = PHASES[reader.u8()];
    if (phase === undefined) throw new MalformedBytes("a move in no phase");
    this.moves.set(id, { id, slots, other, phase, sourceSeq: reader.u48(), isWhole: reader.u8() === 1 });
    const states = { importing: SLOT_IMPORTING, ready: SLOT_READY, sealed: SLOT_SEALED, closed: SLOT_CLOSED } as const;
    this.#set(slots, states[phase]);
  }
}
