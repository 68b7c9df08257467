import assert from "node:assert/strict";
import { rename, rm, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { runSeed } from "../../support/runSeed.ts";
import { testsRedis } from "../../support/serverUnderTest.ts";
import { effort } from "../effort.ts";
import { bigLane, mixedLane } from "../lane.ts";
import { Load } from "../load.ts";
import { observeAt } from "../observe.ts";
import { SeededRandom } from "../random.ts";
import { compileFaultShim, DiskFaults } from "../shim/faultShim.ts";
import { launch, launchReady } from "../target.ts";
import { until } from "../until.ts";
import {
  acknowledges,
  digest,
  endOfContent,
  flipBit,
  inDirectory,
  live,
  logFiles,
  newestLogFile,
  onCopy,
  overwrite,
} from "./dataFiles.ts";

const TORN_ROUNDS = effort(5, 100);
const FLIPS = effort(5, 200);
const DEADLINE_MILLIS = 20_000;
/** So long that the sync is never over: the process is killed in the middle of it. */
const ENDLESS_MILLIS = 600_000;

function loadOf(random: SeededRandom): Load {
  const lanes = [
    mixedLane("one", random.fork("one"), { depth: 1 }),
    mixedLane("window", random.fork("window"), { depth: 16 }),
    mixedLane("transactions", random.fork("transactions"), { depth: 4, transactionOneIn: 1 }),
    bigLane("big", random.fork("big"), { depth: 1 }),
  ];
  return new Load({ lanes, random, sharers: 1, readers: 1 });
}

test("a torn tail that nobody was told of is cut off, however it is torn", async (t) => {
  await inDirectory(async (directory, dataDirectory) => {
    const shim = compileFaultShim(directory);
    if (shim.code === "unavailable") return t.skip(shim.reason);
    t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
    const random = new SeededRandom(runSeed);
    const load = loadOf(random);
    for (let round = 0; round < TORN_ROUNDS; round++) {
      await live(dataDirectory, load, 200, "kill");
      const faults = new DiskFaults(shim.library, join(directory, "control"), dataDirectory);
      const tail = await leaveTail(dataDirectory, load, faults);
      faults.close();
      const tear = testsRedis ? cut : (TEARS[round % TEARS.length] as Tear);
      t.diagnostic(`${tear.name} between ${tail.from} and ${tail.to} of ${basename(tail.file)}`);
      await tear(tail, random);
      // Once more right after, so that nothing of the old tail shows behind new records.
      await live(dataDirectory, load, random.below(50), "kill");
    }
    await live(dataDirectory, load, 0, "kill");
  });
});

/** Bytes of the log of which no sync ever returned. */
interface Tail {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** Writes for which no sync ever returns, then a kill: what they left in the log is not acknowledged. */
async function leaveTail(dataDirectory: string, load: Load, faults: DiskFaults): Promise<Tail> {
  const server = await launchReady({ dataDirectory, env: faults.env });
  try {
    load.settle(await observeAt(server.port, load.keys()));
    await acknowledgeSome(server.port, load);
    const file = await newestLogFile(dataDirectory);
    const from = await endOfContent(file);
    faults.set("syncDelayMillis", ENDLESS_MILLIS);
    const running = load.run(server.port);
    const grown = async () => (await newestLogFile(dataDirectory)) !== file || (await endOfContent(file)) > from;
    await until("the log grows", DEADLINE_MILLIS, grown);
    await server.process.kill();
    await running;
    const newest = await newestLogFile(dataDirectory);
    return { file: newest, from: newest === file ? from : 0, to: await endOfContent(newest) };
  } finally {
    await server.process.kill();
  }
}

/** A few acknowledged writes, so that the end of the log is one that was synced. */
async function acknowledgeSome(port: number, load: Load): Promise<void> {
  const running = load.run(port);
  await acknowledges(load, 20);
  load.stop();
  await running;
}

type Tear = (tail: Tail, random: SeededRandom) => Promise<void>;

const cut: Tear = async ({ file, from, to }, random) => truncate(file, random.between(from, to));

const zeros: Tear = async ({ file, from, to }, random) => {
  const at = random.between(from, to);
  await overwrite(file, at, new Uint8Array(to - at + random.below(10_000)));
};

const garbage: Tear = async ({ file, from, to }, random) => {
  const at = random.between(from, to);
  await overwrite(file, at, noise(random, to - at + random.below(2_000)));
};

const garbageAppended: Tear = async ({ file }, random) => {
  const { size } = await stat(file);
  await overwrite(file, size, noise(random, random.between(1, 5_000)));
};

const lostSectors: Tear = async ({ file, from, to }, random) => {
  const sector = 512;
  for (let at = Math.ceil(from / sector) * sector; at < to; at += sector) {
    if (random.oneIn(2)) await overwrite(file, at, new Uint8Array(Math.min(sector, to - at)));
  }
};

const TEARS: readonly Tear[] = [cut, zeros, garbage, garbageAppended, lostSectors];

function noise(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

test("a bit that flipped before the tail of the log: the start is refused, naming file and byte", async (t) => {
  t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
  const random = new SeededRandom(runSeed);
  await inDirectory(async (_, dataDirectory) => {
    const load = loadOf(random);
    await live(dataDirectory, load, 500, "kill");
    const file = await newestLogFile(dataDirectory);
    const end = await endOfContent(file);
    // What follows confirms that everything up to here had been synced.
    await live(dataDirectory, load, 500, "kill");
    if ((await newestLogFile(dataDirectory)) !== file) return t.skip("the log moved on to another file meanwhile");
    for (let flip = 0; flip < FLIPS; flip++) {
      const at = flip === 0 ? random.below(Math.min(64, end)) : random.below(end);
      await onCopy(dataDirectory, (copy) => refusesFlip(copy, basename(file), at, random.below(8)));
    }
    await live(dataDirectory, load, 0, "kill");
  });
});

async function refusesFlip(copy: string, name: string, at: number, bit: number): Promise<void> {
  const file = join(copy, testsRedis ? "appendonlydir" : "log", name);
  await flipBit(file, at, bit);
  const before = await digest(copy);
  const server = await launch({ dataDirectory: copy });
  try {
    await server.refused();
    const output = server.process.output();
    assert.ok(output.includes(name), `does not name ${name}: ${output}`);
    assert.match(output, /\b(byte|position|offset) \d+/);
    assert.deepEqual(await digest(copy), before);
  } finally {
    await server.process.kill();
  }
}

test("a log file that is missing, or of another node, is noticed", async (t) => {
  if (testsRedis) return t.skip("it is about Holdfast's files");
  const random = new SeededRandom(runSeed);
  await inDirectory(async (directory, dataDirectory) => {
    const load = loadOf(random);
    await live(dataDirectory, load, 500, "kill");
    await onCopy(dataDirectory, async (copy) => {
      await rm(await newestLogFile(copy));
      await refusesOrHasAll(copy, load);
    });
    const other = join(directory, "other");
    await live(other, loadOf(random.fork("other")), 300, "kill");
    await onCopy(dataDirectory, async (copy) => {
      await rm(join(copy, "log"), { recursive: true });
      await rename(join(other, "log"), join(copy, "log"));
      const before = await digest(copy);
      await refuses(copy);
      assert.deepEqual(await digest(copy), before);
    });
    await live(dataDirectory, load, 0, "kill");
    assert.ok((await logFiles(dataDirectory)).length > 0);
  });
});

async function refuses(dataDirectory: string): Promise<void> {
  const server = await launch({ dataDirectory });
  try {
    await server.refused();
  } finally {
    await server.process.kill();
  }
}

async function refusesOrHasAll(dataDirectory: string, load: Load): Promise<void> {
  const server = await launch({ dataDirectory });
  try {
    const serves = await server.ready().then(
      () => true,
      () => false,
    );
    if (serves) {
      load.settle(await observeAt(server.port, load.keys()));
      assert.deepEqual(load.complaints, []);
    } else {
      await server.refused();
    }
  } finally {
    await server.process.kill();
  }
}
