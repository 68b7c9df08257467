import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withDeadline } from "../support/respClient.ts";
import { runSeed } from "../support/runSeed.ts";
import { testsRedis } from "../support/serverUnderTest.ts";
import { bigLane, mixedLane } from "./lane.ts";
import { Load } from "./load.ts";
import { LoopImage, loopImagesMissing } from "./loopImage.ts";
import { observeAt } from "./observe.ts";
import { SeededRandom } from "./random.ts";
import { type Launch, launchReady } from "./target.ts";
import { until } from "./until.ts";

const IMAGE_MEBIBYTES = 512;
const ROOM_BYTES = 16 * 1_048_576;
const DEADLINE_MILLIS = 30_000;
const FULL_DISK_ANSWER = /^(MISCONF|EXECABORT|ERR no such key)/;
/** redis-server with `appendfsync always` ends on a full disk; syncing each second it does what is asked for here. */
const durability = testsRedis ? "memory" : "sync";

const missing = await loopImagesMissing();
if (missing !== undefined) console.log(`# full disks are not tested here: ${missing}`);

const unlessMissing = missing === undefined ? {} : { skip: missing };

test(
  "a disk that is really full refuses writes, goes on reading, loses nothing, and recovers",
  unlessMissing,
  async (t) => {
    t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
    const random = new SeededRandom(runSeed);
    const directory = await mkdtemp(join(tmpdir(), "holdfast-full-"));
    const image = await LoopImage.create(directory, "disk", IMAGE_MEBIBYTES);
    try {
      const dataDirectory = join(image.mountPoint, "data");
      await mkdir(dataDirectory);
      const load = loadOf(random);
      const server = await launchReady({ dataDirectory, durability });
      try {
        await fillsUpAndRecovers(server, load, image.mountPoint);
        await fillsUpAndRecovers(server, load, image.mountPoint);
      } finally {
        await server.process.kill();
      }
      const again = await launchReady({ dataDirectory, durability });
      try {
        await settleAt(again, load);
      } finally {
        await again.process.kill();
      }
      t.diagnostic(`${load.acknowledged} writes acknowledged, ${load.refused} refused`);
    } finally {
      await image.detach();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

function loadOf(random: SeededRandom): Load {
  const lanes = [
    mixedLane("one", random.fork("one"), { depth: 1 }),
    mixedLane("window", random.fork("window"), { depth: 16 }),
    bigLane("big", random.fork("big"), { depth: 2 }),
  ];
  return new Load({ lanes, random, sharers: 1, readers: 1, refusalAllowed: FULL_DISK_ANSWER });
}

async function fillsUpAndRecovers(server: Launch, load: Load, mountPoint: string): Promise<void> {
  const ballast = join(mountPoint, "ballast");
  await leaveRoom(mountPoint, ballast);
  const filling = load.run(server.port);
  const refusedBefore = load.refused;
  const readsRefusedBefore = load.readsRefused;
  await until("writes are refused", DEADLINE_MILLIS, () => {
    assert.ok(server.process.isRunning(), server.process.output());
    return load.refused > refusedBefore + 50;
  });
  load.stop();
  await filling;
  // Big writes are refused first and small ones later; each time only the reads that waited for such a write.
  assert.ok(load.readsRefused - readsRefusedBefore <= 20, "reads were refused");
  await settleAt(server, load);
  await rm(ballast);
  const recovered = load.run(server.port);
  await withDeadline(load.acknowledgedMore(500), DEADLINE_MILLIS, () => "writes are not accepted again");
  load.stop();
  await recovered;
  await settleAt(server, load);
}

/** Fills the disk with zeros until only `ROOM_BYTES` are left. */
async function leaveRoom(mountPoint: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(mountPoint);
  const piece = Buffer.alloc(1_048_576);
  const file = await open(ballast, "w");
  try {
    for (let left = bavail * bsize - ROOM_BYTES; left > 0; left -= piece.length) {
      await file.write(piece, 0, Math.min(left, piece.length));
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function settleAt(server: Launch, load: Load): Promise<void> {
  load.settle(await observeAt(server.port, load.keys()));
  assert.deepEqual(load.complaints, []);
}
