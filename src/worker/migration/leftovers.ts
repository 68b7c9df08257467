import { eachSlot, rangesOf, type SlotRanges } from "../../core/slots/slotRanges.ts";
import { SLOT_ABSENT } from "../../core/slots/slotTable.ts";
import { cleanSlots } from "./cleanSlots.ts";
import type { MoveHost } from "./moveHost.ts";

/** Finding keys that the store lacks costs a look at each of those, however many slots are looked for. */
const SLOTS_AT_ONCE = 1_024;
/** Deleting goes on for at most this part of the time, and while there are clients. */
const SHARE = 0.5;
const SHARE_BUSY = 0.1;
const LOOK_MILLIS = 1_000;

/**
 * Deletes, in the background and in small entries, what is left of slots that the group does not have any more. Not at once: for a while an
 * operator whose target has lost everything could still find it here.
 */
export class Leftovers {
  readonly #host: MoveHost;
  readonly #isActive: () => boolean;
  /** Since when this primary knows of them. */
  readonly #since = new Map<number, number>();
  /** Keys that were deleted since this replica is the primary. */
  deleted = 0;

  constructor(host: MoveHost, isActive: () => boolean) {
    this.#host = host;
    this.#isActive = isActive;
  }

  async run(): Promise<void> {
    while (this.#isActive()) {
      const slots = this.#due();
      if (slots.length === 0) await this.#pass(LOOK_MILLIS);
      else await this.#clean(slots);
    }
  }

  #pass(millis: number): Promise<void> {
    return new Promise((resolve) => this.#host.timers.after(millis, resolve));
  }

  /** Some slots that may be cleaned now: those that nobody is copying here. */
  #due(): SlotRanges {
    const { slots, clock, settings } = this.#host;
    const now = clock.monotonic();
    const left = [...eachSlot(slots.leftovers)].filter((slot) => slots.stateOf(slot) === SLOT_ABSENT);
    for (const slot of this.#since.keys()) if (slots.stateOf(slot) !== SLOT_ABSENT) this.#since.delete(slot);
    for (const slot of left) if (!this.#since.has(slot)) this.#since.set(slot, now);
    const due = left.filter((slot) => now - this.#since.get(slot)! >= settings.safetyMillis);
    return rangesOf(due.slice(0, SLOTS_AT_ONCE));
  }

  async #clean(slots: SlotRanges): Promise<void> {
    const { clock, load, slots: table } = this.#host;
    const mayGoOn = (): boolean =>
      this.#isActive() && [...eachSlot(slots)].every((slot) => table.stateOf(slot) === SLOT_ABSENT);
    let began = clock.monotonic();
    const isClean = await cleanSlots(this.#host, slots, mayGoOn, async (keys) => {
      this.deleted += keys;
      const share = load.isBusy ? SHARE_BUSY : SHARE;
      await this.#pass(((clock.monotonic() - began) * (1 - share)) / share);
      began = clock.monotonic();
    });
    if (!isClean) return;
    this.#host.log({ kind: "cleaned", slots });
    for (const slot of eachSlot(slots)) this.#since.delete(slot);
  }
}
