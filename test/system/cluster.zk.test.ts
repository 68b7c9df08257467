import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { countSlots, SLOT_COUNT, showRanges } from "../../src/core/slots/slotRanges.ts";
import type { Topology } from "../../src/platform/rpc/clusterService.ts";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";
import { startWorker, type WorkerProcess } from "../support/workerServer.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../support/zookeeperEnsemble.ts";

const READY = /^holdfast master ready id=(\S+) rpc=(\S+) http=(\S+) pid=\d+$/;
const ACTIVE = /this is the active master, in epoch \d+/;
const READY_MILLIS_MAX = 60_000;
const TAKE_OVER_MILLIS_MAX = 30_000;

type Process = ReturnType<typeof spawnHoldfast>;

describe("masters at a real ZooKeeper", { skip: noZookeeper, timeout: 240_000 }, () => {
  let ensemble: ZookeeperEnsemble;
  let cleanups: (() => Promise<unknown>)[] = [];
  let paths = 0;
  before(async () => {
    ensemble = await startEnsemble(1);
  });
  after(async () => {
    for (const clean of cleanups.reverse()) await clean();
    cleanups = [];
    await ensemble.dispose();
  });

  function newPath(): string {
    return `${ensemble.connectString}/masters${++paths}`;
  }

  async function startMaster(zookeeper: string, id: string, ...args: string[]) {
    const ports = ["--rpc-port", "0", ...args];
    const process = spawnHoldfast(["master", "--zookeeper", zookeeper, "--id", id, ...ports]);
    cleanups.push(() => process.kill());
    const [, , rpc, http] = READY.exec(await process.waitForLine(READY, READY_MILLIS_MAX))!;
    return { process, rpc: rpc!, http: http! };
  }

  async function startGroups(zookeeper: string, count: number): Promise<WorkerProcess[]> {
    const workers: WorkerProcess[] = [];
    const starting = Array.from({ length: count }, (_, index) =>
      startWorker({ zookeeper, id: `w${index + 1}`, group: `g${index + 1}` }),
    );
    for (const worker of await Promise.all(starting)) {
      cleanups.push(() => worker.removeData());
      workers.push(worker);
    }
    return workers;
  }

  async function holdfast(...args: string[]): Promise<{ readonly code: number | null; readonly text: string }> {
    const command = spawnHoldfast(args);
    const { code } = await command.exited;
    return { code, text: command.output() };
  }

  async function topology(...where: string[]): Promise<Topology> {
    const { code, text } = await holdfast("topology", "--json", ...where);
    assert.equal(code, 0, text);
    return JSON.parse(text.slice(text.indexOf("{"))) as Topology;
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TAKE_OVER_MILLIS_MAX;
    while (!(await isSo())) {
      assert.ok(performance.now() < deadline, "it does not come about");
      await sleep(200);
    }
  }

  const assigned = ({ groups }: Topology): number => groups.reduce((sum, { slots }) => sum + countSlots(slots), 0);

  it("a standby takes over when the active master is killed, and when it is stopped (question 5)", async () => {
    const zookeeper = newPath();
    const httpPort = await freePort();
    const first = await startMaster(zookeeper, "m1", "--http-port", String(httpPort));
    await first.process.waitForLine(ACTIVE, READY_MILLIS_MAX);
    const second = await startMaster(zookeeper, "m2");
    await second.process.waitForLine(/this master stands by; m1 at \S+ is active/, READY_MILLIS_MAX);
    await startGroups(zookeeper, 2);
    await until(async () => assigned(await topology("--zookeeper", zookeeper)) === SLOT_COUNT);

    const told = await topology("--master", second.rpc);
    assert.deepEqual(
      told.masters.map(({ id, active }) => [id, active]),
      [
        ["m1", true],
        ["m2", false],
      ],
      "the standby knows the same",
    );
    assert.equal((await fetch(`http://${first.http}/readyz`)).status, 200);
    assert.match(await (await fetch(`http://${first.http}/metrics`)).text(), /^holdfast_master_active 1$/m);
    const page = (await (await fetch(`http://${first.http}/topology`)).json()) as Topology;
    assert.equal(assigned(page), SLOT_COUNT);
    const asked = await holdfast("migrate", "--slots", "0-9", "--to", "g2", "--dry-run", "--master", second.rpc);
    assert.equal(asked.code, 0, asked.text);
    assert.match(asked.text, /10 slots/, "the standby points to the active one");

    await first.process.kill();
    await second.process.waitForLine(ACTIVE, TAKE_OVER_MILLIS_MAX);
    const after = await topology("--zookeeper", zookeeper);
    assert.deepEqual(
      after.masters.map(({ id, active }) => [id, active]),
      [["m2", true]],
    );
    assert.equal(assigned(after), SLOT_COUNT);
    const why = await holdfast("weight", "g1", "2", "--dry-run", "--zookeeper", zookeeper);
    assert.equal(why.code, 0, why.text);

    const third = await startMaster(zookeeper, "m3");
    assert.equal(await second.process.stop(), 0);
    await third.process.waitForLine(ACTIVE, TAKE_OVER_MILLIS_MAX);
  });

  it("a successor finishes what it finds, and whoever waits for it notices nothing", async () => {
    const zookeeper = newPath();
    const first = await startMaster(zookeeper, "m1");
    await first.process.waitForLine(ACTIVE, READY_MILLIS_MAX);
    await startMaster(zookeeper, "m2");
    await startGroups(zookeeper, 2);
    await until(async () => assigned(await topology("--zookeeper", zookeeper)) === SLOT_COUNT);
    const [source] = (await topology("--zookeeper", zookeeper)).groups;
    const slots = showRanges(source!.slots);
    const moving = spawnHoldfast(["migrate", "--slots", slots, "--to", "g2", "--yes", "--zookeeper", zookeeper]);
    await moving.waitForLine(/^\d+ %/, READY_MILLIS_MAX);
    await first.process.kill();
    assert.equal((await moving.exited).code, 0, moving.output());
    assert.match(moving.output(), /^done: \d+ slots in /m);
    const { groups, masters } = await topology("--zookeeper", zookeeper);
    assert.deepEqual(
      groups.map(({ slots: now }) => countSlots(now)),
      [0, SLOT_COUNT],
    );
    assert.deepEqual(
      masters.map(({ id }) => id),
      ["m2"],
    );
  });

  it("three processes, each a worker and a master, are a whole cluster", async () => {
    const zookeeper = newPath();
    const args = ["--with-master", "--master-rpc-port", "0"];
    const starting = [1, 2, 3].map((number) => startWorker({ zookeeper, id: `w${number}`, group: `g${number}`, args }));
    const workers = await Promise.all(starting);
    for (const worker of workers) cleanups.push(() => worker.removeData());
    await until(async () => assigned(await topology("--zookeeper", zookeeper)) === SLOT_COUNT);
    const { masters, groups } = await topology("--zookeeper", zookeeper);
    assert.deepEqual(masters.map(({ id }) => id).sort(), ["w1", "w2", "w3"]);
    assert.equal(groups.length, 3);

    const active = workers[Number(masters[0]!.id.slice(1)) - 1]!;
    await active.kill();
    await until(async () => {
      const { masters: left } = await topology("--zookeeper", zookeeper);
      return left.length === 2 && left[0]!.active;
    });
    const other = workers.find((worker) => worker !== active)!;
    const redis = new Redis(other.port);
    assert.equal(await redis.ping(), "PONG");
    redis.disconnect();
    const status = await holdfast("status", "--zookeeper", zookeeper);
    assert.equal(status.code, 2, status.text);
    assert.match(status.text, /^g\d ok .*5461 slots|^g\d ok .*5462 slots/m);
    assert.match(status.text, /^masters {2}w\d 127\.0\.0\.1:\d+ \| w\d 127\.0\.0\.1:\d+$/m);
  });

  it("without a master the commands say what to do", async () => {
    const zookeeper = newPath();
    const none: Process = spawnHoldfast(["moves", "--zookeeper", zookeeper]);
    assert.equal((await none.exited).code, 1);
    assert.match(
      none.output(),
      /no active master has answered within 15 s.*ZooKeeper, which knows of no master.*Start a master/,
    );
  });
});
