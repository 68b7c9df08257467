import { BLOCKED, type DispatchedCall, type Outcome, QUEUED, REFUSED } from "../../core/command/dispatch.ts";
import type { NodeHeat, SlotMetric } from "../../core/command/nodeHeat.ts";
import type { CommandTable } from "../../core/command/table.ts";
import { LONG_WINDOW_MILLIS, SHORT_WINDOW_MILLIS } from "../../core/placement/decayingRate.ts";
import { DecayingRates } from "../../core/placement/decayingRates.ts";
import { NO_SLOTS, SLOT_COUNT, type SlotRanges } from "../../core/slots/slotRanges.ts";
import type { SlotTable } from "../../core/slots/slotTable.ts";
import { NO_SLOT } from "../slots/requestSlot.ts";
import { HotKeys } from "./hotKeys.ts";
import { Stride } from "./stride.ts";

/** What is counted of each slot, side by side so that a request touches one cache line. */
const METRICS: readonly SlotMetric[] = ["reads", "writes", "network-bytes-in", "network-bytes-out", "cpu-usec"];
const FIGURES = METRICS.length;
const WRITES = 1;
const BYTES_IN = 2;
const BYTES_OUT = 3;
const MICROS = 4;

/** While the group has every slot, no answer depends on a request's: only one of so many is looked for, and counts for all of them. */
const COUNTED_OF = 8;

/** So many slots are folded before others have their turn: a tenth of a millisecond, a few while the code is not compiled yet. */
const SLOTS_A_TURN = 1_024;
const FIGURES_A_TURN = SLOTS_A_TURN * FIGURES;

/** Over which of the two windows a rate is taken. */
export type HeatWindow = "short" | "long";

/**
 * What the slots of a replica are asked for, by what it has executed itself: requests that were refused, held, or sent elsewhere do not
 * count. Counting one request is a handful of additions to one typed array; rates are made of it once a second.
 * While the group has every slot, the figures are estimates.
 */
export class Heat implements NodeHeat {
  readonly hotKeys: HotKeys;
  /** Of so many slots each as are folded in one turn. */
  readonly #rates: readonly DecayingRates[];
  #folding: Promise<void> | undefined;
  /** Resolves when others have had their turn of the event loop. Until it is set, everything is folded in one. */
  nextTurn: (() => Promise<void>) | undefined;
  /** Since the last `fold`, and before it. */
  readonly #fresh = new Float64Array(SLOT_COUNT * FIGURES);
  readonly #totals = new Float64Array(SLOT_COUNT * FIGURES);
  readonly #slots: () => SlotTable;
  /** What left the group when it was last looked at. */
  #left: SlotRanges = NO_SLOTS;
  /** The slot of the request that is being executed, and whether it writes. */
  #slot = NO_SLOT;
  #isWrite = false;
  /** For how many requests it counts. */
  #weight = 1;
  /** Requests until the slot of one is looked for. */
  #untilCounted = 1;
  readonly #stride = new Stride(COUNTED_OF);

