import { areRanges, countSlots, type SlotRanges } from "./slotRanges.ts";

/**
 * Where a move stands, as all must agree: `/migrations/<id>`. `planned` → `copying` → `flipped`, or, until it is flipped,
 * `aborted`: the last two never change.
 */
export type MoveState = "planned" | "copying" | "flipped" | "aborted";

/**
 * One move of slots from one group to another. The master makes it and, when both sides are done with it, takes it away; in between the
 * primaries of source and target carry it out. Whoever changes it replaces the version that it has read.
 */
export interface MoveRecord {
  readonly id: string;
  readonly slots: SlotRanges;
  readonly source: string;
  readonly target: string;
  readonly state: MoveState;
  /** The target has logged that the slots are its own (of a flipped move), or has thrown away what it had of them (of an aborted one). */
  readonly targetDone: boolean;
  /** The source has logged that they are not its own any more, or that they are open again. */
  readonly sourceDone: boolean;
  /** An operator lets it wait: nothing more is copied, and nothing is sealed. */
  readonly paused: boolean;
  /** Bytes a second that the copy may take; 0 for as many as source and target bear. */
  readonly bytesPerSecondMax: number;
  /** Why it was made, and why it was given up. */
  readonly reason: string;
  /** Wall clock of the master, milliseconds. */
  readonly plannedAt: number;
}

export function encodeMove(move: MoveRecord): string {
  return JSON.stringify(move);
}

/** Undefined if it is nonsense. */
export function parseMove(text: string): MoveRecord | undefined {
  let value: Partial<MoveRecord> | null;
  try {
    value = JSON.parse(text) as Partial<MoveRecord>;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, slots, source, target, state, reason = "" } = value;
  const { targetDone = false, sourceDone = false, paused = false, bytesPerSecondMax = 0, plannedAt = 0 } = value;
  const areTexts = [id, source, target].every((each) => typeof each === "string" && each !== "");
  const isKnown = state === "planned" || state === "copying" || state === "flipped" || state === "aborted";
  if (!areTexts || !isKnown || source === target || typeof reason !== "string") return undefined;
  if (!areRanges(slots) || countSlots(slots) === 0) return undefined;
  if (![targetDone, sourceDone, paused].every((each) => typeof each === "boolean")) return undefined;
  if (![bytesPerSecondMax, plannedAt].every((each) => Number.isFinite(each) && each >= 0)) return undefined;
  return {
    ...{ id: id!, slots, source: source!, target: target!, state },
    ...{ targetDone, sourceDone, paused, bytesPerSecondMax, reason, plannedAt },
  };
}

/** It is decided, and both sides have done what follows. */
export function isOver({ state, targetDone, sourceDone }: MoveRecord): boolean {
  return (state === "flipped" || state === "aborted") && targetDone && sourceDone;
}
