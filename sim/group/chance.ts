import type { Prng } from "../../src/base/prng.ts";

/** Microseconds around `meanMillis`: mostly up to twice as long, now and then much longer. */
export function drawMicros(prng: Prng, meanMillis: number): number {
  const stretch = prng.chance(1, 16) ? 5 : 1;
  return prng.below(Math.max(1, Math.floor(meanMillis * 2_000 * stretch)));
}
