import { keySlot } from "../../base/crc16.ts";
import { SLOT_COUNT, type SlotRanges } from "../slots/slotRanges.ts";

const UNKNOWN = -1;

/**
 * How many keys each slot has, for those slots of which somebody has asked. Nobody does in a node that is alone, which then pays one
 * comparison for a key that comes or goes and nothing for any other command. A slot's keys are counted once, when they are asked for
 * first: a slot is one range of the store, so that costs what it holds and not what the node holds. From then on the number follows
 * each key that comes or goes, for the CRC of that key. Nothing of it is on disk: after a restart nothing is known again.
 */
export class SlotCounts {
  /** Some slot is known, so that keys that come and go have to be told. */
  isKept = false;
  #counts: Int32Array | undefined;

  /** Undefined while it is not known. */
  of(slot: number): number | undefined {
    const count = this.#counts?.[slot];
    return count === undefined || count === UNKNOWN ? undefined : count;
  }

  learn(slot: number, count: number): void {
    this.#counts ??= new Int32Array(SLOT_COUNT).fill(UNKNOWN);
    this.#counts[slot] = count;
    this.isKept = true;
  }

  /** A key has come (1) or gone (-1). */
  changed(key: string, by: number): void {
    const counts = this.#counts!;
    const slot = keySlot(key);
    if (counts[slot] !== UNKNOWN) counts[slot]! += by;
  }

  /** Of slots that are all known. */
  sum(slots: SlotRanges): number {
    let sum = 0;
    for (const [from, to] of slots) for (let slot = from; slot <= to; slot++) sum += this.#counts![slot]!;
    return sum;
  }

  /** Every key is gone: what is known is zero. */
  cleared(): void {
    const counts = this.#counts;
    if (counts !== undefined)
      for (let slot = 0; slot < SLOT_COUNT; slot++) if (counts[slot] !== UNKNOWN) counts[slot] = 0;
  }

  forget(): void {
    this.#counts = undefined;
    this.isKept = false;
  }
}
