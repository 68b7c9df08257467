import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Cluster } from "ioredis";
import { countSlots, SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";
import type { Topology } from "../../src/platform/rpc/clusterService.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const READY = /^holdfast dev ready redis=(\S+) data=(\S+) pid=\d+$/;
const READY_MILLIS_MAX = 60_000;
const KEYS = 300;

async function holdfast(...args: string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const command = spawnHoldfast(args);
  const { code } = await command.exited;
  return { code, text: command.output() };
}

describe("a cluster in one process", { timeout: 240_000 }, () => {
  let data: string;
  let dev: ReturnType<typeof spawnHoldfast>;
  let ports: number[];
  let master: string;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), "holdfast-cluster-"));
    await start("3");
  });
  after(async () => {
    await dev.stop();
    await rm(data, { recursive: true, force: true });
  });

  async function start(groups: string): Promise<void> {
    dev = spawnHoldfast(["dev", "--groups", groups, "--replicas", "2", "--base-port", "0", "--data", data]);
    const [, addresses] = READY.exec(await dev.waitForLine(READY, READY_MILLIS_MAX))!;
    ports = addresses!.split(",").map((address) => Number(address.split(":")[1]));
    master = /^master m1 {2}(\S+)$/m.exec(dev.output())![1]!;
  }

  async function topology(of = master): Promise<Topology> {
    const { code, text } = await holdfast("topology", "--json", "--master", of);
    assert.equal(code, 0, text);
    return JSON.parse(text) as Topology;
  }

  const slotCounts = ({ groups }: Topology): number[] => groups.map(({ slots }) => countSlots(slots));

  it("has every slot assigned, in equal parts, and serves all of them (question 6)", async () => {
    const { groups, masters, spares, notices } = await topology();
    assert.deepEqual(
      groups.map(({ name, workers }) => [name, workers.length, workers[0]!.role]),
      ["g1", "g2", "g3"].map((name) => [name, 2, "primary"]),
    );
    assert.deepEqual(slotCounts({ groups } as Topology).sort(), [5461, 5461, 5462]);
    assert.equal(masters.length, 1);
    assert.ok(masters[0]!.active);
    assert.deepEqual([spares, notices], [[], []]);
    const cluster = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port })));
    for (let n = 0; n < KEYS; n++) await cluster.set(`key:${n}`, n);
    for (let n = 0; n < KEYS; n++) assert.equal(await cluster.get(`key:${n}`), String(n));
    assert.equal(cluster.nodes("master").length, 3);
    cluster.disconnect();
  });

  it("prints a table of its nodes and commands to try", () => {
    const text = dev.output();
    assert.match(text, /^group +slots +node +address$/m);
    assert.match(text, /^g2 +\d+-\d+ +g2r1 +127\.0\.0\.1:\d+ +primary$/m);
    assert.match(text, /holdfast migrate --slots \d+-\d+ --to g\d --master 127\.0\.0\.1:\d+/);
  });

  it("every worker tells the same topology, and points to the masters for more (question 2)", async () => {
    const whole = await topology();
    const worker = whole.groups[1]!.workers[1]!.rpc;
    const told = await topology(worker);
    assert.equal(told.cluster, whole.cluster);
    // On a busy machine a replica may be evicted in between, and come back.
    const facts = ({ groups }: Topology): unknown =>
      groups.map(({ name, slots, workers }) => [name, slots, workers.map(({ id, redis }) => `${id} ${redis}`).sort()]);
    assert.deepEqual(facts(told), facts(whole));
    assert.deepEqual(
      told.masters.map(({ id, rpc, active }) => [id, rpc, active]),
      whole.masters.map(({ id, rpc, active }) => [id, rpc, active]),
    );
  });

  it("shows what a command would do, and does nothing", async () => {
    const before = slotCounts(await topology());
    const shown = await holdfast("migrate", "--slots", "0-99", "--to", "g2", "--dry-run", "--master", master);
    assert.equal(shown.code, 0, shown.text);
    assert.match(shown.text, /100 slots .*from g1 to g2/);
    const drained = await holdfast("drain", "g3", "--dry-run", "--json", "--master", master);
    assert.equal(drained.code, 0, drained.text);
    const { plan, executed } = JSON.parse(drained.text) as {
      readonly plan: { readonly moves: readonly { readonly source: string }[] };
      readonly executed: boolean;
    };
    assert.equal(executed, false);
    assert.deepEqual([...new Set(plan.moves.map(({ source }) => source))], ["g3"]);
    assert.deepEqual(slotCounts(await topology()), before);
  });

  it("tells of moves, decisions and load", async () => {
    assert.match((await holdfast("moves", "--master", master)).text, /^nothing moves$/m);
    assert.match((await holdfast("why", "--master", master)).text, /assign: /);
    const hot = await holdfast("hot", "--json", "--master", master);
    assert.equal(hot.code, 0, hot.text);
    assert.ok(Array.isArray((JSON.parse(hot.text) as { readonly workers: unknown }).workers));
  });

  it("refuses what makes no sense, with a sentence that says what to do", async () => {
    const refusals: readonly (readonly [args: readonly string[], code: number, text: RegExp])[] = [
      [["migrate", "--slots", "0-99", "--to", "g9", "--yes", "--master", master], 1, /there is no group g9/],
      [["migrate", "--slots", "0-99", "--to", "g2", "--master", master], 1, /add --yes, or --dry-run/],
      [["migrate", "--slots", "99-0", "--to", "g2", "--yes", "--master", master], 1, /Slots are 0 to 16383/],
      [["migrate", "--slots", "0-16384", "--to", "g2", "--yes", "--master", master], 1, /Slots are 0 to 16383/],
      [
        ["weight", "g1", "0", "--yes", "--master", master],
        1,
        /above 0, up to 1000\. To take all slots .* holdfast drain/,
      ],
      [["drain", "g9", "--yes", "--master", master], 1, /there is no group g9/],
      [["moves", "cancel", "m-99", "--yes", "--master", master], 1, /m-99/],
      [["lend", "g1r1", "g2", "--yes", "--master", master], 1, /g1r1/],
      [["topology"], 1, /say where the cluster is: --zookeeper/],
      [["topology", "--master", "nonsense"], 1, /"nonsense" is no address; write host:port/],
      [["topology", "--master", master, "--zookeeper", "127.0.0.1:1"], 1, /leave one out/],
    ];
    for (const [args, code, text] of refusals) {
      const refused = await holdfast(...args);
      assert.equal(refused.code, code, `${args.join(" ")}: ${refused.text}`);
      assert.match(refused.text, text, args.join(" "));
    }
  });

  it("waits a while for a master that does not answer, and says so", async () => {
    const { code, text } = await holdfast("topology", "--master", "127.0.0.1:1");
    assert.equal(code, 1);
    assert.match(text, /waiting for a master that answers: 127\.0\.0\.1:1: /);
  });

  it("a master refuses what it cannot be started with", async () => {
    const taken = master.split(":")[1]!;
    const master1 = ["master", "--zookeeper", "127.0.0.1:1", "--id", "m1"];
    const refusals: readonly (readonly [args: readonly string[], text: RegExp])[] = [
      [["master"], /required option '--zookeeper <servers>'/],
      [[...master1, "--rpc-port", taken], /port \d+ on 127\.0\.0\.1 is taken; choose another with --rpc-port/],
      [[...master1, "--rpc-port", "0", "--http-port", taken], /is taken; choose another with --http-port/],
      [[...master1, "--rpc-port", "70000"], /--rpc-port is "70000": it must be a port number/],
      [[...master1, "--tls-ca", "x"], /TLS needs all of/],
      [
        ["master", "--zookeeper", "nonsense:x", "--id", "m1", "--rpc-port", "0"],
        /not the address of a ZooKeeper server/,
      ],
    ];
    for (const [args, text] of refusals) {
      const refused = await holdfast(...args);
      assert.equal(refused.code, 1, refused.text);
      assert.match(refused.text, text, args.join(" "));
    }
  });

  it("every command explains itself", async () => {
    for (const name of [
      "master",
      "migrate",
      "rebalance",
      "drain",
      "undrain",
      "weight",
      "moves",
      "topology",
      "hot",
      "why",
    ]) {
      const { code, text } = await holdfast(name, "--help");
      assert.equal(code, 0, text);
      assert.match(text, new RegExp(`^Usage: holdfast ${name}`));
      assert.match(text, /--zookeeper/);
    }
    const { text } = await holdfast("moves", "pause", "--help");
    assert.match(text, /--dry-run/);
  });

  it("starts again as it was; further groups are empty until slots are balanced", async () => {
    const before = slotCounts(await topology());
    assert.equal(await dev.stop("SIGINT"), 0);
    await start("4");
    const after = await topology();
    assert.deepEqual(slotCounts(after), [...before, 0]);
    assert.equal(
      slotCounts(after).reduce((sum, count) => sum + count, 0),
      SLOT_COUNT,
    );
    const cluster = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port })));
    for (let n = 0; n < KEYS; n++) assert.equal(await cluster.get(`key:${n}`), String(n));
    cluster.disconnect();
    const plan = await holdfast("rebalance", "--dry-run", "--master", master);
    assert.match(plan.text, /in all 4096 slots/);
  });

  /** Writes and reads all keys again and again until it is told to stop; answers how often, and what failed. */
  function use(): () => Promise<{ readonly rounds: number; readonly failures: readonly string[] }> {
    const cluster = new Cluster(ports.map((port) => ({ host: "127.0.0.1", port })));
    const failures: string[] = [];
    let isStopped = false;
    const run = async (): Promise<number> => {
      for (let round = 1; ; round++) {
        await Promise.all(
          Array.from({ length: KEYS }, async (_, n) => {
            try {
              await cluster.set(`key:${n}`, `${n}:${round}`);
              const value = await cluster.get(`key:${n}`);
              if (value !== `${n}:${round}`) failures.push(`key:${n} is ${value} after ${round}`);
            } catch (error) {
              failures.push(String(error));
            }
          }),
        );
        if (isStopped) return round;
      }
    };
    const running = run();
    return async () => {
      isStopped = true;
      const rounds = await running;
      cluster.disconnect();
      return { rounds, failures };
    };
  }

  it("a group that was added gets its part while the slots are used, and gives it back when it is drained (question 4)", async () => {
    const stopUse = use();
    const balanced = await holdfast("rebalance", "--yes", "--json", "--master", master);
    assert.equal(balanced.code, 0, balanced.text);
    assert.deepEqual(slotCounts(await topology()), [4096, 4096, 4096, 4096]);
    const drained = await holdfast("drain", "g4", "--yes", "--master", master);
    assert.equal(drained.code, 0, drained.text);
    assert.match(drained.text, /^done: 4096 slots in /m);
    const { groups } = await topology();
    assert.deepEqual(
      groups.map(({ name, draining }) => [name, draining]),
      [
        ["g1", false],
        ["g2", false],
        ["g3", false],
        ["g4", true],
      ],
    );
    assert.equal(slotCounts(await topology())[3], 0);
    const { rounds, failures } = await stopUse();
    assert.deepEqual(failures, []);
    assert.ok(rounds > 1);
    const again = await holdfast("drain", "g4", "--yes", "--json", "--master", master);
    assert.equal((JSON.parse(again.text) as { readonly done: boolean }).done, true);
  });

  it("what was begun can be paused and cancelled by another command", async () => {
    const paused = await holdfast("moves", "pause", "all", "--yes", "--master", master);
    assert.equal(paused.code, 0, paused.text);
    const begun = await holdfast("migrate", "--slots", "0-9", "--to", "g2", "--yes", "--no-wait", "--master", master);
    assert.equal(begun.code, 0, begun.text);
    assert.match(begun.text, /begun; holdfast moves shows how far it is/);
    assert.match((await holdfast("moves", "--master", master)).text, /everything is paused/);
    const waiting = spawnHoldfast(["migrate", "--slots", "100-109", "--to", "g2", "--yes", "--master", master]);
    await waiting.waitForLine(/^0 % .*paused/, READY_MILLIS_MAX);
    const cancelled = await holdfast("moves", "--master", master, "cancel", "all", "--yes");
    assert.equal(cancelled.code, 0, cancelled.text);
    assert.equal((await waiting.exited).code, 2, waiting.output());
    assert.match(waiting.output(), /it was cancelled: 10 of 10 slots have not moved/);
    const resumed = await holdfast("moves", "resume", "all", "--yes", "--master", master);
    assert.equal(resumed.code, 0, resumed.text);
    assert.match((await holdfast("moves", "--master", master)).text, /^nothing moves$/m);
  });
});
