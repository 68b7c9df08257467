import { keySlot } from "../../base/crc16.ts";
import { NO_SLOTS, type SlotRanges } from "../../core/slots/slotRanges.ts";
import type { Executor } from "../executor.ts";

/**
 * When slots have left the group nobody here hears of changes of their keys any more: blocking commands that wait for such keys are
 * executed anew, so that they are sent after the slot, and transactions that watch them are broken.
 */
export class LostWaits {
  readonly #executor: Executor;
  /** It is another value whenever slots have come or gone. */
  #seen: SlotRanges = NO_SLOTS;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Slots may have left. */
  look(): void {
    const { state, clients } = this.#executor;
    const { slots } = state;
    if (slots.leftovers === this.#seen) return;
    this.#seen = slots.leftovers;
    if (!slots.isAssigned || slots.isWhole) return;
    const isHidden = (key: string): boolean => slots.isHidden(keySlot(key));
    this.#executor.startOver(isHidden);
    for (const { session } of clients) {
      if (session.watched.size > 0 && [...session.watched].some(isHidden)) session.watchBroken = true;
    }
  }
}
