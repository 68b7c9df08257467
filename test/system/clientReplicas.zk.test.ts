import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { ClusterRig } from "../support/clusterRig.ts";
import type { RigWorker } from "../support/groupRigWorker.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 180_000;
const UNTIL_MILLIS_MAX = 40_000;
const AWAY_MILLIS_MAX = 2_000;
const CLIENTS = 8;

/** Linearizable reads of the client library at a group of three real replicas. */
describe("reads at all replicas", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let rig: ClusterRig;
  let client: HoldfastClient<string>;
  /** By worker. */
  const addresses = new Map<string, string>();
  /** What was acknowledged last. */
  let written = 0;

  before(async () => {
    rig = await ClusterRig.start({ groups: 1, replicas: 3, masters: 1, zookeeperServers: 1, isDirect: true });
    const topology = await rig.client.topology();
    assert.ok(topology.ok);
    for (const { id, rpc } of topology.value.groups[0]!.workers) addresses.set(id, rpc);
    client = await connect({ addresses: [...addresses.values()] });
    await write();
  });
  after(async () => {
    await client?.close();
    await rig?.stop();
  });

  async function write(): Promise<void> {
    await client.put("counter", `${written + 1}`, { timeoutMillis: 30_000 });
    written++;
  }

  /** Reads by several at once; each sees what was acknowledged before it asked. Answers how many each worker has answered. */
  async function read(count: number): Promise<{ readonly [worker: string]: number }> {
    const reads = (): Map<string, number> => new Map(client.metrics().nodes.map((node) => [node.address, node.reads]));
    const before = reads();
    let left = count;
    const one = async (): Promise<void> => {
      while (left-- > 0) {
        const least = written;
        const value = Number(await client.get("counter", { timeoutMillis: 30_000 }));
        assert.ok(value >= least, `${value} was read after ${least} was acknowledged`);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, one));
    const now = reads();
    return Object.fromEntries(
      [...addresses].map(([id, address]) => [id, (now.get(address) ?? 0) - (before.get(address) ?? 0)]),
    );
  }

  async function untilEven(): Promise<void> {
    let parts: { readonly [worker: string]: number } = {};
    const isEven = (): boolean => addresses.size === Object.values(parts).filter((part) => part >= 270).length;
    for (const end = performance.now() + UNTIL_MILLIS_MAX; !isEven(); parts = await read(900)) {
      assert.ok(performance.now() < end, `${JSON.stringify(parts)}\n${rig.notices()}`);
    }
  }

  function secondary(): RigWorker {
    const primary = client.metrics().nodes.find(({ calls, reads }) => calls > reads)?.address;
    return rig.workers.find(({ id }) => addresses.get(id) !== primary)!;
  }

  it("each answers a third", () => untilEven());

  it("one that stands still is left within two seconds, and none of them misses what was acknowledged", async () => {
    const worker = secondary();
    worker.pause();
    for (const end = performance.now() + AWAY_MILLIS_MAX; performance.now() < end; ) await read(50);
    const parts = await read(2000);
    assert.ok(parts[worker.id]! < 100, JSON.stringify(parts));
    // Without it, since it does not acknowledge.
    await write();
    worker.resume();
    await read(500);
    await write();
    await untilEven();
  });
});
