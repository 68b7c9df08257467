import type { TendLimits } from "./tendLimits.ts";

/*
 * What is made as small as possible, greedily: the sum of the pressures of all workers over the time for which a change is of use, plus
 * what the change costs, both in worker-seconds.
 *
 *   load      reads it answers + writes × (1 + 0.1 × secondaries) as primary, or + writes × 0.5 as secondary; in simple commands a second
 *   utilisation   load / capacity
 *   pressure  utilisation² + 16 × (what is above 0.6)²: even is better than uneven, and too much is far worse than uneven
 *   gain      (pressure before - pressure after) × horizon
 *   cost      0 for read weights, 1 for a hand-over, two workers' time for bytes that are copied
 *
 * A change is made if its gain is more than 1.3 times its cost. Of those that bring a hot group below the limit the cheapest kind is
 * taken: read weights, a hand-over, a replica more, a replica elsewhere, slots elsewhere. As every change lowers the sum of the pressures by
 * something that counts, the same changes cannot go round in a circle as long as the load is the same.
 */

/** What each secondary adds to a write's cost at the primary, and what a write costs at a secondary. */
const SEND_COST = 0.1;
const APPLY_COST = 0.5;
const OVERLOAD_FACTOR = 16;
/** A gain below this share of a worker is noise. */
const GAIN_MIN = 0.01;
const HAND_OVER_SECONDS = 1;

export function primaryWriteCost(secondaries: number): number {
  return 1 + SEND_COST * secondaries;
}

export function secondaryWriteCost(): number {
  return APPLY_COST;
}

export function pressure(utilisation: number, { utilisationMax }: TendLimits): number {
  const over = Math.max(0, utilisation - utilisationMax);
  return utilisation * utilisation + OVERLOAD_FACTOR * over * over;
}

/** Worker-seconds that a copy of so many bytes takes. */
export function copyCost(bytes: number, { copyBytesPerSecond }: TendLimits): number {
  return (2 * bytes) / copyBytesPerSecond;
}

export function handOverCost(): number {
  return HAND_OVER_SECONDS;
}

/** Worker-seconds that a fall of the pressure is worth. */
export function gainOf(pressureFall: number, { horizonMillis }: TendLimits): number {
  return (pressureFall * horizonMillis) / 1000;
}

/** Whether a fall of the pressure is worth so many worker-seconds. */
export function isWorth(pressureFall: number, cost: number, limits: TendLimits): boolean {
  return pressureFall >= GAIN_MIN && gainOf(pressureFall, limits) > limits.gainPerCostMin * cost;
}
