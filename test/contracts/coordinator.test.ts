import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Scheduler } from "../../sim/kernel/scheduler.ts";
import { SimCoordinator } from "../../sim/node/simCoordinator.ts";
import { createPrng } from "../../src/base/prng.ts";
import { makePath } from "../../src/coordination/makePath.ts";
import { EmbeddedCoordinator } from "../../src/platform/embeddedCoordinator.ts";
import { openNodeDisk } from "../../src/platform/nodeDisk.ts";
import { coordinatorContract } from "./coordinatorContract.ts";
import { coordinatorFaultContract } from "./coordinatorFaultContract.ts";
import { type CoordinatorUnderTest, durable, session, value } from "./coordinatorRig.ts";

coordinatorContract("embedded in the process", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-coordinator-"));
  const embedded = await openEmbedded(directory);
  const unsupported = (): void => assert.fail("there is no connection to cut");
  return {
    connect: () => ({ coordinator: embedded.connect(), cut: unsupported, heal: unsupported }),
    dispose: () => rm(directory, { recursive: true }),
  };
});

coordinatorContract("simulated", () => simulated("calm", { lagMicrosMax: 0, watchMicrosMax: 0 }));
coordinatorContract("simulated, with late servers and watches", () =>
  simulated("late", { lagMicrosMax: 50_000, watchMicrosMax: 1_000 }),
);
for (const seed of ["a", "b", "c"]) {
  coordinatorFaultContract(`simulated, seed ${seed}`, () =>
    simulated(seed, { lagMicrosMax: 50_000, watchMicrosMax: 100_000 }),
  );
}

/** So much faster passes virtual time: slowly enough for a test that looks again and again to see everything. */
const HASTE = 5;

/** Virtual time passes all the while. */
async function simulated(
  seed: string,
  faults: { readonly lagMicrosMax: number; readonly watchMicrosMax: number },
): Promise<CoordinatorUnderTest> {
  const scheduler = new Scheduler(createPrng(`${seed}/ties`));
  const prng = createPrng(`${seed}/coordinator`);
  const ensemble = new SimCoordinator({ scheduler, prng, faults: { breaksPerMille: 0, ...faults } });
  const life = { alive: true };
  let clients = 0;
  let isOver = false;
  const begunMillis = performance.now();
  const pass = (): void => {
    if (isOver) return;
    while (scheduler.nowMicros < (performance.now() - begunMillis) * 1000 * HASTE && scheduler.step()) {
      // Promises settle between two events.
      return void setImmediate(pass);
    }
    setTimeout(pass, 1);
  };
  pass();
  return {
    connect: () => {
      const name = `client ${++clients}`;
      return {
        coordinator: ensemble.connect(name, life),
        cut: () => ensemble.cut(name),
        heal: () => ensemble.heal(name),
      };
    },
    dispose: async () => {
      isOver = true;
    },
  };
}

describe("the embedded coordinator's file", () => {
  test("keeps what is durable, the counters of sequential znodes too, and nothing of the sessions", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-coordinator-"));
    try {
      const first = (await openEmbedded(directory)).connect();
      await value(makePath(first, "/a/b"));
      await value(first.replace("/a/b", "kept", 0));
      await value(first.create("/a/w", "", session));
      const before = await value(first.create("/a/m-", "", { kind: "session", sequential: true }));
      const again = (await openEmbedded(directory)).connect();
      assert.deepEqual(await value(again.children("/a")), ["b"]);
      assert.deepEqual(await value(again.get("/a/b")), { data: "kept", version: 1 });
      assert.ok((await value(again.create("/a/m-", "", { kind: "session", sequential: true }))) > before);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("may be of a version that knew no parents", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-coordinator-"));
    try {
      const content = { format: 1, znodes: { "/groups/g1/config": { data: "{}", version: 5 } } };
      await writeFile(join(directory, "coordinator.json"), JSON.stringify(content));
      const coordinator = (await openEmbedded(directory)).connect();
      assert.deepEqual(await value(coordinator.get("/groups/g1/config")), { data: "{}", version: 5 });
      assert.deepEqual(await value(coordinator.children("/groups")), ["g1"]);
      await value(coordinator.create("/groups/g2", "", durable));
      const written = JSON.parse(await readFile(join(directory, "coordinator.json"), "utf8"));
      assert.deepEqual(written, {
        format: 1,
        znodes: {
          "/groups": { data: "", version: 0 },
          "/groups/g1": { data: "", version: 0 },
          "/groups/g1/config": { data: "{}", version: 5 },
          "/groups/g2": { data: "", version: 0 },
        },
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("is refused when it is not what was written", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-coordinator-"));
    const disk = await openNodeDisk(directory);
    try {
      const contents = [
        "",
        "{",
        '{"format":2,"znodes":{}}',
        '{"format":1}',
        '{"format":1,"znodes":{"/a":{"data":1,"version":0}}}',
      ];
      for (const content of [...contents, '{"format":1,"znodes":{"a":{"data":"","version":0}}}']) {
        await disk.replace("coordinator.json", Buffer.from(content));
        assert.equal((await EmbeddedCoordinator.open(disk)).ok, false, content);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

async function openEmbedded(directory: string): Promise<EmbeddedCoordinator> {
  const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
  assert.ok(opened.ok);
  return opened.value;
}
