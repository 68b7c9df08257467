import { keySlot } from "../../base/crc16.ts";
import { type Access, type Call, NOT_YET } from "../../core/command/call.ts";
import { isRepeated } from "../../core/command/dispatch.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { GroupReplica } from "../../core/replica/groupReplica.ts";
import type { Heat } from "../heat/heat.ts";
import { NO_SLOT } from "../slots/requestSlot.ts";
import type { SlotAccess } from "../slots/slotAccess.ts";
import type { Undecided } from "./undecided.ts";

/** A read at a secondary waits so long for what is undecided, then it is sent to the primary. */
const READ_HOLD_MILLIS = 500;
/** A request waits so long for the replica to be, or to know, the primary. */
const ROLE_HOLD_MILLIS = 5_000;

const NO_PRIMARY = "CLUSTERDOWN The group has no primary at present; nothing was executed";
const LEARNING = "LOADING Holdfast is learning the group's data; nothing was executed";
const NO_REPLICAS = "NOREPLICAS Not enough good replicas to write; nothing was executed";

export interface GroupAccessParts {
  readonly replica: GroupReplica;
  readonly table: CommandTable;
  /** What becomes of requests for slots; undefined where the group owns all of them and there is no other. */
  readonly slots: SlotAccess | undefined;
  /** Is told what slots are asked for, if anybody counts it. */
  readonly heat?: () => Heat | undefined;
  readonly undecided: Undecided;
  /** Up to here the state has everything, and nothing behind it. */
  readonly appliedSeq: () => number;
  readonly now: () => number;
  /** `host:port` of the primary's Redis clients; undefined when it is not known. */
  readonly primaryAddress: () => string | undefined;
  /** Whether reads at a secondary may be old unless a connection says otherwise. */
  readonly eventualByDefault: () => boolean;
}

/**
 * Which commands a replica of a group executes now. The primary: all, under its lease. A secondary: reads of connections that
 * asked for them (`READONLY`), linearizable under its lease, or old ones where that is asked for; it sends the rest to the primary
 * (REPLICATION.md R12, R13).
 */
export class GroupAccess {
  /** Linearizable reads that came while this was a secondary that may serve them; … */
  reads = 0;
  /** … those of them that had to wait for something to be decided. */
  heldReads = 0;
  readonly #parts: GroupAccessParts;

  constructor(parts: GroupAccessParts) {
    this.#parts = parts;
  }

  readonly judge: Access = (call, spec) => {
    const kind = kindOf(call, spec);
    if (kind === "none") return undefined;
    const { slots, replica, heat } = this.#parts;
    const slot = slots === undefined ? NO_SLOT : slots.slotOf(call, spec);
    const crossed = slots?.crossed(slot);
    if (crossed !== undefined) return crossed;
    if (heat !== undefined) heat()?.asked(slot, kind);
    switch (replica.role) {
      case "primary":
        return slots?.judge(call, spec, slot, kind) ?? this.#atPrimary(call, spec, kind);
      case "secondary":
        return slots?.redirect(slot) ?? this.#atSecondary(call, spec, kind, slot);
      default:
        return slots?.redirect(slot) ?? this.#outside(call, spec);
    }
  };

  #atPrimary(call: Call, spec: CommandSpec, kind: "read" | "write"): string | undefined {
    const { replica, now } = this.#parts;
    if (replica.mayEvaluate && replica.mayServe(now())) {
      if (kind === "read" || this.#hasEnoughReplicas() || isRepeated(call, spec)) return undefined;
      return this.#waitOr(call, ROLE_HOLD_MILLIS, NO_REPLICAS);
    }
    return this.#waitOr(call, ROLE_HOLD_MILLIS, NO_PRIMARY);
  }

