import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ClusterRig } from "../support/clusterRig.ts";
import { assertKeys, assertUnharmed, writeKeys } from "../support/clusterRigClients.ts";
import { freePort } from "../support/freePort.ts";
import type { RigProcess } from "../support/groupRigProcess.ts";
import type { RigWorker } from "../support/groupRigWorker.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 300_000;
const WHOLE_MILLIS_MAX = 60_000;

/** What docs/operations/{rolling-restart,cold-start,change-addresses}.md say, on a cluster with data. */
describe("a cluster that is restarted", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let rig: ClusterRig;

  before(async () => {
    rig = await ClusterRig.start({ groups: 2, isDirect: true });
    await writeKeys(rig);
  });
  after(() => rig?.stop());

  /** Restarts it as a person does, who waits for its line. */
  async function restart(process: RigProcess): Promise<void> {
    assert.equal(await process.stop(), 0, process.output());
    await process.start();
    await process.ready();
  }

  async function moveWorker(worker: RigWorker): Promise<void> {
    worker.moveTo({ resp: await freePort(), rpc: await freePort(), link: await freePort() });
  }

  it("one by one: no request fails", async () => {
    await assertUnharmed(rig, async () => {
      for (const process of [...rig.workers, ...rig.masters]) await restart(process);
      for (const server of [0, 1, 2]) {
        await rig.zookeeper.servers.stopServer(server);
        rig.zookeeper.servers.startServer(server);
        assert.equal(await rig.zookeeper.servers.ready(), undefined);
      }
    });
  });

  it("each at another address: no request fails, and everybody finds everybody", async () => {
    await assertUnharmed(rig, async () => {
      for (const worker of rig.workers) {
        await moveWorker(worker);
        await restart(worker);
      }
      for (const master of rig.masters) {
        master.moveTo(await freePort());
        await restart(master);
      }
    });
    const status = await rig.command("status");
    for (const { ports } of rig.workers) assert.ok(status.includes(`127.0.0.1:${ports.resp}`), status);
  });

  it("all stopped, ZooKeeper too, and started in any order, at other addresses (question 3)", async () => {
    const all = [...rig.workers, ...rig.masters];
    await Promise.all(all.map((process) => process.stop()));
    for (const server of [0, 1, 2]) await rig.zookeeper.servers.stopServer(server);
    for (const server of [0, 1, 2]) rig.zookeeper.servers.startServer(server);
    for (const worker of rig.workers) await moveWorker(worker);
    for (const process of all.reverse()) await process.start();
    await Promise.all(all.map((process) => process.ready()));
    await rig.whole(WHOLE_MILLIS_MAX);
    await assertKeys(rig);
  });

  it("all killed at once, as when the power fails, and started again", async () => {
    const all = [...rig.masters, ...rig.workers];
    await Promise.all([
      ...all.map((process) => process.kill()),
      ...[0, 1, 2].map((server) => rig.zookeeper.servers.stopServer(server, "SIGKILL")),
    ]);
    for (const process of all) await process.start();
    for (const server of [2, 1, 0]) rig.zookeeper.servers.startServer(server);
    await Promise.all(all.map((process) => process.ready()));
    await rig.whole(WHOLE_MILLIS_MAX);
    await assertKeys(rig);
  });
});
