import type { SlotHeat, WorkerHeat } from "./masterApi.ts";

const SLOTS_MAX = 16_384;
const KEYS_MAX = 1_000;
const MOVES_MAX = 1_000;
const WORD_CHARACTERS_MAX = 1_000;

/** What a worker says when it is asked for its heat. Everything may be missing; what is nonsense is passed over. */
export interface HeatReport extends Omit<WorkerHeat, "worker" | "group" | "at"> {
  /** Simple commands that it could execute in a second; 0 when it does not know. */
  readonly capacityPerSecond: number;
  /** Of moves to and from its group, if it is the primary. */
  readonly moves: readonly MoveReport[];
}

/** One side of a move, as its primary sees it. */
export interface MoveReport {
  readonly id: string;
  readonly role: "target" | "source";
  readonly phase: string;
  /** Mutations and bytes copied since this replica is the primary. */
  readonly mutations: number;
  readonly bytes: number;
  /** Of the target: bytes that were copied and are not committed. */
  readonly lag: number;
  readonly trouble: string;
}

/**
 * Reads the JSON object of `WorkerCaller.heat`:
 * `{readsPerSecond, writesPerSecond, bytesPerSecond, load, capacityPerSecond, slots: [[slot, reads a second, writes a second, bytes, keys]],
 * topKeys: [{key, perSecond}], moves: [{id, role, phase, mutations, bytes, lag, trouble}]}`; a slot may also be an object
 * `{slot, readsPerSecond, writesPerSecond, bytes, keys}`.
 * Undefined if it is no object.
 */
export function parseHeat(text: string): HeatReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  return {
    readsPerSecond: figure(value["readsPerSecond"]),
    writesPerSecond: figure(value["writesPerSecond"]),
    bytesPerSecond: figure(value["bytesPerSecond"]),
    load: figure(value["load"]),
    capacityPerSecond: figure(value["capacityPerSecond"]),
    slots: slotsOf(value["slots"]),
    topKeys: list(value["topKeys"], KEYS_MAX).flatMap(({ key, perSecond }) =>
      typeof key === "string" ? [{ key, perSecond: figure(perSecond) }] : [],
    ),
    moves: list(value["moves"], MOVES_MAX).flatMap(moveOf),
  };
}

type Fields = { readonly [name: string]: unknown };

function slotsOf(value: unknown): SlotHeat[] {
  if (!Array.isArray(value)) return [];
  const slots: SlotHeat[] = [];
  // A loop that makes nothing else: there are thousands, every two seconds, from every worker.
  for (const each of value.slice(0, SLOTS_MAX) as readonly unknown[]) {
    const slot = Array.isArray(each) ? slotOf(each[0], each[1], each[2], each[3], each[4]) : slotOfObject(each);
    if (slot !== undefined) slots.push(slot);
  }
  return slots;
}

function slotOfObject(value: unknown): SlotHeat | undefined {
  if (!isObject(value)) return undefined;
  return slotOf(value["slot"], value["readsPerSecond"], value["writesPerSecond"], value["bytes"], value["keys"]);
}

function slotOf(
  slot: unknown,
  readsPerSecond: unknown,
  writesPerSecond: unknown,
  bytes: unknown,
  keys: unknown,
): SlotHeat | undefined {
  if (!Number.isInteger(slot) || (slot as number) < 0 || (slot as number) >= SLOTS_MAX) return undefined;
  return {
    slot: slot as number,
    readsPerSecond: figure(readsPerSecond),
    writesPerSecond: figure(writesPerSecond),
    bytes: figure(bytes),
    keys: figure(keys),
  };
}

function moveOf({ id, role, phase, mutations, bytes, lag, trouble }: Fields): MoveReport[] {
  if (typeof id !== "string" || (role !== "target" && role !== "source")) return [];
  const figures = { mutations: figure(mutations), bytes: figure(bytes), lag: figure(lag) };
  return [{ id, role, phase: word(phase), trouble: word(trouble), ...figures }];
}

function word(value: unknown): string {
  return typeof value === "string" ? value.slice(0, WORD_CHARACTERS_MAX) : "";
}

function figure(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}

function list(value: unknown, max: number): Fields[] {
  return Array.isArray(value) ? value.slice(0, max).filter(isObject) : [];
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
