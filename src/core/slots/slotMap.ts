import { type Assignment, afterMoves, areApart } from "./assignment.ts";
import { areRanges, type SlotRanges } from "./slotRanges.ts";

/**
 * The znode `/slots`. It is made once, with the first assignment; from then on it changes only by the flip of a move
 * (docs/adr/0014-moving-slots.md).
 */
export interface SlotMap {
  /** 1 for the first assignment, one more with each flip. */
  readonly version: number;
  /** Who has what now. */
  readonly now: Assignment;
  /** Who was to have what in the beginning, asking nobody for data; it never changes. */
  readonly first: Assignment;
}

export function firstSlotMap(first: Assignment): SlotMap {
  return { version: 1, now: first, first };
}

export function encodeSlotMap(map: SlotMap): string {
  return JSON.stringify({ version: map.version, now: map.now, first: map.first });
}

/** Undefined if it is nonsense: not JSON, a slot with two groups, a range that is none. */
export function parseSlotMap(text: string): SlotMap | undefined {
  let value: Partial<SlotMap> | null;
  try {
    value = JSON.parse(text) as Partial<SlotMap>;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { version, now, first } = value;
  if (!Number.isSafeInteger(version) || version! < 1 || !isAssignment(now) || !isAssignment(first)) return undefined;
  return { version: version!, now, first };
}

function isAssignment(value: unknown): value is Assignment {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const lists = Object.values(value);
  return lists.every(areRanges) && areApart(value as Assignment);
}

/** The map after a move's flip: its slots are the target's. */
export function withSlotsMoved(map: SlotMap, slots: SlotRanges, target: string): SlotMap {
  return { version: map.version + 1, now: afterMoves(map.now, [{ slots, target }]), first: map.first };
}
