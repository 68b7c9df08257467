import { ByteWriter } from "../../base/byteWriter.ts";
import { writeFixed } from "../../base/fixedPoint.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import { SLOT_COUNT } from "../../core/slots/slotRanges.ts";
import type { Node } from "../node.ts";
import { percentile } from "../services/percentile.ts";
import type { Heat } from "./heat.ts";
import { HOT_KEYS_MAX } from "./hotKeys.ts";

/** A report is made anew after so long; who asks earlier is told the same. */
const KEPT_MILLIS = 500;
/** Below this load the time that is spent says little of what the node could do. */
const LOAD_MIN = 0.1;
/** How much a new measurement of what the node could do counts. */
const LEARNING = 0.2;
/** A second's commands of any machine lie between these. */
const CAPACITY_MIN = 100;
const CAPACITY_MAX = 5_000_000;
const MOVES_MAX = 64;
const TROUBLE_CHARACTERS_MAX = 200;
/** So many slots are told of before others have their turn: about a millisecond. */
const SLOTS_A_TURN = 512;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

export interface HeatReporterParts {
  readonly node: Node;
  readonly heat: Heat;
  /** Milliseconds that the thread of this node has been busy since it began: not waiting for anything. */
  readonly busyMillis: () => number;
}

/** What was seen at the last report. */
interface Seen {
  readonly at: number;
  readonly busyMillis: number;
  readonly commands: number;
  readonly commits: Uint32Array;
}

/**
 * What a worker tells masters of its load: a JSON object which `parseHeat` of the master reads. Slots are rows
 * `[slot, reads a second, writes a second, bytes, keys]`, as there may be 16,384 of them; those without load and keys are left out.
 * Bytes and keys of a slot are the averages of the group's slots, but for slots whose keys somebody has asked to be counted.
 */
export class HeatReporter {
  readonly #parts: HeatReporterParts;
  #seen: Seen;
  #text = "{}";
  #making: Promise<string> | undefined;
  /** One row for each slot, written as bytes: rows as arrays of numbers took 25 ms, most of it for collecting them. */
  readonly #rows = new ByteWriter();
  /** Share of the time, and commands in a second of work; 0 is not known. */
  #load = 0;
  #capacity = 0;
  #commitMillisP99 = 0;

  constructor(parts: HeatReporterParts) {
    this.#parts = parts;
    parts.heat.nextTurn = () => this.#nextTurn();
    this.#seen = this.#look();
  }

