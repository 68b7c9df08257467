import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { startWorkers, type WorkerProcess } from "../support/workerServer.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../support/zookeeperEnsemble.ts";

const CLIENTS = 8;
const LOAD_MILLIS = 3_000;

/** One counter with one client: what it was told, and what nobody can tell. */
interface Tally {
  readonly key: string;
  acknowledged: number;
  unknown: number;
  readsAfterKill: number;
  writesAfterKill: number;
}

describe("forwarding while the primary goes", { skip: noZookeeper, timeout: 120_000 }, () => {
  let ensemble: ZookeeperEnsemble;
  let workers: WorkerProcess[] = [];

  before(async () => {
    ensemble = await startEnsemble(1);
    workers = await startWorkers(`${ensemble.connectString}/forward`, 3, ["--proxy", "yes"]);
  });
  after(async () => {
    for (const worker of workers) await worker.removeData();
    await ensemble?.dispose();
  });

  it("answers reads, and never a write with a false error", async () => {
    let isOver = false;
    let isKilled = false;
    const run = async (tally: Tally, port: number): Promise<void> => {
      let client = connected(port);
      while (!isOver) {
        try {
          const value = await client.incr(tally.key);
          tally.acknowledged++;
          if (isKilled) tally.writesAfterKill++;
          assert.ok(value >= tally.acknowledged && value <= tally.acknowledged + tally.unknown);
        } catch (error) {
          // The connection was closed: nobody can tell. An error reply would be false, or one that nobody needs to see.
          assert.match(String(error), /Connection is closed|ECONNRESET|EPIPE/);
          tally.unknown++;
          client.disconnect();
          client = connected(port);
        }
        const seen = Number(await client.get(tally.key));
        if (isKilled) tally.readsAfterKill++;
        assert.ok(seen >= tally.acknowledged && seen <= tally.acknowledged + tally.unknown, `${seen}`);
      }
      client.disconnect();
    };
    const tallies = Array.from({ length: CLIENTS }, (_, at) => {
      return { key: `tally:${at}`, acknowledged: 0, unknown: 0, readsAfterKill: 0, writesAfterKill: 0 };
    });
    const loads = tallies.map((tally, at) => run(tally, workers[1 + (at % 2)]!.port));
    await sleep(LOAD_MILLIS);
    await workers[0]!.kill();
    isKilled = true;
    await sleep(LOAD_MILLIS * 3);
    isOver = true;
    await Promise.all(loads);
    for (const tally of tallies) {
      assert.ok(tally.unknown <= 2, `${tally.unknown} of unknown outcome`);
      assert.ok(tally.readsAfterKill > 0 && tally.writesAfterKill > 0);
    }
  });
});

function connected(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => null, maxRetriesPerRequest: 0, enableOfflineQueue: true });
  client.on("error", () => undefined);
  return client;
}
