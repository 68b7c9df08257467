import { sabotages } from "./logSabotage.ts";
import { LogWorld } from "./logWorld.ts";

/**
 * Runs worlds one after the other and prints what happened as JSON; stops at the first that fails. A process of its
 * own, since the test runner's bookkeeping of promises would take longer than the worlds. To see one again: `node
 * --import tsx test/unit/sim/logCampaign.ts SEED 1`.
 */
const OPERATIONS = 40;

const from = Number(process.argv[2] ?? 0);
const count = Number(process.argv[3] ?? 1);
const sabotage = process.argv[4] === undefined ? {} : sabotages[process.argv[4]];

const counts: Record<string, number> = {};
let failure: { readonly seed: number; readonly reason: string } | undefined;
for (let seed = from; seed < from + count && failure === undefined; seed++) {
  const world = new LogWorld({ seed: `log-${seed}`, operations: OPERATIONS, ...sabotage });
  try {
    await world.run();
  } catch (error) {
    failure = { seed, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  for (const [name, value] of Object.entries(world.counts)) counts[name] = (counts[name] ?? 0) + value;
}
process.stdout.write(JSON.stringify({ counts, failure }));