  #look(): Seen {
    const { node, busyMillis } = this.#parts;
    const { meter, journal, parts } = node;
    const at = parts.clock.monotonic();
    return { at, busyMillis: busyMillis(), commands: meter.commands, commits: journal.commits.buckets.slice() };
  }

  report(): Promise<string> {
    if (this.#making !== undefined) return this.#making;
    const now = this.#look();
    if (now.at - this.#seen.at < KEPT_MILLIS) return Promise.resolve(this.#text);
    this.#measure(this.#seen, now);
    this.#seen = now;
    this.#making = this.#tell(now.at).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** `CONFIG RESETSTAT` may have come between. */
  #measure(before: Seen, after: Seen): void {
    const millis = after.at - before.at;
    const busyMillis = Math.max(0, after.busyMillis - before.busyMillis);
    this.#load = Math.min(1, busyMillis / millis);
    const commits = after.commits.map((count, at) => Math.max(0, count - before.commits[at]!));
    this.#commitMillisP99 = percentile(commits, 99) / 1000;
    if (this.#load < LOAD_MIN || after.commands <= before.commands) return;
    const measured = ((after.commands - before.commands) * 1000) / busyMillis;
    const capacity = Math.min(CAPACITY_MAX, Math.max(CAPACITY_MIN, measured));
    this.#capacity += (capacity - this.#capacity) * (this.#capacity === 0 ? 1 : LEARNING);
  }

  /** In several turns: in one it would hold up for 20 ms whoever is served by this thread. */
  async #tell(now: number): Promise<string> {
    const { node, heat } = this.#parts;
    await heat.fold(now);
    await this.#nextTurn();
    this.#rows.reset(0);
    const totals = { reads: 0, writes: 0, bytes: 0 };
    const keysOfSlot = node.state.size / Math.max(1, this.#ownedSlots());
    const bytesOfKey = bytesPerKey(node);
    for (let from = 0; from < SLOT_COUNT; from += SLOTS_A_TURN) {
      this.#addRows(from, from + SLOTS_A_TURN, keysOfSlot, bytesOfKey, totals);
      await this.#nextTurn();
    }
    const { reads, writes, bytes } = totals;
    const figures = {
      ...{ readsPerSecond: tenths(reads), writesPerSecond: tenths(writes), bytesPerSecond: Math.round(bytes) },
      ...{ load: Math.round(this.#load * 1000) / 1000, capacityPerSecond: Math.round(this.#capacity) },
      ...{ commitMillisP99: this.#commitMillisP99, connections: node.executor.clients.size },
      topKeys: heat.topKeys(HOT_KEYS_MAX).map(({ key, perSecond }) => ({ key, perSecond: tenths(perSecond) })),
      moves: this.#moves(),
    };
    const rows = this.#rows;
    this.#text = `${JSON.stringify(figures).slice(0, -1)},"slots":[${decodeLatin1(rows.bytes, 0, rows.length)}]}`;
    return this.#text;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#parts.node.parts.timers.endOfTurn(resolve));
  }

  #addRows(
    from: number,
    to: number,
    keysOfSlot: number,
    bytesOfKey: number,
    totals: { reads: number; writes: number; bytes: number },
  ): void {
    const { node, heat } = this.#parts;
    const { slots, slotCounts } = node.state;
    for (let slot = from; slot < to; slot++) {
      if (slots.isHidden(slot)) continue;
      const reads = heat.perSecond(slot, "reads");
      const writes = heat.perSecond(slot, "writes");
      totals.reads += reads;
      totals.writes += writes;
      totals.bytes += heat.perSecond(slot, "network-bytes-in") + heat.perSecond(slot, "network-bytes-out");
      const keys = slotCounts.of(slot) ?? keysOfSlot;
      if (reads >= 0.05 || writes >= 0.05 || keys >= 0.005) this.#addRow(slot, reads, writes, keys, bytesOfKey);
    }
  }

  #addRow(slot: number, reads: number, writes: number, keys: number, bytesOfKey: number): void {
    const rows = this.#rows;
    if (rows.length > 0) rows.u8(COMMA);
    rows.u8(BRACKET);
    writeFixed(rows, slot, 0);
    rows.u8(COMMA);
    writeFixed(rows, reads, 1);
    rows.u8(COMMA);
    writeFixed(rows, writes, 1);
    rows.u8(COMMA);
    writeFixed(rows, keys * bytesOfKey, 0);
    rows.u8(COMMA);
    writeFixed(rows, keys, 2);
    rows.u8(BRACKET_END);
  }

  #ownedSlots(): number {
    const { slots } = this.#parts.node.state;
    let owned = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (!slots.isHidden(slot)) owned++;
    return owned;
  }

  #moves() {
    const moves = this.#parts.node.moves?.progress() ?? [];
    return moves.slice(0, MOVES_MAX).map(({ id, role, phase, mutations, bytes, lag, trouble }) => ({
      ...{ id, role, phase, mutations, bytes, lag },
      trouble: trouble.slice(0, TROUBLE_CHARACTERS_MAX),
    }));
  }
}

/** Of those in memory: what the others are on disk is about the same. */
function bytesPerKey({ state }: Node): number {
  const { residentKeys } = state;
  return residentKeys === 0 ? 0 : state.memoryUsed / residentKeys;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
