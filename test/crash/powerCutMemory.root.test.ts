import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeed } from "../support/runSeed.ts";
import { effort } from "./effort.ts";
import { mixedLane } from "./lane.ts";
import { Load } from "./load.ts";
import { loopImagesMissing } from "./loopImage.ts";
import { observeAt } from "./observe.ts";
import { onCuttableDisk } from "./powerCut.ts";
import { PrefixJournal } from "./prefixJournal.ts";
import { SeededRandom } from "./random.ts";
import { launchReady } from "./target.ts";

const CUTS = effort(2, 50);
/** With `--durability memory` the log is synced every second; a slow machine may take another two to do it. */
const LOSS_MILLIS_MAX = 3_000;

const missing = await loopImagesMissing();
if (missing !== undefined) console.log(`# power cuts are not tested here: ${missing}`);

const unlessMissing = missing === undefined ? {} : { skip: missing };

test(
  "after a power cut, `--durability memory` has a consistent prefix that misses a second or two",
  unlessMissing,
  async (t) => {
    t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
    for (let cut = 0; cut < CUTS; cut++) t.diagnostic(await cutOnce(new SeededRandom(runSeed).fork(`cut ${cut}`)));
  },
);

async function cutOnce(random: SeededRandom): Promise<string> {
  const journal = new PrefixJournal();
  const lanes = [1, 4, 8].map((depth) =>
    journal.keep(mixedLane(`depth${depth}`, random.fork(`${depth}`), { depth, transactionOneIn: 4 })),
  );
  const onAcknowledged = journal.acknowledge.bind(journal);
  const load = new Load({ lanes, random, sharers: 0, readers: 1, onAcknowledged });
  let report = "";
  await onCuttableDisk(async (disk) => {
    const server = await launchReady({ dataDirectory: disk.dataDirectory, durability: "memory" });
    const running = load.run(server.port);
    // Long enough for several of its syncs, and for a write to be old enough to have to be there.
    await new Promise((resolve) => setTimeout(resolve, LOSS_MILLIS_MAX + random.below(1_500)));
    const cutMillis = Date.now();
    await disk.cutPower(server);
    await running;
    const again = await launchReady({ dataDirectory: disk.dataDirectory, durability: "memory" });
    try {
      const known = lanes.flatMap((it) => [...it.history.keys]);
      const observation = await observeAt(again.port, known);
      assert.deepEqual([...load.complaints, ...journal.complaints(observation, cutMillis - LOSS_MILLIS_MAX)], []);
      report = `${journal.lostCount(observation)} of ${load.acknowledged} acknowledged writes lost`;
    } finally {
      await again.process.kill();
    }
  });
  return report;
}
