import { runMoves } from "../../../sim/host/runMoves.ts";
import { chaos } from "../../../sim/migration/moveStories.ts";
import type { MoveWorld } from "../../../sim/migration/moveWorld.ts";
import { createPrng } from "../../../src/base/prng.ts";
import type { MoveRules } from "../../../src/worker/migration/moveRules.ts";

/** A world of moves and whatever goes wrong, all of it from one seed. */
export function runChaos(
  seed: string,
  rules: Partial<MoveRules> = {},
  onTrace?: (line: string) => void,
): Promise<MoveWorld> {
  const prng = createPrng(`story ${seed}`);
  const options = {
    delayMicrosMax: prng.pick([300, 3_000]),
    diskMicrosMax: prng.pick([300, 3_000]),
    coordinatorFaults: {
      breaksPerMille: prng.pick([0, 0, 50]),
      lagMicrosMax: prng.pick([0, 5_000, 200_000]),
      watchMicrosMax: prng.pick([0, 5_000, 200_000]),
    },
  };
  return runMoves({ seed, rules, options, story: chaos(prng, 3), ...(onTrace !== undefined && { onTrace }) });
}
