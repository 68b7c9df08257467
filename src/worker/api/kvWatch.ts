import { ByteReader } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { keySlot } from "../../base/crc16.ts";
import { type Seq, seq } from "../../base/ids.ts";
import { SLOT_COUNT } from "../../core/slots/slotRanges.ts";
import { SlotTable } from "../../core/slots/slotTable.ts";
import { readSlotMutation } from "../../core/state/decodeMutation.ts";
import type { KeySpace } from "../../core/state/keySpace.ts";
import { MUTATION_CLEAR, MUTATION_SLOTS } from "../../core/state/mutation.ts";
import { MutationCursor } from "../../core/state/mutationsOfEntry.ts";
import { isSessionKey } from "../../core/state/sessionKey.ts";
import type { Log } from "../../storage/log/log.ts";
import type { LogRecord } from "../../storage/log/readRecords.ts";
import { EntryCursor, RecordView } from "../../storage/log/record.ts";
import type { Retention } from "../../storage/log/retention.ts";
import { ChangeReader, type WatchOptions } from "./kvChange.ts";
import type { KvError } from "./kvError.ts";
import type { Positions } from "./position.ts";
import { putMessage } from "./wireWriter.ts";

const READ_BYTES = 256 * 1024;
/** A message ends at the end of the entry with which it has so many bytes. */
const MESSAGE_BYTES = 256 * 1024;
/** So much log is kept for a watcher that is slow; beyond it the watch ends. */
const BEHIND_BYTES_MAX = 64 << 20;

export interface WatchNode {
  readonly log: Log;
  readonly state: KeySpace;
  readonly positions: Positions;
  /** Everything up to here is committed and in the state. */
  readonly settledSeq: () => number;
  readonly ownerOf: (slot: number) => string;
}

export const POSITION_LOST: KvError = {
  code: "outOfRange",
  reason: "positionLost",
  message:
    "what came after this position is not all here any more, or slots have come or gone since; scan, and watch from the scan's first position",
  field: "from",
};

/** What is to be done next: send a message, wait for more to be committed, or end. */
export type WatchStep =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "idle" }
  | { readonly kind: "end"; readonly error: KvError };

/** Follows the committed entries of the log for one watch. */
export class KvWatch {
  readonly #node: WatchNode;
  readonly #options: WatchOptions;
  readonly #changes: ChangeReader;
  readonly #retention: Retention;
  /** As it was after entry `#at`. */
  readonly #slots = new SlotTable();
  readonly #view = new RecordView();
  readonly #entries = new EntryCursor();
  readonly #mutations = new MutationCursor();
  readonly #out = new ByteWriter(4096);
  #at: Seq;
  #records: readonly LogRecord[] = [];
  #record = 0;
  #lost: number[] = [];
  #gained: number[] = [];
  #isMoved = false;

  private constructor(node: WatchNode, options: WatchOptions, from: Seq, isLive: boolean) {
    this.#node = node;
    this.#options = options;
    this.#at = from;
    this.#retention = node.log.retain("watch", from, BEHIND_BYTES_MAX);
    const table = new ByteWriter(256);
    node.state.slots.encode(table);
    this.#slots.decode(new ByteReader(table.bytes, 0, table.length));
    this.#changes = new ChangeReader(node.state, node.positions, options);
    if (isLive) this.#changes.begin(from);
  }

  /** `from`: after this entry; undefined for the newest. */
  static begin(node: WatchNode, options: WatchOptions, from: number | undefined): KvWatch | KvError {
    const { log, state } = node;
    const newest = Math.min(node.settledSeq(), log.lastSeq);
    const start = from ?? Math.max(newest, state.slots.seq);
    if (start > Math.max(newest, state.slots.seq) || start < state.slots.seq || start < log.firstSeq - 1)
      return POSITION_LOST;
    const { key } = options;
    if (key !== undefined && state.slots.isAssigned && state.slots.isHidden(keySlot(key)))
      return movedTo(node, keySlot(key));
    return new KvWatch(node, options, seq(start), from === undefined);
  }

  /** Where the watch stands, as an empty message. */
  position(): Uint8Array {
    this.#out.reset();
    this.#node.positions.put(this.#out, 2, this.#at);
    return this.#out.slice();
  }

