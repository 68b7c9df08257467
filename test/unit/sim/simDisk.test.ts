import assert from "node:assert/strict";
import { test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { SECTOR_BYTES } from "../../../sim/disk/simFile.ts";
import { StepQueue } from "../../../sim/disk/stepQueue.ts";
import { createPrng } from "../../../src/base/prng.ts";
import type { Disk, DiskFile } from "../../../src/ports/disk.ts";

const SEEDS = 200;
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const disk = (seed: number | string): SimDisk => new SimDisk({ prng: createPrng(seed) });

async function syncedFile(mount: Disk, name: string, bytes: Uint8Array): Promise<DiskFile> {
  const file = await mount.open(name, { create: true });
  await file.write(bytes, 0);
  await file.sync();
  await mount.syncDirectory();
  return file;
}

/** What a crash leaves of a file, seed by seed. */
async function crashes(prepare: (sim: SimDisk, mount: Disk) => Promise<unknown>): Promise<(Uint8Array | undefined)[]> {
  const found: (Uint8Array | undefined)[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const sim = disk(seed);
    await prepare(sim, sim.mount());
    sim.crash();
    found.push(sim.contents().get("a"));
  }
  return found;
}

test("a crash keeps what was synced", async () => {
  for (const content of await crashes((_, mount) => syncedFile(mount, "a", filled(3000, 7)))) {
    assert.deepEqual(content, filled(3000, 7));
  }
});

test("a crash loses, tears at a byte, tears at sectors and keeps what was not synced", async () => {
  const synced = 700;
  const found = await crashes(async (_, mount) => {
    const file = await syncedFile(mount, "a", filled(synced, 1));
    await file.write(filled(2000, 2), synced);
  });
  const manners = new Set<string>();
  for (const content of found) {
    assert.ok(content !== undefined);
    assert.ok(
      content.subarray(0, synced).every((byte) => byte === 1),
      "synced bytes are gone",
    );
    const rest = content.subarray(synced);
    const atSector = content.length % SECTOR_BYTES === 0 || content.length === synced + 2000;
    if (rest.length === 0) manners.add("lost");
    else if (rest.length === 2000 && rest.every((byte) => byte === 2)) manners.add("kept");
    else if (rest.every((byte) => byte === 2)) manners.add(atSector ? "whole sectors" : "torn at a byte");
    else if (rest.every((byte) => byte === 2 || byte === 0)) manners.add("zero sectors");
    else manners.add("garbage sectors");
  }
  const all = ["garbage sectors", "kept", "lost", "torn at a byte", "whole sectors", "zero sectors"];
  assert.deepEqual([...manners].sort(), all);
});

test("a name may go with a crash until the directory is synced", async () => {
  const unsynced = await crashes(async (_, mount) => {
    const file = await mount.open("a", { create: true });
    await file.write(filled(10, 1), 0);
    await file.sync();
  });
  assert.ok(unsynced.some((content) => content === undefined));
  assert.ok(unsynced.some((content) => content?.length === 10));
  const removed = await crashes(async (_, mount) => {
    await syncedFile(mount, "a", filled(10, 1));
    await mount.remove("a");
  });
  assert.ok(removed.some((content) => content === undefined));
  assert.ok(removed.some((content) => content?.length === 10));
});

test("a replacement is all or nothing, and lasts when it is done", async () => {
  const done = await crashes(async (_, mount) => {
    await syncedFile(mount, "a", filled(10, 1));
    await mount.replace("a", filled(20, 2));
  });
  for (const content of done) assert.deepEqual(content, filled(20, 2));
  const begun = new Set<number | undefined>();
  for (let seed = 0; seed < SEEDS; seed++) {
    let stopped = false;
    const schedule = (run: () => void): void => void (stopped || Promise.resolve().then(run));
    const sim = new SimDisk({ prng: createPrng(seed), schedule });
    await syncedFile(sim.mount(), "a", filled(10, 1));
    stopped = true;
    void sim.mount().replace("a", filled(20, 2));
    sim.crash();
    begun.add(sim.contents().get("a")?.length);
  }
  assert.deepEqual(begun, new Set([10, 20]));
});

test("a failed sync loses bytes that still can be read, and the next sync does not bring them back", async () => {
  let lost = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const sim = disk(seed);
    const file = await syncedFile(sim.mount(), "a", filled(600, 1));
    await file.write(filled(600, 2), 600);
    sim.failNext("sync", "io");
    await assert.rejects(file.sync(), { code: "io" });
    assert.equal(sim.contents().get("a")!.length, 1200);
    await file.sync();
    sim.kill();
    assert.equal(sim.contents().get("a")!.length, 1200);
    sim.crash();
    if (
      !sim
        .contents()
        .get("a")!
        .subarray(600)
        .every((byte) => byte === 2)
    )
      lost++;
    else assert.ok(sim.contents().get("a")!.length <= 1200);
  }
  assert.ok(lost > SEEDS / 4, `lost in ${lost} of ${SEEDS}`);
});

test("a full disk takes a shorter prefix, and says so until there is room", async () => {
  const sim = disk("full");
  sim.capacityBytes = 100;
  const file = await sim.mount().open("a", { create: true });
  await file.write(filled(60, 1), 0);
  assert.equal(await sim.mount().freeBytes(), 40);
  await assert.rejects(file.write(filled(60, 2), 60), { code: "disk_full" });
  assert.throws(() => file.writeNow(filled(60, 2), 60), { code: "disk_full" });
  assert.equal(file.length, 60);
  assert.ok(sim.usedBytes <= 100);
  await assert.rejects(sim.mount().replace("b", filled(101, 1)), { code: "disk_full" });
  await file.truncate(60);
  sim.capacityBytes = 120;
  await file.write(filled(60, 2), 60);
});

test("operations end when the owner says, and never for a process that died", async () => {
  const queue = new StepQueue();
  const sim = new SimDisk({ prng: createPrng("slow"), schedule: queue.push });
  let listed = 0;
  const list = (): void =>
    void sim
      .mount()
      .list()
      .then(() => listed++);
  list();
  await Promise.resolve();
  assert.equal(listed, 0);
  assert.ok(queue.step());
  await new Promise((done) => setImmediate(done));
  assert.equal(listed, 1);
  list();
  sim.kill();
  while (queue.step());
  await new Promise((done) => setImmediate(done));
  assert.equal(listed, 1);
});

test("an operation fails when it was planned to", async () => {
  const sim = disk("plan");
  const mount = sim.mount();
  sim.failNext("open", "too_many_files", 1);
  const file = await mount.open("a", { create: true });
  await assert.rejects(mount.open("b", { create: true }), { code: "too_many_files" });
  sim.failNext("read", "io");
  await assert.rejects(file.read(new Uint8Array(1), 0), { code: "io" });
  assert.equal(await file.read(new Uint8Array(1), 0), 0);
});
