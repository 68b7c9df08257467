import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Cluster, Redis } from "ioredis";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const READY = /^holdfast dev ready redis=(\S+) data=(\S+) pid=\d+$/;
const READY_MILLIS_MAX = 60_000;

describe("holdfast dev", { timeout: 120_000 }, () => {
  let data: string;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), "holdfast-dev-"));
  });
  after(() => rm(data, { recursive: true, force: true }));

  async function startDev(...args: string[]) {
    const command = spawnHoldfast(["dev", "--base-port", "0", "--data", data, ...args]);
    const [, addresses] = READY.exec(await command.waitForLine(READY, READY_MILLIS_MAX))!;
    const ports = addresses!.split(",").map((address) => Number(address.split(":")[1]));
    return { command, ports };
  }

  it("runs a group in one process, and keeps its data", async () => {
    const first = await startDev();
    assert.equal(first.ports.length, 3);
    const cluster = new Cluster(
      first.ports.map((port) => ({ host: "127.0.0.1", port })),
      { scaleReads: "slave" },
    );
    await cluster.set("greeting", "hello");
    assert.equal(await cluster.get("greeting"), "hello");
    assert.equal(cluster.nodes("slave").length, 2);
    cluster.disconnect();
    assert.match(first.command.output(), /redis-cli -c -p \d+ set greeting hello/);
    assert.equal(await first.command.stop("SIGINT"), 0);

    const second = await startDev("--replicas", "2");
    const roles: string[] = [];
    for (const port of second.ports) {
      const redis = new Redis(port);
      await redis.readonly();
      assert.equal(await redis.get("greeting"), "hello");
      roles.push(((await redis.role()) as [string])[0]);
      redis.disconnect();
    }
    assert.deepEqual(roles.sort(), ["master", "slave"]);
    assert.equal(await second.command.stop(), 0);
  });

  it("refuses what it cannot do, with a sentence", async () => {
    const nodes = spawnHoldfast(["dev", "--groups", "20", "--replicas", "9", "--data", data]);
    assert.equal((await nodes.exited).code, 1);
    assert.match(nodes.output(), /at most 100 nodes fit into one process/);
    const replicas = spawnHoldfast(["dev", "--replicas", "0", "--data", data]);
    assert.equal((await replicas.exited).code, 1);
    assert.match(replicas.output(), /It must be a number from 1 to 9/);
  });
});
