import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { runSeed } from "../support/runSeed.ts";
import { effortDeadline, effortFrom } from "./effort.ts";
import { bigLane, mixedLane } from "./lane.ts";
import { Load } from "./load.ts";
import { loopImagesMissing } from "./loopImage.ts";
import { observeAt } from "./observe.ts";
import { type CuttableDisk, onCuttableDisk } from "./powerCut.ts";
import { SeededRandom } from "./random.ts";
import { hasRedis, type LaunchOptions, launch, launchReady } from "./target.ts";

/** Without `HOLDFAST_POWER_CUTS` the run also ends when its time is over. */
const CUTS = effortFrom("HOLDFAST_POWER_CUTS", 15, 200);
const RUN_MILLIS_MAX = 30_000;
const CUTS_MIN = Math.min(CUTS, 5);
const LIFE_MILLIS_MAX = 600;
const ACKNOWLEDGEMENTS_MAX = 2_000;
const STARTUP_MILLIS_MAX = 400;
const CUT_WHILE_STARTING_ONE_IN = 5;

const missing = await loopImagesMissing();
if (missing !== undefined) console.log(`# power cuts are not tested here: ${missing}`);
const unlessMissing = missing === undefined ? {} : { skip: missing };

test(`the power is cut ${CUTS} times under load: nothing acknowledged is lost`, unlessMissing, async (t) => {
  const random = seeded(t);
  await onCuttableDisk(async (disk) => {
    const load = loadOf(random);
    const cuts = await cutAgainAndAgain(disk, load, random, CUTS);
    t.diagnostic(`${cuts} power cuts, ${load.acknowledged} writes acknowledged`);
    assert.deepEqual(load.complaints, [], `after ${cuts} power cuts`);
    assert.ok(load.acknowledged >= 20 * cuts, `only ${load.acknowledged} acknowledged writes: the load was too weak`);
  });
});

test("the same power cuts show the loss of a server that does not sync", unlessMissing, async (t) => {
  if (!hasRedis()) return t.skip("no redis-server to lose data with");
  const random = seeded(t);
  await onCuttableDisk(async (disk) => {
    const load = loadOf(random);
    await cutAgainAndAgain(disk, load, random, 3, { stranger: "redis never syncing" });
    t.diagnostic(`found: ${load.complaints[0]}`);
    assert.ok(
      load.complaints.length > 0,
      "redis-server with `appendfsync no` lost nothing: the power cut cuts nothing",
    );
  });
});

function seeded(t: TestContext): SeededRandom {
  t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
  return new SeededRandom(runSeed);
}

function loadOf(random: SeededRandom): Load {
  const lanes = [
    mixedLane("one", random.fork("one"), { depth: 1 }),
    mixedLane("window", random.fork("window"), { depth: 16 }),
    mixedLane("burst", random.fork("burst"), { depth: 32, inBursts: true }),
    mixedLane("transactions", random.fork("transactions"), { depth: 8, transactionOneIn: 1 }),
    bigLane("big", random.fork("big"), { depth: 1 }),
  ];
  return new Load({ lanes, random, sharers: 2, readers: 1 });
}

type Flavour = Pick<LaunchOptions, "stranger">;

async function cutAgainAndAgain(
  disk: CuttableDisk,
  load: Load,
  random: SeededRandom,
  cutsMax: number,
  flavour: Flavour = {},
) {
  const deadline = effortDeadline("HOLDFAST_POWER_CUTS", RUN_MILLIS_MAX);
  let cuts = 0;
  while (cuts < cutsMax && (Date.now() < deadline || cuts < CUTS_MIN)) {
    if (random.oneIn(CUT_WHILE_STARTING_ONE_IN)) cuts += await cutWhileStarting(disk, random, flavour);
    await lifeUntilCut(disk, load, random, flavour);
    cuts += 1;
    if (load.complaints.length > 0) return cuts;
  }
  await finalLook(disk, load, flavour);
  return cuts;
}

async function lifeUntilCut(disk: CuttableDisk, load: Load, random: SeededRandom, flavour: Flavour): Promise<void> {
  const server = await launchReady({ dataDirectory: disk.dataDirectory, ...flavour });
  try {
    load.settle(await observeAt(server.port, load.keys()));
    if (load.complaints.length > 0) return;
    const running = load.run(server.port);
    // The delay is the fault that is injected, not a way to wait for something.
    const time = new Promise((resolve) => setTimeout(resolve, random.below(LIFE_MILLIS_MAX)));
    await (random.oneIn(2)
      ? time
      : Promise.race([load.acknowledgedMore(random.between(1, ACKNOWLEDGEMENTS_MAX)), running]));
    await disk.cutPower(server);
    await running;
  } finally {
    await server.process.kill();
  }
}

async function cutWhileStarting(disk: CuttableDisk, random: SeededRandom, flavour: Flavour): Promise<number> {
  const server = await launch({ dataDirectory: disk.dataDirectory, ...flavour });
  const ready = server.ready().catch(() => undefined);
  await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, random.below(STARTUP_MILLIS_MAX)))]);
  await disk.cutPower(server);
  await ready;
  return 1;
}

async function finalLook(disk: CuttableDisk, load: Load, flavour: Flavour): Promise<void> {
  const server = await launchReady({ dataDirectory: disk.dataDirectory, ...flavour });
  try {
    load.settle(await observeAt(server.port, load.keys()));
  } finally {
    await server.process.kill();
  }
}
