import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast, startHoldfast } from "../support/holdfastServer.ts";
import { spawnWorker, startWorker, startWorkers, type WorkerProcess } from "../support/workerServer.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../support/zookeeperEnsemble.ts";

const SUITE_MILLIS_MAX = 240_000;
const WAIT_MILLIS_MAX = 30_000;
const KEYS = 3_000;

/** Groups of real processes, as an operator handles them. */
describe("a group's operation", { skip: noZookeeper, timeout: SUITE_MILLIS_MAX }, () => {
  let ensemble: ZookeeperEnsemble;
  let cleanups: (() => Promise<unknown>)[] = [];
  let paths = 0;

  before(async () => {
    ensemble = await startEnsemble(1);
  });
  after(() => ensemble?.dispose());
  afterEach(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
    cleanups = [];
  });

  /** A path of its own for each test. */
  function newPath(): string {
    return `${ensemble.connectString}/groups${++paths}`;
  }

  async function started(zookeeper: string, count: number): Promise<WorkerProcess[]> {
    const workers = await startWorkers(zookeeper, count);
    for (const worker of workers) cleanups.push(() => worker.removeData());
    return workers;
  }

  async function newDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-worker-"));
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  function clientOf(port: number): Redis {
    const redis = new Redis(port);
    redis.on("error", () => undefined);
    cleanups.push(async () => redis.disconnect());
    return redis;
  }

  function coordinatorOf(connectString: string): ZookeeperCoordinator {
    const connected = ZookeeperCoordinator.connect({
      connectString,
      clock: nodeClock,
      timers: nodeTimers,
      random: nodeRandom,
    });
    assert.ok(connected.ok);
    cleanups.push(() => connected.value.close());
    return connected.value;
  }

  async function status(zookeeper: string, ...args: string[]): Promise<{ readonly code: number | null; text: string }> {
    const command = spawnHoldfast(["status", "--zookeeper", zookeeper, ...args]);
    const { code } = await command.exited;
    return { code, text: command.output() };
  }

  /** Runs something that must be refused; answers what it said. */
  async function refusal(command: ReturnType<typeof spawnHoldfast>): Promise<string> {
    const { code } = await command.exited;
    assert.equal(code, 1, command.output());
    return command.output();
  }

  it("a node that was alone becomes the first replica of a group with its data, and others learn them", async () => {
    const zookeeper = newPath();
    const alone = await startHoldfast();
    cleanups.push(() => alone.removeData());
    const writer = clientOf(alone.port);
    for (let i = 0; i < KEYS; i += 100) {
      await writer.mset(Array.from({ length: 100 }, (_, n) => [`key:${i + n}`, `${i + n}`]).flat());
    }
    await writer.save();
    assert.equal(await alone.stop(), 0);

    const first = await alone.restart({ args: ["--zookeeper", zookeeper, "--id", "w1"] });
    cleanups.push(() => first.kill());
    const primary = clientOf(first.port);
    const awaited = clientOf(first.port).wait(2, WAIT_MILLIS_MAX);
    const others: WorkerProcess[] = [];
    for (const id of ["w2", "w3"]) {
      const worker = await startWorker({ zookeeper, id });
      cleanups.push(() => worker.removeData());
      others.push(worker);
    }
    assert.equal(await awaited, 2, "it waits for replicas to join");
    assert.equal(await primary.incr("count"), 1);
    assert.equal(await primary.wait(2, 5_000), 2);
    for (const { port } of [first, ...others]) {
      const redis = clientOf(port);
      await redis.readonly();
      assert.equal(await redis.dbsize(), KEYS + 1);
      assert.equal(await redis.get("count"), "1");
      const names = Array.from({ length: KEYS }, (_, n) => `key:${n}`);
      assert.deepEqual(
        await Promise.all(names.map((name) => redis.get(name))),
        names.map((_, n) => String(n)),
      );
    }
  });

  it("a second group begins without slots, and sends clients to the first, also after a failover there", async () => {
    const zookeeper = newPath();
    const first = await started(zookeeper, 2);
    const other = await startWorker({ zookeeper, id: "x1", group: "g2" });
    cleanups.push(() => other.removeData());
    const asked = clientOf(other.port);
    const owner = async (): Promise<number> => {
      const [slots] = await asked.cluster("SLOTS");
      return slots?.[2]?.[1] ?? 0;
    };
    assert.equal(await owner(), first[0]!.port);
    await assert.rejects(asked.set("a", 1), { message: `MOVED 15495 127.0.0.1:${first[0]!.port}` });
    assert.equal(await clientOf(first[0]!.port).set("a", 1), "OK");
    await first[0]!.kill();
    const end = Date.now() + WAIT_MILLIS_MAX;
    while ((await owner()) !== first[1]!.port) assert.ok(Date.now() < end, "it does not hear of the new primary");
    await assert.rejects(asked.get("a"), { message: `MOVED 15495 127.0.0.1:${first[1]!.port}` });
    assert.equal(await clientOf(first[1]!.port).get("a"), "1");
  });

  it("status tells how it stands, and fails when a group does not serve", async () => {
    const zookeeper = newPath();
    const never = await status(zookeeper);
    assert.equal(never.code, 1);
    assert.match(never.text, /no worker was ever started with this path/);
    const workers = await started(zookeeper, 3);
    await until(async () => /w1 .*\| w\d .* in step \| w\d .* in step/.test((await status(zookeeper)).text));
    const whole = await status(zookeeper);
    assert.equal(whole.code, 0);
    assert.match(whole.text, /^g1 ok {2}epoch \d+ {2}entry \d+ {2}primary w1 127\.0\.0\.1:\d+ \| /);
    await workers[2]!.kill();
    await until(async () => /^g1 degraded \(/.test((await status(zookeeper)).text));
    await Promise.all(workers.map((worker) => worker.kill()));
    const down = await status(zookeeper, "--json");
    assert.equal(down.code, 2);
    const [group] = JSON.parse(down.text).groups;
    assert.equal(group.state, "down");
    assert.match(group.problem, /its primary w1 does not serve/);
  });

  it("refuses data that is another replica's, another group's, or another cluster's", async () => {
    const zookeeper = newPath();
    const [worker] = await started(zookeeper, 1);
    assert.equal(await worker!.stop(), 0);
    const { dataDirectory, port } = worker!;
    const facts = { dataDirectory, port };
    const asOther = await refusal(spawnWorker({ ...facts, zookeeper, id: "w9" }));
    assert.match(asOther, /this is the data of replica w1 of group g1 in cluster \w+, not of w9 of g1/);
    const inOther = await refusal(spawnWorker({ ...facts, zookeeper, id: "w1", group: "g2" }));
    assert.match(inOther, /not of w1 of g2/);
    assert.match(await refusal(spawnWorker({ ...facts, zookeeper: newPath(), id: "w1" })), /not of w1 of g1 in \w+/);
    const alone = spawnHoldfast(["start", "--data", dataDirectory, "--port", String(port), "--http-port", "0"]);
    assert.match(
      await refusal(alone),
      /data of replica w1 of group g1: start it as such, with --zookeeper and --id w1/,
    );
    const again = await worker!.restart();
    cleanups.push(() => again.kill());
    assert.equal(await clientOf(port).set("a", 1), "OK");
  });

  it("refuses a second worker with the same id, and the group goes on", async () => {
    const zookeeper = newPath();
    const workers = await started(zookeeper, 2);
    const facts = { zookeeper, id: "w2", port: await freePort(), dataDirectory: await newDirectory() };
    const double = spawnWorker(facts);
    await double.waitForLine(/another process is worker w2 \(at 127\.0\.0\.1:\d+, pid \d+\); waiting/, WAIT_MILLIS_MAX);
    const primary = clientOf(workers[0]!.port);
    assert.equal(await primary.incr("a"), 1);
    assert.match(await refusal(double), /another process is worker w2: at 127\.0\.0\.1:\d+, pid \d+$/m);
    assert.equal(await primary.incr("a"), 2);
    assert.equal(await primary.wait(1, 5_000), 1);
  });

  it("notices znodes with nonsense in them, and the group goes on", async () => {
    const zookeeper = newPath();
    const [first, second] = await started(zookeeper, 3);
    const coordinator = coordinatorOf(zookeeper);
    const primary = clientOf(first!.port);
    assert.equal(await primary.incr("a"), 1);
    assert.ok((await coordinator.create("/workers/ghost", "{", { kind: "durable" })).ok);
    await seen(first!, /\/workers\/ghost holds nonsense/);
    assert.match((await status(zookeeper)).text, /^\/workers\/ghost holds nonsense/m);

    const read = await coordinator.get("/groups/g1/config");
    assert.ok(read.ok);
    assert.ok((await coordinator.replace("/groups/g1/config", "what?", read.value.version)).ok);
    await seen(first!, /\/groups\/g1\/config holds nonsense: what\?/);
    assert.equal(await primary.incr("a"), 2);
    const broken = await status(zookeeper);
    assert.deepEqual([broken.code, /its configuration holds nonsense/.test(broken.text)], [2, true]);

    // What it was is put back, and changes of the configuration are possible again.
    assert.ok((await coordinator.replace("/groups/g1/config", read.value.data, read.value.version + 1)).ok);
    await second!.kill();
    await until(async () => (await primary.incr("a")) > 2);
    await until(async () => (await primary.wait(1, 100)) === 1);

    const ready = await coordinator.get("/ready");
    assert.ok(ready.ok);
    assert.ok((await coordinator.replace("/ready", "[]", ready.value.version)).ok);
    const newcomer = spawnWorker({ zookeeper, id: "w4", port: await freePort(), dataDirectory: await newDirectory() });
    cleanups.push(() => newcomer.kill());
    await newcomer.waitForLine(/waiting for the coordinator: \/ready holds nonsense/, WAIT_MILLIS_MAX);
    assert.ok((await primary.incr("a")) > 2);
  });
});

/** Resolves when the process has printed it. */
function seen(worker: WorkerProcess, pattern: RegExp): Promise<void> {
  return until(async () => pattern.test(worker.output()));
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_MILLIS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not so within ${WAIT_MILLIS_MAX} ms: ${isTrue}`);
    await sleep(100);
  }
}
