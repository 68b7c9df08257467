import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseWorkerRecord } from "../../src/coordination/workerRecord.ts";
import { type Configuration, membersOf, parseConfiguration } from "../../src/core/replica/configuration.ts";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";
import { RespClient } from "../support/respClient.ts";
import { formatReply } from "../support/respReply.ts";
import { startWorker, type WorkerProcess } from "../support/workerServer.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../support/zookeeperEnsemble.ts";

const READY = /^holdfast ready/;
const MILLIS_MAX = 60_000;
const KEYS = 500;

// DESIGN.md, section 1, question 14: a worker names its group, or none: then it is a spare, and is lent and taken back.
describe("a spare worker at a real ZooKeeper", { skip: noZookeeper, timeout: 240_000 }, () => {
  let ensemble: ZookeeperEnsemble;
  let zookeeper: string;
  let tree: Coordinator;
  let directory: string;
  const workers: WorkerProcess[] = [];
  let spare: ReturnType<typeof spawnHoldfast>;
  let port: number;
  let httpPort: number;

  before(async () => {
    ensemble = await startEnsemble(1);
    zookeeper = `${ensemble.connectString}/spares`;
    directory = await mkdtemp(join(tmpdir(), "holdfast-spare-"));
    for (const [id, group] of [
      ["w1", "g1"],
      ["w2", "g2"],
    ] as const) {
      workers.push(await startWorker({ zookeeper, id, group }));
      // The first group has all slots; the other one none.
    }
    const connected = ZookeeperCoordinator.connect({
      ...{ connectString: zookeeper, clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    });
    assert.ok(connected.ok);
    tree = connected.value;
    for (let at = 0; at < KEYS; at++)
      assert.equal(await ask(workers[0]!.port, "SET", `key:${at}`, `value ${at}`), "+OK");
    [port, httpPort] = [await freePort(), await freePort()];
    await startSpare();
  });
  after(async () => {
    await spare.kill();
    for (const worker of workers) await worker.removeData();
    await tree.close();
    await ensemble.dispose();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  });

  async function startSpare(): Promise<void> {
    const places = ["--port", String(port), "--http-port", String(httpPort), "--data", directory];
    spare = spawnHoldfast(["worker", "--zookeeper", zookeeper, "--id", "s1", "--group", "spare", ...places]);
    await spare.waitForLine(READY, MILLIS_MAX);
  }

  async function ask(at: number, ...command: string[]): Promise<string> {
    const client = await RespClient.connect({ host: "127.0.0.1", port: at, deadlineMillis: 5_000 });
    try {
      if (command[0] === "READONLY") {
        await client.call("READONLY");
        command.shift();
      }
      return formatReply(await client.call(...command));
    } finally {
      await client.close();
    }
  }

  async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
    for (const end = performance.now() + MILLIS_MAX; !(await isSo().catch(() => false)); await sleep(100)) {
      assert.ok(performance.now() < end, `${what}\n${spare.output()}`);
    }
  }

  async function configuration(group: string): Promise<Configuration> {
    const read = await tree.get(`/groups/${group}/config`, { sync: true });
    assert.ok(read.ok);
    return parseConfiguration(read.value.data, read.value.version)!;
  }

  async function isMember(group: string): Promise<boolean> {
    return membersOf(await configuration(group)).some(({ id }) => id === "s1");
  }

  async function groupOfRecord(): Promise<string | undefined> {
    const read = await tree.get("/workers/s1", { sync: true });
    return read.ok ? parseWorkerRecord(read.value.data)?.group : undefined;
  }

  async function readiness(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    return `${answer.status} ${(await answer.text()).trim()}`;
  }

  async function lend(group: string): Promise<void> {
    const lent = await tree.create("/spares/s1", group, { kind: "durable" });
    assert.ok(lent.ok, JSON.stringify(lent));
  }

  const isWaiting = async (): Promise<boolean> =>
    (await groupOfRecord()) === "spare" && /^503 spare/.test(await readiness());

  it("waits, and says what it is", async () => {
    assert.equal(await groupOfRecord(), "spare");
    assert.match(await readiness(), /^503 spare: no group has this worker/);
    assert.equal(await ask(port, "PING"), "+PONG");
    assert.match(await ask(port, "GET", "key:1"), /^-CLUSTERDOWN Worker s1 is a spare that no group has/);
    assert.match(await ask(port, "SET", "key:1", "x"), /^-CLUSTERDOWN .*nothing was executed/);
  });

  it("is lent, catches up and serves reads; what is written then is there at once (question 14)", async () => {
    await lend("g1");
    await until(() => isMember("g1"), "it does not become a member");
    await until(async () => (await readiness()) === "200 ready", "it is not ready");
    assert.equal(await groupOfRecord(), "g1");
    for (let at = 0; at < KEYS; at += 50) {
      assert.equal(await ask(port, "READONLY", "GET", `key:${at}`), await ask(workers[0]!.port, "GET", `key:${at}`));
    }
    assert.equal(await ask(workers[0]!.port, "SET", "late", "1"), "+OK");
    assert.match(await ask(port, "READONLY", "GET", "late"), /1/);
    assert.match(await ask(port, "GET", "late"), /^-MOVED \d+ 127\.0\.0\.1:/);
    assert.ok(existsSync(join(directory, "g1", "membership.json")));
  });

  it("is the same replica when it is started again", async () => {
    const before = membersOf(await configuration("g1")).find(({ id }) => id === "s1");
    await spare.kill();
    await startSpare();
    await until(async () => (await isMember("g1")) && (await readiness()) === "200 ready", "it does not come back");
    assert.deepEqual(
      membersOf(await configuration("g1")).find(({ id }) => id === "s1"),
      before,
    );
  });

  it("is taken back, and is a spare again, in the same process", async () => {
    const given = await tree.delete("/spares/s1", 0);
    assert.ok(given.ok, JSON.stringify(given));
    await until(isWaiting, "it is no spare again");
    assert.equal(await isMember("g1"), false);
    assert.match(await ask(port, "GET", "key:1"), /^-CLUSTERDOWN Worker s1 is a spare/);
    assert.equal(await ask(workers[0]!.port, "SET", "after", "1"), "+OK");
    assert.ok(spare.isRunning());
  });

  it("goes from one group to another, and keeps nothing of the first (question 16)", async () => {
    await lend("g1");
    await until(() => isMember("g1"), "it does not become a member again");
    const changed = await tree.replace("/spares/s1", "g2", 0);
    assert.ok(changed.ok, JSON.stringify(changed));
    await until(() => isMember("g2"), "it does not become a member of the other group");
    await until(async () => (await readiness()) === "200 ready", "it is not ready");
    assert.equal(await isMember("g1"), false);
    assert.equal(await groupOfRecord(), "g2");
    assert.ok(!existsSync(join(directory, "g1")));
    assert.equal(await ask(workers[0]!.port, "SET", "end", "1"), "+OK");
  });

  it("does not go when nobody else has the group's data", async () => {
    assert.equal(await workers[1]!.stop(), 0);
    await until(async () => (await configuration("g2")).primary.id === "s1", "it does not become the primary");
    await tree.delete("/spares/s1", 1);
    await until(async () => /nobody else has the group's data/.test(spare.output()), "it does not say why it stays");
    assert.equal(await readiness(), "200 ready");
    workers[1] = await workers[1]!.restart();
    await until(async () => (await isWaiting()) && !(await isMember("g2")), "it does not leave");
    assert.equal((await configuration("g2")).primary.id, "w2");
  });

  it("makes no group", async () => {
    await lend("g9");
    await until(async () => /group g9, which has no replica yet/.test(spare.output()), "it does not say so");
    assert.ok(await isWaiting());
    const made = await tree.exists("/groups/g9/config", { sync: true });
    assert.ok(made.ok && !made.value);
  });
});
