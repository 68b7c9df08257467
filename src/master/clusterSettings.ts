import { areRanges, countSlots, type SlotRanges } from "../core/slots/slotRanges.ts";

/** A request of an operator to move slots, kept until they are there or it is cancelled. */
export interface MigrateRequest {
  readonly id: string;
  readonly slots: SlotRanges;
  readonly to: string;
  /** 0: that of the settings. */
  readonly bytesPerSecondMax: number;
}

/**
 * The znode `/settings`: what operators want of the whole cluster. A master derives its work from it and from what is there, so that its
 * successor goes on. It changes by version only. What is not known here is kept as it is.
 */
export interface ClusterSettings {
  /** A group's share is in proportion to its weight; 1 for those that are not named. */
  readonly weights: { readonly [group: string]: number };
  /** Groups whose slots go to others. */
  readonly draining: readonly string[];
  readonly requests: readonly MigrateRequest[];
  /** Slots go to groups by weight, until that is reached. */
  readonly isBalancing: boolean;
  /** `auto`: a group that joins gets its share at once. `manual`: with the next `rebalance`. */
  readonly rebalance: "auto" | "manual";
  /** What follows from load is said, not done. */
  readonly advice: boolean;
  /** No move begins, and none goes on. */
  readonly paused: boolean;
  /** Of moves that are under way at the same time. */
  readonly movesMax: number;
  /** Of them, for one group as source, and for one as target. */
  readonly movesPerGroupMax: number;
  readonly slotsPerMoveMax: number;
  /** A move without a limit of its own takes so much; 0 is as much as source and target bear. */
  readonly bytesPerSecondMax: number;
  /** A replica that is lost is made again from a spare up to so many; 0 is as many as the group had. */
  readonly replicas: number;
}

export const DEFAULT_SETTINGS: ClusterSettings = {
  weights: {},
  draining: [],
  requests: [],
  isBalancing: false,
  rebalance: "manual",
  advice: false,
  paused: false,
  movesMax: 8,
  movesPerGroupMax: 2,
  slotsPerMoveMax: 1024,
  bytesPerSecondMax: 0,
  replicas: 0,
};

/** Requests that wait at the same time. */
export const REQUESTS_MAX = 64;
export const WEIGHT_MAX = 1000;

/** Reads `/settings`; empty text is the defaults, undefined is nonsense. */
export function parseSettings(text: string): ClusterSettings | undefined {
  if (text === "") return DEFAULT_SETTINGS;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const settings = { ...DEFAULT_SETTINGS, ...value } as ClusterSettings;
  return isValid(settings) ? settings : undefined;
}

export function encodeSettings(settings: ClusterSettings): string {
  return JSON.stringify(settings);
}

export function weightOf(settings: ClusterSettings, group: string): number {
  return Object.hasOwn(settings.weights, group) ? settings.weights[group]! : 1;
}

function isValid(settings: ClusterSettings): boolean {
  const { weights, draining, requests, isBalancing, rebalance, advice, paused } = settings;
  const { movesMax, movesPerGroupMax, slotsPerMoveMax, bytesPerSecondMax, replicas } = settings;
  return (
    isObject(weights) &&
    Object.values(weights).every(isWeight) &&
    Array.isArray(draining) &&
    draining.every((group) => typeof group === "string") &&
    Array.isArray(requests) &&
    requests.every(isRequest) &&
    [isBalancing, advice, paused].every((each) => typeof each === "boolean") &&
    (rebalance === "auto" || rebalance === "manual") &&
    [movesMax, movesPerGroupMax, slotsPerMoveMax].every((each) => Number.isSafeInteger(each) && each >= 1) &&
    [bytesPerSecondMax, replicas].every((each) => Number.isFinite(each) && each >= 0)
  );
}

/** A group's weight: above 0, since no slots at all is what draining is for. */
export function isWeight(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 && value <= WEIGHT_MAX;
}

function isRequest(value: unknown): value is MigrateRequest {
  if (!isObject(value)) return false;
  const { id, slots, to, bytesPerSecondMax } = value;
  const areTexts = [id, to].every((each) => typeof each === "string" && each !== "");
  return areTexts && areRanges(slots) && countSlots(slots) > 0 && Number.isFinite(bytesPerSecondMax);
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
