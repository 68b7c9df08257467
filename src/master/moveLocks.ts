import { areRanges, commonSlot, type SlotRanges } from "../core/slots/slotRanges.ts";

/**
 * What the znode `/migrations` itself holds: the slots of every move whose record is there. A move is made and taken away only together
 * with a change of it, so a slot is in at most one move.
 */
export interface MoveLocks {
  readonly active: { readonly [move: string]: SlotRanges };
}

const NO_LOCKS: MoveLocks = { active: {} };

/** Undefined if it is nonsense; empty text is no locks. */
export function parseLocks(text: string): MoveLocks | undefined {
  if (text === "") return NO_LOCKS;
  let value: { readonly active?: unknown } | null;
  try {
    value = JSON.parse(text) as { readonly active?: unknown };
  } catch {
    return undefined;
  }
  const active = value?.active;
  if (typeof active !== "object" || active === null || Array.isArray(active)) return undefined;
  if (!Object.values(active).every(areRanges)) return undefined;
  return { active: active as MoveLocks["active"] };
}

export function encodeLocks(locks: MoveLocks): string {
  return JSON.stringify({ active: locks.active });
}

/** With one move more; undefined if one of its slots is in another move, or the id is taken. */
export function withLock(locks: MoveLocks, move: string, slots: SlotRanges): MoveLocks | undefined {
  if (locks.active[move] !== undefined || lockOf(locks, slots) !== undefined) return undefined;
  return { active: { ...locks.active, [move]: slots } };
}

export function withoutLock(locks: MoveLocks, move: string): MoveLocks {
  const { [move]: _, ...active } = locks.active;
  return { active };
}

/** A move that has one of the slots. */
export function lockOf(locks: MoveLocks, slots: SlotRanges): string | undefined {
  return Object.entries(locks.active).find(([, others]) => commonSlot(others, slots) !== undefined)?.[0];
}