  /** The next message, when it is time for it. Rejects with what the log does. */
  async next(): Promise<WatchStep> {
    const { log } = this.#node;
    for (;;) {
      if (this.#isMoved) return { kind: "end", error: movedTo(this.#node, keySlot(this.#options.key!)) };
      const upTo = Math.min(this.#node.settledSeq(), log.lastSeq);
      if (upTo <= this.#at) return { kind: "idle" };
      if (this.#record === this.#records.length) {
        if (this.#retention.dropped) return { kind: "end", error: POSITION_LOST };
        const read = await log.readFrom(seq(this.#at + 1), READ_BYTES);
        if (!read.ok) return { kind: "end", error: POSITION_LOST };
        this.#records = read.value;
        this.#record = 0;
      }
      const bytes = this.#message(upTo);
      this.#retention.advance(this.#at);
      if (bytes !== undefined) return { kind: "message", bytes };
    }
  }

  close(): void {
    this.#retention.release();
    this.#records = [];
  }

  /** What the entries that were read, up to `upTo`, say of what is watched; undefined if that is nothing. */
  #message(upTo: number): Uint8Array | undefined {
    const out = this.#out;
    out.reset();
    while (this.#record < this.#records.length) {
      const { bytes, firstSeq, lastSeq } = this.#records[this.#record]!;
      if (firstSeq > upTo || this.#isMoved || out.length >= MESSAGE_BYTES) break;
      this.#view.load(bytes, 0);
      const cursor = this.#entries.open(this.#view);
      while (cursor.next()) {
        if (cursor.seq <= this.#at) continue;
        if (cursor.seq > upTo || this.#isMoved || out.length >= MESSAGE_BYTES) break;
        this.#entry(cursor, out);
        this.#at = cursor.seq;
      }
      if (this.#at < lastSeq) {
        // What is not committed yet may be cut off, and be read anew as something else.
        if (this.#at >= upTo) this.#records = [];
        break;
      }
      this.#record++;
    }
    if (this.#records.length === 0) this.#record = 0;
    if (out.length === 0 && this.#lost.length + this.#gained.length === 0) return undefined;
    this.#node.positions.put(out, 2, this.#at);
    putSlots(out, 3, this.#lost);
    putSlots(out, 4, this.#gained);
    this.#lost = [];
    this.#gained = [];
    return out.slice();
  }

  #entry({ bytes, start, end, seq: at }: EntryCursor, out: ByteWriter): void {
    const mutations = this.#mutations.open(new ByteReader(bytes, start, end));
    while (mutations.next()) {
      if (mutations.code === MUTATION_SLOTS) {
        this.#slotsChange(new ByteReader(bytes, mutations.keyEnd, mutations.end), at);
        continue;
      }
      if (mutations.code === MUTATION_CLEAR) this.#slots.cleared(at);
      else if (!this.#isMeant(mutations)) continue;
      const change = this.#changes.read(mutations, bytes, at);
      if (change !== undefined) putMessage(out, 1, change);
    }
  }

  #isMeant(mutation: MutationCursor): boolean {
    const { key, prefix } = this.#options;
    const name = mutation.key;
    if (isSessionKey(name)) return false;
    if (key !== undefined ? name !== key : !name.startsWith(prefix)) return false;
    return this.#slots.isWhole || !this.#slots.isHidden(keySlot(name));
  }

  #slotsChange(reader: ByteReader, at: Seq): void {
    const slots = this.#slots;
    const change = readSlotMutation(reader);
    if (change.kind === "imported") {
      slots.apply(change, at);
      return;
    }
    const before = new Uint8Array(SLOT_COUNT);
    for (let slot = 0; slot < SLOT_COUNT; slot++) before[slot] = slots.isHidden(slot) ? 1 : 0;
    slots.apply(change, at);
    const { key } = this.#options;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isHidden = slots.isHidden(slot);
      if (isHidden === (before[slot] === 1)) continue;
      if (key === undefined) (isHidden ? this.#lost : this.#gained).push(slot);
      else if (isHidden && keySlot(key) === slot) this.#isMoved = true;
    }
  }
}

function movedTo(node: WatchNode, slot: number): KvError {
  const address = node.ownerOf(slot);
  if (address === "") {
    const message = `slot ${slot} is not this group's, and whose it is is not known here yet`;
    return { code: "unavailable", reason: "notServed", message, retryAfterMillis: 100, slot };
  }
  const message = `slot ${slot} is another group's; scan and watch at ${address}`;
  return { code: "failedPrecondition", reason: "moved", message, address, slot };
}

/** Packed, as the format wants it. */
function putSlots(out: ByteWriter, field: number, slots: readonly number[]): void {
  if (slots.length === 0) return;
  const packed = new ByteWriter(slots.length * 2);
  for (const slot of slots) packed.varint(slot);
  putMessage(out, field, packed);
}
