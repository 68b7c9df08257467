import { keySlot } from "../../../src/base/crc16.ts";
import { seq } from "../../../src/base/ids.ts";
import { parseSlotMap } from "../../../src/core/slots/slotMap.ts";
import { NO_SLOTS, SLOT_COUNT, showRanges } from "../../../src/core/slots/slotRanges.ts";
import { SLOT_CLOSED, SLOT_OWNED, SLOT_READY, SLOT_SEALED, type SlotTable } from "../../../src/core/slots/slotTable.ts";
import { SlotKeyWalk } from "../../../src/core/state/slotKeys.ts";
import type { Node } from "../../../src/worker/node.ts";
import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import type { Group } from "../groups.ts";
import { slotOfTag } from "../tags.ts";
import { LogModel } from "./stateIsTheLog.ts";

/** A slot that is watched, and a key in it that is never there. */
interface Watched {
  readonly slot: number;
  readonly key: string;
}

/**
 * - What groups have committed gives no slot to two of them: where one has a slot, or has it sealed and still answers reads, to the others it
 *   is closed, or gone, or not there yet.
 * - Nobody can lose one either: where it is nobody's, it is between two of them, closed here and ready there.
 * - At no instant may two primaries execute writes of a slot, nor anybody answer reads of a slot that another group has taken over.
 */
export class OneGroupHasASlot {
  readonly #world: ClusterWorld;
  readonly #models: readonly { readonly group: Group; readonly model: LogModel }[];
  readonly #slots: readonly Watched[];
  /** Records that were counted. */
  readonly #seen = new Set<string>();

  constructor(world: ClusterWorld) {
    this.#world = world;
    this.#models = world.groups.map((group) => ({ group, model: new LogModel() }));
    this.#slots = world.tags.map((tag) => ({ slot: slotOfTag(tag), key: `${tag}nothing` }));
  }

  check(): void {
    let hasChanged = false;
    for (const { group, model } of this.#models) hasChanged = advance(group, model) || hasChanged;
    if (hasChanged) this.#countMoves();
    for (const watched of this.#slots) {
      if (hasChanged) this.#checkCommitted(watched);
      this.#checkServing(watched);
    }
  }

  #countMoves(): void {
    for (const { id, state } of this.#world.operator?.moves ?? []) {
      const what = `${id} ${state}`;
      if (!this.#seen.has(what)) this.#world.count(`moves ${state}`);
      this.#seen.add(what);
    }
  }

  #fail(message: string): void {
    this.#world.fail(new Violation("a slot has one group", message));
  }

  #checkCommitted({ slot }: Watched): void {
    const tables = this.#models.map(({ group, model }) => ({ group, slots: model.state.slots }));
    const assigned = tables.filter(({ slots }) => slots.isAssigned);
    const owners = assigned.filter(({ slots }) => servesReads(slots, slot));
    if (owners.length > 1) this.#fail(`slot ${slot} is open in ${owners.map(({ group }) => group.id).join(" and ")}`);
    if (owners.length > 0 || assigned.length < tables.length) return;
    const isKept = assigned.some(({ slots }) => isDecidedHere(slots, slot));
    if (!isKept) this.#fail(`slot ${slot} is nobody's`);
  }

  #checkServing(watched: Watched): void {
    let writer: string | undefined;
    for (const { node, machine } of this.#world.processes) {
      if (node === undefined || node.executor.halted || !node.state.slots.isAssigned) continue;
      const state = node.state.slots.stateOf(watched.slot);
      if (state !== SLOT_OWNED && state !== SLOT_SEALED) continue;
      if (!node.replica.mayServe(machine.clock.monotonic())) continue;
      const isPrimary = node.replica.role === "primary";
      if (isPrimary && state === SLOT_OWNED && node.replica.mayEvaluate) {
        if (writer !== undefined) this.#fail(`${writer} and ${machine.id} execute writes of slot ${watched.slot}`);
        writer = machine.id;
      }
      if (isPrimary || answersReads(node, watched.key)) this.#checkReader(watched.slot, machine.id);
    }
  }

  #checkReader(slot: number, reader: string): void {
    for (const { group, model } of this.#models) {
      if (group.machines.some(({ id }) => id === reader) || !model.state.slots.isAssigned) continue;
      if (model.state.slots.stateOf(slot) === SLOT_OWNED) {
        this.#fail(`${reader} answers reads of slot ${slot}, which ${group.id} has taken over`);
      }
    }
  }

  /** What groups still have to do; undefined when all moves are over, and nothing is left of them. */
  whatIsOpen(): string | undefined {
    for (const { group, model } of this.#models) {
      const { moves, leftovers, isAssigned } = model.state.slots;
      if (!isAssigned) return `${group.id} has not begun`;
      const [move] = moves.values();
      if (move !== undefined) return `${group.id} says of move ${move.id}: ${move.phase}`;
      if (leftovers.length > 0) return `${group.id} has leftovers of ${JSON.stringify(leftovers)}`;
    }
    return undefined;
  }

  /** When all moves are over: groups have what the coordinator says, and keys of nothing else. */
  checkEnd(): void {
    const map = parseSlotMap(this.#world.coordinator.peek("/slots") ?? "");
    for (const { group, model } of this.#models) {
      const [has, should] = [model.state.slots.owned(), map?.now[group.id] ?? NO_SLOTS].map((slots) =>
        showRanges(slots),
      );
      if (has !== should) this.#fail(`${group.id} has the slots ${has}, and the map says ${should}`);
      for (const { node, machine } of this.#world.processesOf(group)) this.#checkKeys(node!, machine.id);
    }
  }

  /** Rows of sessions are among them, which no client sees. */
  #checkKeys({ state }: Node, where: string): void {
    const walk = new SlotKeyWalk(state, [[0, SLOT_COUNT - 1]], 1_000);
    for (let keys = walk.next(); keys !== undefined; keys = walk.next()) {
      for (const key of keys) {
        if (state.slots.stateOf(keySlot(key)) === SLOT_OWNED) continue;
        this.#fail(`${where} has ${JSON.stringify(key)}, whose slot is another's`);
      }
    }
  }
}

/** Whether what the group's slots are has changed. */
function advance({ ghost }: Group, model: LogModel): boolean {
  const before = model.state.slots.seq;
  while (model.at < ghost.committedSeq) {
    const next = seq(model.at + 1);
    const epoch = ghost.committedEpoch(next);
    const content = epoch === undefined ? undefined : ghost.content(epoch, next);
    if (content === undefined) break;
    model.add(epoch!, content);
  }
  return model.state.slots.seq !== before;
}

function servesReads(slots: SlotTable, slot: number): boolean {
  const state = slots.stateOf(slot);
  return state === SLOT_OWNED || state === SLOT_SEALED;
}

/** Whoever has the slot in the end, it is this group or it has it from this group. */
function isDecidedHere(slots: SlotTable, slot: number): boolean {
  const state = slots.stateOf(slot);
  return state === SLOT_CLOSED || state === SLOT_READY;
}

/** Whether a secondary answers a read of this key at once. */
function answersReads({ replica, undecided, stateSeq }: Node, key: string): boolean {
  if (replica.role !== "secondary") return false;
  return Math.max(undecided.newestOf([key]), replica.commitPoint) <= stateSeq;
}