  #hasEnoughReplicas(): boolean {
    const { configuration } = this.#parts.replica;
    return configuration !== undefined && configuration.secondaries.length + 1 >= configuration.minReplicas;
  }

  #atSecondary(call: Call, spec: CommandSpec, kind: "read" | "write", slot: number): string | undefined {
    const { session } = call;
    const keys = this.#keys(call, spec);
    // Nobody notices here that a watched key is changed by what the primary sends.
    const isOpenRead = kind === "read" && spec.name !== "watch" && (session.readOnly || keys.length === 0);
    if (!isOpenRead) return this.#moved(call, keys);
    // It is looked at when the transaction is executed.
    if (session.transaction !== undefined && spec.name !== "exec") return undefined;
    if (session.consistency === "eventual" || (session.consistency === undefined && this.#parts.eventualByDefault()))
      return this.#eventual(call, keys) ?? this.#ofSlot(call, spec, slot);
    return this.#linearizable(call, spec, keys) ?? this.#ofSlot(call, spec, slot);
  }

  /** What the slot is here is looked at when everything is applied that was undecided when the request came. */
  #ofSlot(call: Call, spec: CommandSpec, slot: number): string | undefined {
    return this.#parts.slots?.judge(call, spec, slot, "read");
  }

  /** It may be old, but it was so once: the store a replica begins with is not of one instant (`Flusher`). */
  #eventual(call: Call, keys: readonly string[]): string | undefined {
    const { undecided, appliedSeq } = this.#parts;
    return undecided.blindUpTo <= appliedSeq() ? undefined : this.#toPrimary(call, keys);
  }

  #linearizable(call: Call, spec: CommandSpec, keys: readonly string[]): string | undefined {
    const { replica, undecided, appliedSeq, now } = this.#parts;
    if (!replica.mayServe(now())) return this.#toPrimary(call, keys);
    // What was undecided when the request came has to be decided; what came later need not be.
    if (call.heldSince !== undefined && call.awaits > 0)
      return call.awaits <= appliedSeq() ? undefined : this.#waitOr(call, READ_HOLD_MILLIS, this.#moved(call, keys));
    const isWhole = spec.name === "exec" || keys.length === 0;
    const newest = isWhole ? replica.appendedSeq : Math.max(undecided.newestOf(keys), replica.commitPoint);
    this.reads++;
    if (newest <= appliedSeq()) return undefined;
    this.heldReads++;
    call.awaits = newest;
    return NOT_YET;
  }

  /** A lease that is missing for a moment (a new epoch) is waited for shortly. */
  #toPrimary(call: Call, keys: readonly string[]): string {
    return this.#waitOr(call, READ_HOLD_MILLIS, this.#moved(call, keys));
  }

  #outside(call: Call, spec: CommandSpec): string {
    const keys = this.#keys(call, spec);
    if (this.#parts.replica.role === "starting") return this.#waitOr(call, ROLE_HOLD_MILLIS, LEARNING);
    return keys.length > 0 ? this.#moved(call, keys) : LEARNING;
  }

  #keys(call: Call, spec: CommandSpec): string[] {
    if (spec.name !== "exec" || call.session.transaction === undefined)
      return this.#parts.table.getKeys(spec, call.args);
    const { table } = this.#parts;
    return call.session.transaction.queue.flatMap((queued) => table.getKeys(queued.spec, queued.args));
  }

  /** Sends the client to the primary, which it is safe to ask: nothing was executed here. */
  #moved(call: Call, keys: readonly string[]): string {
    const address = this.#parts.primaryAddress();
    if (address === undefined) return this.#waitOr(call, ROLE_HOLD_MILLIS, NO_PRIMARY);
    return `MOVED ${keySlot(keys[0] ?? "")} ${address}`;
  }

  #waitOr(call: Call, holdMillis: number, error: string): string {
    const { heldSince } = call;
    return heldSince === undefined || this.#parts.now() - heldSince < holdMillis ? NOT_YET : error;
  }
}

/** Whether a command looks at the data, changes them, or neither. */
function kindOf(call: Call, spec: CommandSpec): "none" | "read" | "write" {
  const { transaction } = call.session;
  if (spec.name === "exec" && transaction !== undefined) {
    if (transaction.queue.some((queued) => queued.spec.flags.includes("write"))) return "write";
    return transaction.queue.some((queued) => queued.spec.flags.includes("readonly")) ? "read" : "none";
  }
  if (spec.name === "watch") return "read";
  if (spec.flags.includes("write")) return "write";
  return spec.flags.includes("readonly") ? "read" : "none";
}
