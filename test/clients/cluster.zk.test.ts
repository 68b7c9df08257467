import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Cluster, Redis } from "ioredis";
import { createCluster } from "redis";
import { startWorkers, type WorkerProcess } from "../support/workerServer.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 180_000;
const KEYS = 200;
/** Longer than any failover, also on a machine that is busy. */
const FAILOVER_MILLIS_MAX = 30_000;

/** Clients in cluster mode against a primary and two secondaries. */
describe("clients in cluster mode", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let zookeeper: ZookeeperEnsemble;
  let workers: WorkerProcess[];

  before(async () => {
    zookeeper = await startEnsemble(1);
    workers = await startWorkers(`${zookeeper.connectString}/clients`, 3);
  });
  after(async () => {
    await Promise.all((workers ?? []).map((worker) => worker.removeData()));
    await zookeeper?.dispose();
  });

  it("redis-cli -c is sent to the primary, and without it is told of it", async () => {
    const secondary = await portOf("slave");
    const primary = await portOf("master");
    const cli = async (...args: string[]) =>
      (await promisify(execFile)("redis-cli", ["-p", String(secondary), ...args])).stdout.trim();
    assert.equal(await cli("-c", "set", "cli", "1"), "OK");
    assert.match(await cli("get", "cli"), new RegExp(`^MOVED \\d+ 127\\.0\\.0\\.1:${primary}$`));
    assert.equal(await cli("-c", "get", "cli"), "1");
  });

  it("ioredis writes at the primary and reads at secondaries what it has just written (question 12)", async () => {
    const cluster = new Cluster([{ host: "127.0.0.1", port: await portOf("slave") }], { scaleReads: "slave" });
    try {
      for (let i = 0; i < KEYS; i++) {
        assert.equal(await cluster.set(`io:${i}`, i), "OK");
        assert.equal(await cluster.get(`io:${i}`), String(i));
      }
      assert.equal(cluster.nodes("master").length, 1);
      assert.equal(cluster.nodes("slave").length, 2);
      await assert.rejects(
        cluster.mget("io:1", "io:2"),
        /CROSSSLOT/,
        "as in Redis, also where one group has all slots",
      );
    } finally {
      cluster.disconnect();
    }
    assert.ok((await readsAt("slave")) >= KEYS, "secondaries have answered");
  });

  it("node-redis writes at the primary and reads at replicas what it has just written", async () => {
    const cluster = createCluster({ rootNodes: [{ url: urlOf(await portOf("slave")) }], useReplicas: true });
    cluster.on("error", () => undefined);
    await cluster.connect();
    try {
      for (let i = 0; i < KEYS; i++) {
        assert.equal(await cluster.set(`node:${i}`, String(i)), "OK");
        assert.equal(await cluster.get(`node:${i}`), String(i));
      }
      assert.equal(cluster.masters.length, 1);
      assert.equal(cluster.replicas.length, 2);
    } finally {
      cluster.destroy();
    }
  });

  it("a connection chooses how new its reads at a secondary are (question 15)", async () => {
    const redis = new Redis(await portOf("slave"));
    try {
      await assert.rejects(redis.get("io:1"), /^ReplyError: MOVED \d+ /);
      assert.equal(await redis.readonly(), "OK");
      assert.equal(await redis.get("io:1"), "1");
      assert.equal(await redis.call("CLIENT", "CONSISTENCY", "eventual"), "OK");
      assert.equal(await redis.get("io:1"), "1");
      await assert.rejects(redis.set("io:1", "2"), /MOVED/);
      assert.equal(await redis.readwrite(), "OK");
      await assert.rejects(redis.get("io:1"), /MOVED/);
    } finally {
      redis.disconnect();
    }
  });

  it("ROLE, INFO, WAIT and CLUSTER tell the same at all replicas", async () => {
    const primary = new Redis(await portOf("master"));
    const secondary = new Redis(await portOf("slave"));
    try {
      await primary.set("role", 1);
      assert.equal(await primary.wait(2, 0), 2);
      const [word, seq, secondaries] = (await primary.role()) as [string, number, string[][]];
      assert.equal(word, "master");
      assert.deepEqual(
        secondaries.map(([, , at]) => Number(at)),
        [seq, seq],
      );
      const own = (await secondary.role()) as [string, string, number, string];
      assert.deepEqual(own.slice(0, 4), ["slave", "127.0.0.1", primary.options.port, "connected"]);
      const ofPrimary = await primary.info("replication");
      assert.ok(ofPrimary.includes("role:master\r\nconnected_slaves:2\r\nslave0:ip=127.0.0.1,port="), ofPrimary);
      const ofSecondary = await secondary.info("replication");
      assert.ok(ofSecondary.includes("role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:"), ofSecondary);
      assert.ok(ofSecondary.includes("master_link_status:up"), ofSecondary);
      assert.match(await secondary.info("cluster"), /cluster_enabled:1/);
      assert.deepEqual(await secondary.cluster("SLOTS"), await primary.cluster("SLOTS"));
      assert.match(String(await secondary.cluster("INFO")), /cluster_state:ok/);
    } finally {
      primary.disconnect();
      secondary.disconnect();
    }
  });

  it("ioredis finds the new primary when the old one is killed, node-redis when that is back, and every key is there", async () => {
    const nodes = workers.map(({ port }) => ({ host: "127.0.0.1", port }));
    const io = new Cluster(nodes, { scaleReads: "slave", redisOptions: { maxRetriesPerRequest: 1 } });
    io.on("error", () => undefined);
    const node = createCluster({ rootNodes: workers.map(({ port }) => ({ url: urlOf(port) })) });
    node.on("error", () => undefined);
    await node.connect();
    try {
      await io.set("before", 1);
      const port = await portOf("master");
      const index = workers.findIndex((worker) => worker.port === port);
      await workers[index]!.kill();
      await until(() => io.set("io", "after"));
      // node-redis asks who the primary is only when it is told that somebody is not.
      workers[index] = await workers[index]!.restart();
      await until(() => node.set("node", "after"));
      const primary = new Redis(await portOf("master"));
      assert.deepEqual(await getAll(primary, ["before", "io", "node"]), ["1", "after", "after"]);
      for (const prefix of ["io", "node"]) {
        const names = Array.from({ length: KEYS }, (_, i) => `${prefix}:${i}`);
        assert.deepEqual(
          await getAll(primary, names),
          names.map((_, i) => String(i)),
        );
      }
      primary.disconnect();
    } finally {
      io.disconnect();
      node.destroy();
    }
  });

  function getAll(redis: Redis, keys: readonly string[]): Promise<(string | null)[]> {
    return Promise.all(keys.map((key) => redis.get(key)));
  }

  /** A port of a replica that says to be this. */
  async function portOf(role: "master" | "slave"): Promise<number> {
    return (await portsOf(role))[0]!;
  }

  async function portsOf(role: "master" | "slave"): Promise<number[]> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const roles = await Promise.all(workers.filter((each) => each.isRunning()).map(roleOf));
      const found = roles.filter((each) => each.role === role).map(({ port }) => port);
      if (found.length > 0) return found;
      await sleep(50);
    }
    throw new Error(`no replica is ${role}`);
  }

  /** How many reads the replicas of a role have answered. */
  async function readsAt(role: "slave"): Promise<number> {
    let reads = 0;
    for (const port of await portsOf(role)) {
      const redis = new Redis(port);
      const text = await redis.info("stats");
      redis.disconnect();
      reads += Number(/keyspace_hits:(\d+)/.exec(text)?.[1]);
    }
    return reads;
  }
});

async function roleOf({ port }: WorkerProcess): Promise<{ readonly port: number; readonly role: string }> {
  const redis = new Redis(port);
  const [role] = (await redis.role()) as [string];
  redis.disconnect();
  return { port, role };
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

/** Tries until it succeeds: a client may give a request up while there is no primary. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + FAILOVER_MILLIS_MAX;
  for (;;) {
    try {
      return await Promise.race([
        attempt(),
        sleep(2_000).then(() => {
          throw new Error("no answer");
        }),
      ]);
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
}
