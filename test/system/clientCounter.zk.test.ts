import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ExactCounter } from "../../examples/exactCounter.ts";
import { keySlot } from "../../src/base/crc16.ts";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { rangesOf } from "../../src/core/slots/slotRanges.ts";
import { ClusterRig } from "../support/clusterRig.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 300_000;
const MOVE_MILLIS_MAX = 120_000;
const CLIENTS = 3;
const AT_ONCE = 8;
const PARTS = 16;

/** Issue 5's counter: several processes' worth of clients count while primaries are killed and slots move, and the sum is exact. */
describe("a counter that adds up", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let rig: ClusterRig;
  let clients: readonly HoldfastClient<string>[] = [];

  before(async () => {
    rig = await ClusterRig.start({ groups: 2, replicas: 2, masters: 1, zookeeperServers: 1, isDirect: true });
    const topology = await rig.client.topology();
    assert.ok(topology.ok);
    const addresses = topology.value.groups.flatMap(({ workers }) => workers.map(({ rpc }) => rpc));
    clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect({ addresses, values: "text" })));
  });
  after(async () => {
    for (const client of clients) await client.close();
    await rig?.stop();
  });

  /** All that is counted is moved to the group, and its primary dies in the middle of that; then so does the other's. */
  async function upset(to: string): Promise<void> {
    const slots = rangesOf(Array.from({ length: PARTS }, (_, part) => keySlot(`count:visits:${part}`)));
    const moved = rig.carryOut({ kind: "migrate", slots, to, bytesPerSecondMax: 0 }, MOVE_MILLIS_MAX);
    for (const group of rig.groups) {
      const primary = await group.primary();
      await primary.kill();
      await primary.start();
      await group.whole(MOVE_MILLIS_MAX);
    }
    await moved;
    await rig.whole(MOVE_MILLIS_MAX);
  }

  it("through primaries that are killed and slots that move", async () => {
    let calls = 0;
    let isOver = false;
    const count = async (client: HoldfastClient<string>): Promise<void> => {
      const counter = new ExactCounter(client, "visits", PARTS);
      for (; !isOver; calls++) await counter.add();
    };
    const counting = clients.flatMap((client) => Array.from({ length: AT_ONCE }, () => count(client)));
    try {
      for (const to of ["g2", "g1"]) await Promise.race([upset(to), Promise.all(counting)]);
    } catch (error) {
      throw new Error(`after ${calls} calls: ${(error as Error).stack}\n${rig.notices()}`);
    } finally {
      isOver = true;
      await Promise.allSettled(counting);
    }
    await Promise.all(counting);
    assert.ok(calls > 1000, `only ${calls} calls`);
    assert.equal(await new ExactCounter(clients[0]!, "visits", PARTS).total(), calls);
    assert.ok(clients.some((client) => client.metrics().retries > 0));
  });
});
