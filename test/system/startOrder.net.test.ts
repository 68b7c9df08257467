import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Redis } from "ioredis";
import { splitAddress } from "../../src/base/address.ts";
import { parseWorkerRecord, type WorkerRecord } from "../../src/coordination/workerRecord.ts";
import { ALL_SLOTS } from "../../src/core/slots/slotRanges.ts";
import { grpcWorkerCalls } from "../../src/platform/rpc/grpcWorkerCalls.ts";
import { LocalCluster } from "../support/localCluster.ts";

const CALL_MILLIS_MAX = 5_000;

describe("a worker that starts", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  afterEach(() => cluster?.dispose());

  it("recovers and listens before it registers: what is registered can be called and serves (questions 11 and 21)", async () => {
    cluster = await LocalCluster.open({ g1: ALL_SLOTS });
    await cluster.session.create("/workers", "", { kind: "durable" });
    const registered = appearance(cluster, "/workers/a1");
    const adding = cluster.add("g1", "a1");
    const record = await registered;
    // Nothing is awaited between its znode and the first request and call.
    const redis = new Redis(splitAddress(record.resp)!.port, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    const caller = (await grpcWorkerCalls(undefined)).caller(splitAddress(record.rpc)!, {
      cluster: await clusterName(cluster),
      group: "g1",
      replica: "a1",
    });
    const [written, status] = await Promise.all([redis.set("a", "1"), caller.status(CALL_MILLIS_MAX)]);
    assert.equal(written, "OK");
    assert.ok(status.ok, JSON.stringify(status));
    caller.close();
    redis.disconnect();
    await adding;
  });
});

/** What the znode says as soon as it is there. */
async function appearance({ session }: LocalCluster, path: string): Promise<WorkerRecord> {
  for (;;) {
    const changed = new Promise<void>((resolve) => void session.exists(path, { watch: resolve }));
    const read = await session.get(path);
    if (read.ok) return parseWorkerRecord(read.value.data)!;
    await changed;
  }
}

async function clusterName({ session }: LocalCluster): Promise<string> {
  const ready = await session.get("/ready");
  assert.ok(ready.ok);
  return (JSON.parse(ready.value.data) as { readonly cluster: string }).cluster;
}
