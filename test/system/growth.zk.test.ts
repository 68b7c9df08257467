import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { countSlots, SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";
import type { Topology } from "../../src/platform/rpc/clusterService.ts";
import { ClusterRig } from "../support/clusterRig.ts";
import { assertUnharmed, writeKeys } from "../support/clusterRigClients.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 300_000;
const WHOLE_MILLIS_MAX = 60_000;

/** A cluster that grows and shrinks under load: what docs/operations/{grow,shrink,replace-machine}.md say, one after the other. */
describe("a cluster that grows and shrinks", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let rig: ClusterRig;

  before(async () => {
    rig = await ClusterRig.start({ groups: 2, masters: 1, zookeeperServers: 1, isDirect: true });
    await writeKeys(rig);
  });
  after(() => rig?.stop());

  async function slotsByGroup(): Promise<{ readonly [group: string]: number }> {
    const text = await rig.command("topology", "--json");
    const { groups } = JSON.parse(text.slice(text.indexOf("{"))) as Topology;
    return Object.fromEntries(groups.map(({ name, slots }) => [name, countSlots(slots)]));
  }

  it("a worker more in a group", async () => {
    await assertUnharmed(rig, async () => {
      const worker = await rig.addWorker("w1c", "g1");
      await worker.start();
      await worker.ready();
      // A machine that stands still for a moment loses members, which then learn again.
      await rig.whole(WHOLE_MILLIS_MAX);
      assert.match(await rig.command("status"), /^g1 (ok|degraded) .*primary w1\w .*\| w1\w .*\| w1\w /m);
    });
  });

  it("a group more, and it gets its part", async () => {
    await assertUnharmed(rig, async () => {
      for (const id of ["w3a", "w3b"]) {
        const worker = await rig.addWorker(id, "g3");
        await worker.start();
        await worker.ready();
      }
      assert.match(await rig.command("rebalance", "--dry-run"), /\d+ slots/);
      await rig.command("rebalance", "--yes");
    });
    const slots = await slotsByGroup();
    assert.ok(slots["g3"]! >= Math.floor(SLOT_COUNT / 3), JSON.stringify(slots));
  });

  it("a machine replaced by another", async () => {
    await assertUnharmed(rig, async () => {
      const [old] = rig.group("g2").workers;
      const next = await rig.addWorker("w2c", "g2");
      await next.start();
      await next.ready();
      await rig.whole(WHOLE_MILLIS_MAX);
      assert.match(await rig.command("status"), /^g2 .* w2c .*/m);
      assert.equal(await old!.stop(), 0);
      rig.removeWorker(old!);
      await rig.whole(WHOLE_MILLIS_MAX);
    });
    const status = await rig.command("status");
    assert.match(status, /^g2 (ok|degraded) /m);
    assert.doesNotMatch(status, /w2a/);
  });

  it("a group drained, and stopped (question 17)", async () => {
    await assertUnharmed(rig, async () => {
      await rig.command("drain", "g1", "--yes");
      assert.equal((await slotsByGroup())["g1"], 0);
      for (const worker of [...rig.group("g1").workers]) {
        assert.equal(await worker.stop(), 0);
        rig.removeWorker(worker);
      }
    });
    const slots = await slotsByGroup();
    assert.equal(slots["g2"]! + slots["g3"]!, SLOT_COUNT, JSON.stringify(slots));
  });
});
