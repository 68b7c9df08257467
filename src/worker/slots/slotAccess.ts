import { keySlot } from "../../base/crc16.ts";
import { type Call, NOT_YET } from "../../core/command/call.ts";
import { isRepeated } from "../../core/command/dispatch.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";
import {
  SLOT_ABSENT,
  SLOT_CLOSED,
  SLOT_IMPORTING,
  SLOT_OWNED,
  SLOT_READY,
  SLOT_SEALED,
  type SlotTable,
} from "../../core/slots/slotTable.ts";
import type { ClusterView } from "./clusterView.ts";
import { ANY_SLOT, CROSS_SLOT, NO_SLOT, RequestSlots } from "./requestSlot.ts";

/** A request waits so long for a move to be decided, or for it to be known who has a slot. */
const SLOT_HOLD_MILLIS = 5_000;
/** What is known of the cluster does not fit the group's log: it is read anew, but not more often than this. */
const REFRESH_MILLIS = 250;

// Redis's words (`clusterRedirectClient` of cluster.c, 7.0), where Redis has any.
const CROSSED = "CROSSSLOT Keys in request don't hash to the same slot";
const NOT_SERVED = "CLUSTERDOWN Hash slot not served";

export interface SlotAccessParts {
  readonly group: string;
  readonly slots: () => SlotTable;
  readonly view: ClusterView;
  readonly table: CommandTable;
  readonly now: () => number;
  /** Somebody counts what slots are asked for, and wants to know this request's. */
  readonly isCounted?: () => boolean;
}

/** Which slots a replica of one of several groups answers for, and who does for the others. */
export class SlotAccess {
  readonly #parts: SlotAccessParts;
  readonly #requests: RequestSlots;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SlotAccessParts) {
    this.#parts = parts;
    this.#requests = new RequestSlots(parts.table);
  }

  /** The slot of a request's keys. It is not looked for where no answer depends on it. */
  slotOf(call: Call, spec: CommandSpec): number {
    const { isWhole, isAssigned } = this.#parts.slots();
    return this.#requests.of(call, spec, isWhole && isAssigned && this.#parts.isCounted?.() !== true);
  }

  /** The error of a request whose keys are of several slots. */
  crossed(slot: number): string | undefined {
    return slot === CROSS_SLOT ? CROSSED : undefined;
  }

  /** Whether the group answers for the slot now, as the state of this replica says: undefined if it does. */
  judge(call: Call, spec: CommandSpec, slot: number, kind: "read" | "write"): string | undefined {
    if (slot === ANY_SLOT) return undefined;
    const slots = this.#parts.slots();
    const whole = kind === "write" ? this.#judgeWhole(call, spec, slots) : undefined;
    if (whole !== undefined || slot === NO_SLOT) return whole;
    if (!slots.isAssigned) return this.#waitOr(call, NOT_SERVED);
    if (spec.name === "exec" && isWatchedClosed(call, slots)) return this.#waitOr(call, moving(slot));
    switch (slots.stateOf(slot)) {
      case SLOT_OWNED:
        return undefined;
      case SLOT_SEALED:
        return kind === "read" || isRepeated(call, spec) ? undefined : this.#waitOr(call, moving(slot));
      case SLOT_CLOSED:
      case SLOT_READY:
        return this.#waitOr(call, moving(slot));
      case SLOT_ABSENT:
      case SLOT_IMPORTING:
        return this.#elsewhere(call, slot);
    }
  }

  /** Where a request belongs that a secondary does not answer: another group, as far as this replica knows; undefined for its own. */
  redirect(slot: number): string | undefined {
    const slots = this.#parts.slots();
    if (slot < 0 || !slots.isAssigned || !slots.isHidden(slot)) return undefined;
    const owner = this.#parts.view.ownerOf(slot);
    if (owner === undefined || owner === this.#parts.group) return undefined;
    const address = this.#parts.view.primaryAddress(owner);
    return address === undefined ? undefined : `MOVED ${slot} ${address}`;
  }

  /** The group has not the slot. As long as it is not known who has, and that may be about to be, the request waits. */
  #elsewhere(call: Call, slot: number): string {
    const { group, view } = this.#parts;
    const owner = view.ownerOf(slot);
    if (owner === undefined && view.slotMap !== undefined) return NOT_SERVED;
    const address = owner === undefined || owner === group ? undefined : view.primaryAddress(owner);
    if (address !== undefined) return `MOVED ${slot} ${address}`;
    this.#refresh();
    return this.#waitOr(call, NOT_SERVED);
  }

  /** Writes without keys change all of them: not while it is open whose some of them are. */
  #judgeWhole(call: Call, spec: CommandSpec, slots: SlotTable): string | undefined {
    if (!concernsAllKeys(call, spec)) return undefined;
    if (!slots.isAssigned) return this.#waitOr(call, NOT_SERVED);
    for (const { id, phase } of slots.moves.values()) {
      if (phase !== "importing") return this.#waitOr(call, `TRYAGAIN Slots are moving (${id}); nothing was executed`);
    }
    return undefined;
  }

  #refresh(): void {
    const now = this.#parts.now();
    if (now - this.#refreshedAt < REFRESH_MILLIS) return;
    this.#refreshedAt = now;
    void this.#parts.view.refresh();
  }

  #waitOr(call: Call, error: string): string {
    const { heldSince } = call;
    return heldSince === undefined || this.#parts.now() - heldSince < SLOT_HOLD_MILLIS ? NOT_YET : error;
  }
}

function moving(slot: number): string {
  return `TRYAGAIN Hash slot ${slot} is moving to another group; nothing was executed`;
}

/** What became of a watched key of a slot that may be gone is known when it is known whose the slot is. */
function isWatchedClosed({ session: { watched } }: Call, slots: SlotTable): boolean {
  if (slots.moves.size === 0) return false;
  for (const key of watched) if (slots.stateOf(keySlot(key)) === SLOT_CLOSED) return true;
  return false;
}

/** `FLUSHALL` and the like, also inside a transaction. */
function concernsAllKeys({ session: { transaction } }: Call, spec: CommandSpec): boolean {
  if (spec.name !== "exec" || transaction === undefined) return isWholeWrite(spec);
  return transaction.queue.some((queued) => isWholeWrite(queued.spec));
}

function isWholeWrite({ flags, keys = [] }: CommandSpec): boolean {
  return keys.length === 0 && flags.includes("write");
}
