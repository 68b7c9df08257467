import type { Mismatch, Player } from "./player.ts";
import { describeStep, type Manner, type Step } from "./step.ts";

const REPLAYS_MAX = 400;
const SHRINK_MILLIS_MAX = 20_000;

/**
 * Makes a failing sequence short: drops runs of steps, large ones first, as long as the servers still disagree
 * somewhere. Every attempt starts from an empty key space.
 */
export async function shrink(
  player: Player,
  steps: readonly Step[],
  manner: Manner,
  found: Mismatch,
): Promise<{ readonly steps: readonly Step[]; readonly mismatch: Mismatch }> {
  let best = { steps: steps.slice(0, found.index + 1), mismatch: found };
  const deadline = Date.now() + SHRINK_MILLIS_MAX;
  let replays = 0;
  for (let length = Math.ceil(best.steps.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = best.steps.length - length; from >= 0; from -= 1) {
      if (replays >= REPLAYS_MAX || Date.now() > deadline) {
        return best;
      }
      replays += 1;
      const candidate = [...best.steps.slice(0, from), ...best.steps.slice(from + length)];
      const mismatch = candidate.length === 0 ? undefined : await player.play(candidate, manner);
      if (mismatch !== undefined) {
        best = { steps: candidate.slice(0, mismatch.index + 1), mismatch };
        from = Math.min(from, best.steps.length - length + 1);
      }
    }
  }
  return best;
}

/** The report of a mismatch: the shortened sequence, and the two replies. */
export function describeMismatch(steps: readonly Step[], mismatch: Mismatch, manner: Manner): string {
  const how = `RESP${manner.protocol}${manner.pipelined ? ", pipelined" : ""}`;
  const lines = steps.map((step, index) => `  ${index === mismatch.index ? ">" : " "} ${describeStep(step)}`);
  return `the servers disagree (${how}); shortest sequence found:\n${lines.join("\n")}\n${mismatch.reason}`;
}
