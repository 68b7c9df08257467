import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runSeed } from "../support/runSeed.ts";
import { effortDeadline, effortFrom } from "./effort.ts";
import { bigLane, mixedLane } from "./lane.ts";
import { Load } from "./load.ts";
import { observeAt } from "./observe.ts";
import { SeededRandom } from "./random.ts";
import { type Launch, launch, launchReady } from "./target.ts";

/** Without `HOLDFAST_KILLS` the run also ends when its time is over. */
const KILLS = effortFrom("HOLDFAST_KILLS", 40, 500);
const RUN_MILLIS_MAX = 60_000;
const KILLS_MIN = Math.min(KILLS, 15);
const LIFE_MILLIS_MAX = 400;
const ACKNOWLEDGEMENTS_MAX = 3_000;
const STARTUP_MILLIS_MAX = 400;

/** Less than the load's values take, so that they move between memory and disk; every other life has it. */
const LITTLE_MEMORY = "16mb";

/** One kill in so many hits a server that is still recovering, or one that has done nothing since. */
const KILL_WHILE_STARTING_ONE_IN = 5;

test(`kill -9 under load, ${KILLS} times: every acknowledged write is there, and nothing half (question 13)`, async (t) => {
  t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
  const dataDirectory = await mkdtemp(join(tmpdir(), "holdfast-kill-"));
  const random = new SeededRandom(runSeed);
  const load = loadOf(random);
  const deadline = effortDeadline("HOLDFAST_KILLS", RUN_MILLIS_MAX);
  let kills = 0;
  try {
    while (kills < KILLS && (Date.now() < deadline || kills < KILLS_MIN)) {
      kills += await killedWhileStarting(dataDirectory, random);
      await oneLife(dataDirectory, load, random);
      kills += 1;
      if (load.complaints.length > 0) break;
    }
    await lastLife(dataDirectory, load);
    const outcomes = load.lanes.map((it) => it.history.counts);
    const unknown = outcomes.reduce((sum, it) => sum + it.unknown, 0);
    t.diagnostic(`${kills} kills, ${load.acknowledged} writes acknowledged, ${unknown} of unknown outcome`);
    assert.deepEqual(load.complaints, [], `seed ${runSeed}, after ${kills} kills`);
    assert.ok(load.acknowledged >= 20 * kills, `only ${load.acknowledged} acknowledged writes: the load was too weak`);
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
});

function loadOf(random: SeededRandom): Load {
  const lanes = [
    mixedLane("one", random.fork("one"), { depth: 1 }),
    mixedLane("two", random.fork("two"), { depth: 1, transactionOneIn: 2 }),
    mixedLane("window", random.fork("window"), { depth: 16 }),
    mixedLane("burst", random.fork("burst"), { depth: 64, inBursts: true }),
    mixedLane("transactions", random.fork("transactions"), { depth: 8, transactionOneIn: 1 }),
    mixedLane("{tag}", random.fork("tag"), { depth: 4, transactionOneIn: 2 }),
    bigLane("big", random.fork("big"), { depth: 2 }),
  ];
  return new Load({ lanes, random, sharers: 3, readers: 2 });
}

/** Starts, checks what is there, loads, and kills at a moment drawn by count of acknowledged writes or by time. */
async function oneLife(dataDirectory: string, load: Load, random: SeededRandom): Promise<void> {
  const little = { memory: LITTLE_MEMORY };
  const server = await launchReady({ dataDirectory, ...(random.oneIn(2) && little) });
  try {
    load.settle(await observeAt(server.port, load.keys()));
    if (load.complaints.length > 0) return;
    const running = load.run(server.port);
    const early = await Promise.race([running.then(() => "all connections ended"), killMoment(load, random)]);
    if (early !== undefined && server.process.isRunning())
      load.complaints.push(`${early} while the server was running`);
    const runsStill = server.process.isRunning();
    await server.process.kill();
    await running;
    if (!runsStill) load.complaints.push(`the server ended by itself:\n${server.process.output()}`);
  } finally {
    await server.process.kill();
  }
}

/** The delay is the fault that is injected, not a way to wait for something. */
function killMoment(load: Load, random: SeededRandom): Promise<void> {
  const time = new Promise<void>((resolve) => setTimeout(resolve, random.below(LIFE_MILLIS_MAX)));
  if (random.oneIn(2)) return time;
  return load.acknowledgedMore(random.between(1, ACKNOWLEDGEMENTS_MAX));
}

/** Now and then: kills a server while it recovers, or as soon as it is ready, once or several times in a row. */
async function killedWhileStarting(dataDirectory: string, random: SeededRandom): Promise<number> {
  let kills = 0;
  while (random.oneIn(KILL_WHILE_STARTING_ONE_IN)) {
    const server: Launch = await launch({ dataDirectory });
    const ready = server.ready().catch(() => undefined);
    const moment = new Promise((resolve) => setTimeout(resolve, random.below(STARTUP_MILLIS_MAX)));
    await Promise.race([ready, moment]);
    await server.process.kill();
    await ready;
    kills += 1;
  }
  return kills;
}

async function lastLife(dataDirectory: string, load: Load): Promise<void> {
  if (load.complaints.length > 0) return;
  const server = await launchReady({ dataDirectory });
  try {
    load.settle(await observeAt(server.port, load.keys()));
  } finally {
    await server.process.kill();
  }
}