  constructor(parts: { readonly table: CommandTable; readonly slots: () => SlotTable; readonly now: number }) {
    this.#slots = parts.slots;
    this.#rates = Array.from(
      { length: SLOT_COUNT / SLOTS_A_TURN },
      () => new DecayingRates(FIGURES_A_TURN, [SHORT_WINDOW_MILLIS, LONG_WINDOW_MILLIS], parts.now),
    );
    this.hotKeys = new HotKeys(parts.table, SHORT_WINDOW_MILLIS, parts.now);
  }

  /** Another request comes; whether it has keys is not known yet. */
  begin(): void {
    this.#slot = NO_SLOT;
    this.#weight = 1;
  }

  /** Asked for each request where nobody else needs its slot: whether it is to be found. */
  wantsSlot(): boolean {
    this.#weight = --this.#untilCounted === 0 ? COUNTED_OF : 0;
    if (this.#weight === 0) return false;
    this.#untilCounted = this.#stride.next();
    return true;
  }

  /** It asks for keys of this slot; below 0 for none. */
  asked(slot: number, kind: "read" | "write"): void {
    this.#slot = slot;
    this.#isWrite = kind === "write";
  }

  /** It was executed, or refused. A queued command counts when it is queued, its `EXEC` for what it costs and answers. */
  end(call: DispatchedCall, outcome: Outcome, micros: number, replyBytes: number): void {
    const slot = this.#slot;
    const weight = this.#weight;
    if (slot < 0 || weight === 0 || outcome === REFUSED || outcome === BLOCKED) return;
    const fresh = this.#fresh;
    const at = slot * FIGURES;
    fresh[at + BYTES_IN]! += weight * call.args.payloadBytes;
    fresh[at + BYTES_OUT]! += weight * replyBytes;
    fresh[at + MICROS]! += weight * micros;
    const spec = call.spec!;
    if (spec.name === "exec" && outcome !== QUEUED) return;
    fresh[at + (this.#isWrite ? WRITES : 0)]! += weight;
    this.hotKeys.left -= weight;
    if (this.hotKeys.left <= 0) this.hotKeys.sample(spec, call.args);
  }

  /**
   * About once a second; resolves when all rates are as of `now`, monotonic milliseconds, or as of a fold that was under way. In several turns:
   * in one it would hold up for up to 20 ms whoever is served by this thread.
   */
  fold(now: number): Promise<void> {
    this.#folding ??= this.#fold(now).finally(() => {
      this.#folding = undefined;
    });
    return this.#folding;
  }

  async #fold(now: number): Promise<void> {
    this.hotKeys.fold(now);
    for (const [part, rates] of this.#rates.entries()) {
      this.#count(rates, part * FIGURES_A_TURN);
      rates.fold(now);
      await this.nextTurn?.();
    }
    this.#forgetLeft();
  }

  #count(rates: DecayingRates, from: number): void {
    const fresh = this.#fresh;
    const totals = this.#totals;
    for (let index = from; index < from + FIGURES_A_TURN; index++) {
      const counted = fresh[index]!;
      if (counted === 0) continue;
      rates.add(index - from, counted);
      totals[index]! += counted;
      fresh[index] = 0;
    }
  }

  /** What a slot was asked for in a group says nothing once it has left. */
  #forgetLeft(): void {
    const slots = this.#slots();
    if (slots.leftovers === this.#left) return;
    this.#left = slots.leftovers;
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (slots.isHidden(slot)) this.#forget(slot);
  }

  #forget(slot: number): void {
    for (let index = slot * FIGURES; index < (slot + 1) * FIGURES; index++) {
      this.#totals[index] = 0;
      this.#ratesOf(slot).clear(index % FIGURES_A_TURN);
    }
  }

  #ratesOf(slot: number): DecayingRates {
    return this.#rates[Math.floor(slot / SLOTS_A_TURN)]!;
  }

  /** As of the last `fold`. */
  perSecond(slot: number, metric: SlotMetric, window: HeatWindow = "short"): number {
    const index = (slot % SLOTS_A_TURN) * FIGURES + METRICS.indexOf(metric);
    return this.#ratesOf(slot).perSecond(index, window === "short" ? 0 : 1);
  }

  total(slot: number, metric: SlotMetric): number {
    const index = slot * FIGURES + METRICS.indexOf(metric);
    return this.#totals[index]! + this.#fresh[index]!;
  }

  topKeys(max: number): readonly { readonly key: string; readonly perSecond: number }[] {
    return this.hotKeys.top(max);
  }

  /** `CONFIG RESETSTAT`: totals begin anew; rates are of the last moments in any case. */
  reset(): void {
    const fresh = this.#fresh;
    for (const [part, rates] of this.#rates.entries()) {
      for (let index = 0; index < FIGURES_A_TURN; index++) rates.add(index, fresh[part * FIGURES_A_TURN + index]!);
    }
    fresh.fill(0);
    this.#totals.fill(0);
  }
}
