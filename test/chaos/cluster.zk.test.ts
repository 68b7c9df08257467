import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPrng } from "../../src/base/prng.ts";
import { runSeed } from "../support/runSeed.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";
import { playCalm } from "./clusterCalm.ts";
import { playRound } from "./round.ts";
import { type ClusterStage, clusterStage, playFaults } from "./stage.ts";

const CALM_MILLIS = 8_000;
const SLOTS_MIN = 300;
/** A few of the faults; `npm run chaos -- --cluster` plays them all, at random and for as long as it is told to. */
const FAULTS = ["kill-two-primaries", "kill-active-master", "cut-two-primaries-shortly", "zookeeper-server-killed"];

describe("a cluster of real processes whose slots move all the time", { skip: noZookeeper, timeout: 300_000 }, () => {
  let stage: ClusterStage;

  before(async () => {
    stage = await clusterStage({ zookeeperServers: 3, diskFaults: false, args: [] });
  });

  after(() => stage?.rig.stop());

  test("no request fails because of a move, and none is answered with what is old", async (t) => {
    const { rig } = stage;
    const report = await playCalm(rig, { seed: runSeed, name: "calm", millis: CALM_MILLIS, slotsMin: SLOTS_MIN });
    const { round, requests, failures, moves, slots } = report;
    const { ok, unknown } = round.operations;
    t.diagnostic(`${requests} requests of ioredis, ${ok} others; ${moves} requests moved ${slots} slots`);
    assert.deepEqual(failures, [], rig.notices());
    assert.deepEqual(round.violations, [], `seed ${runSeed}\n${rig.notices()}`);
    assert.equal(unknown, 0);
    assert.ok(requests > 200 && ok > 50, `only ${requests} and ${ok} requests`);
  });

  for (const [index, name] of FAULTS.entries()) {
    test(`${name}: every reply is linearizable, nothing acknowledged is lost, moves end`, async (t) => {
      const random = createPrng(runSeed + index);
      const fault = stage.faults.find((each) => each.name === name)!;
      let moved = "";
      const report = await playRound(stage.rig, {
        seed: random.u32(),
        name: `t${index}`,
        trouble: async (load) => {
          moved = await stage.meanwhile(random.fork("moves"), load, () => playFaults([fault], random, load));
        },
      });
      const { ok, refused, unknown } = report.operations;
      t.diagnostic(`${ok} operations, ${refused} refused, ${unknown} of unknown outcome, ${report.epochs} epochs`);
      t.diagnostic(moved);
      assert.deepEqual(report.violations, [], `seed ${runSeed}\n${stage.rig.notices()}`);
      assert.ok(ok > 50, `only ${ok} operations: the load was too weak`);
    });
  }
});
