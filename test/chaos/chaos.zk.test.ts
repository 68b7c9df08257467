import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPrng } from "../../src/base/prng.ts";
import { GroupRig } from "../support/groupRig.ts";
import { ClusterClients } from "../support/groupRigClients.ts";
import { runSeed } from "../support/runSeed.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";
import { FAULTS } from "./faults.ts";
import { playRound } from "./round.ts";

/** A few of the faults, in a fixed order; `npm run chaos` plays them all, at random and for as long as it is told to. */
const NAMES = ["kill-primary", "cut-primary-from-all-but-clients", "stop-primary", "pause-primary", "wipe-secondary"];
const REPAIR_MILLIS_MAX = 40_000;

describe("a group under faults, with real processes", { skip: noZookeeper }, () => {
  let rig: GroupRig;

  before(async () => {
    rig = await GroupRig.start();
  });

  after(() => rig.stop());

  for (const [index, name] of NAMES.entries()) {
    test(`${name}: every reply is linearizable, nothing acknowledged is lost, all replicas agree`, async (t) => {
      const random = createPrng(runSeed + index);
      const fault = FAULTS.find((each) => each.name === name)!;
      const report = await playRound(rig, {
        seed: random.u32(),
        name: `t${index}`,
        trouble: (load) => fault.inject(rig, random, load),
      });
      const { ok, refused, unknown } = report.operations;
      t.diagnostic(`${ok} operations, ${refused} refused, ${unknown} of unknown outcome, ${report.epochs} epochs`);
      assert.deepEqual(report.violations, [], `seed ${runSeed}\n${rig.notices()}`);
      assert.ok(ok > 50, `only ${ok} operations: the load was too weak`);
    });
  }

  test("a rolling restart: no request of a cluster-aware client fails", async () => {
    const { primary } = await rig.known();
    const clients = new ClusterClients(rig.endpoints, 4, "rolling", primary.id);
    for (const worker of rig.workers) {
      assert.equal(await worker.stop(), 0);
      await worker.start();
      await rig.whole(REPAIR_MILLIS_MAX);
    }
    await clients.stop();
    assert.deepEqual(clients.failures, []);
    assert.ok(clients.requests > 50, `only ${clients.requests} requests`);
  });
});

test("reads that may be old are caught, so this would be too", { skip: noZookeeper }, async () => {
  const rig = await GroupRig.start({ args: ["--replica-reads", "eventual"] });
  try {
    const cut = FAULTS.find(({ name }) => name === "cut-pair")!;
    const random = createPrng(runSeed);
    const report = await playRound(rig, {
      seed: random.u32(),
      name: "old",
      trouble: (load) => cut.inject(rig, random, load),
    });
    assert.ok(report.violations.some((each) => /^(violation|transactions): /.test(each)));
  } finally {
    await rig.stop();
  }
});
