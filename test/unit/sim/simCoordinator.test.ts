import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Life, Scheduler } from "../../../sim/kernel/scheduler.ts";
import { type CoordinatorFaults, NO_COORDINATOR_FAULTS, SimCoordinator } from "../../../sim/node/simCoordinator.ts";
import { createPrng } from "../../../src/base/prng.ts";
import type { Result } from "../../../src/base/result.ts";
import type { Coordinator, CoordinatorError, SessionEvent } from "../../../src/ports/coordinator.ts";

const DURABLE = { kind: "durable" } as const;
const SESSION = { kind: "session" } as const;
const SESSION_MILLIS = 2000;

/** An ensemble in virtual time, and clients of it. */
class Rig {
  readonly scheduler: Scheduler;
  readonly ensemble: SimCoordinator;
  readonly lives = new Map<string, Life>();

  constructor(seed: string, faults: Partial<CoordinatorFaults> = {}) {
    this.scheduler = new Scheduler(createPrng(`${seed}/ties`));
    this.ensemble = new SimCoordinator({
      scheduler: this.scheduler,
      prng: createPrng(seed),
      sessionMillis: SESSION_MILLIS,
      faults: { ...NO_COORDINATOR_FAULTS, ...faults },
    });
  }

  connect(name: string): Coordinator {
    const life = { alive: true };
    this.lives.set(name, life);
    return this.ensemble.connect(name, life);
  }

  /** Lets so much time pass. */
  async pass(millis: number): Promise<void> {
    const end = this.scheduler.nowMicros + millis * 1000;
    let isOver = false;
    this.scheduler.after(end - this.scheduler.nowMicros, undefined, "passed", () => {
      isOver = true;
    });
    while (!isOver) await this.#step();
  }

  async value<T>(pending: Promise<Result<T, CoordinatorError>>): Promise<T> {
    const result = await this.result(pending);
    assert.ok(result.ok, JSON.stringify(result));
    return result.value;
  }

  async result<T>(pending: Promise<T>): Promise<T> {
    let isOver = false;
    const done = pending.then((result) => {
      isOver = true;
      return result;
    });
    await turn();
    while (!isOver) await this.#step();
    return done;
  }

  async #step(): Promise<void> {
    assert.ok(this.scheduler.step(), "nothing happens any more");
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the simulated coordinator", () => {
  test("a change whose answer is lost has happened, or has not, or happens later", async () => {
    const fates = new Map<string, number>();
    for (let seed = 0; seed < 60; seed++) {
      const rig = new Rig(`fate ${seed}`);
      const client = rig.connect("a");
      await rig.value(client.create("/a", "old", DURABLE));
      const asked = client.replace("/a", "new", 0);
      rig.ensemble.loseReplies("a");
      const answer = await rig.result(asked);
      assert.ok(!answer.ok && answer.error.code === "unknown", JSON.stringify(answer));
      const soon = rig.ensemble.peek("/a");
      await rig.pass(SESSION_MILLIS * 2);
      const fate = `${soon} then ${rig.ensemble.peek("/a")}`;
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
    }
    assert.deepEqual([...fates.keys()].sort(), ["new then new", "old then new", "old then old"]);
  });

  test("a session expires while its process lives, which hears of it later", async () => {
    const rig = new Rig("expiry");
    const client = rig.connect("a");
    const events: SessionEvent[] = [];
    client.onSession((event) => events.push(event));
    await rig.value(client.create("/w", "", SESSION));
    let calls = 0;
    await rig.value(client.get("/w", { watch: () => void calls++ }));
    rig.ensemble.expire("a");
    assert.equal(rig.ensemble.peek("/w"), undefined);
    assert.deepEqual(events, ["connected"]);
    await rig.pass(SESSION_MILLIS * 2);
    assert.deepEqual(events, ["connected", "suspended", "lost", "renewed"]);
    assert.equal(calls, 1);
    await rig.value(client.create("/w", "again", SESSION));
  });

  test("the session of a process that died ends in its time, and not that of one that lives", async () => {
    const rig = new Rig("death");
    const clients = [rig.connect("a"), rig.connect("b")] as const;
    await rig.value(clients[0].create("/a", "", SESSION));
    await rig.value(clients[1].create("/b", "", SESSION));
    rig.lives.get("a")!.alive = false;
    await rig.pass(SESSION_MILLIS / 2);
    assert.notEqual(rig.ensemble.peek("/a"), undefined);
    await rig.pass(SESSION_MILLIS);
    assert.equal(rig.ensemble.peek("/a"), undefined);
    assert.notEqual(rig.ensemble.peek("/b"), undefined);
  });

  test("a server that lags answers what was, unless it is told to sync, and never less than was seen", async () => {
    const rig = new Rig("lag");
    const writer = rig.connect("writer");
    const reader = rig.connect("reader");
    await rig.value(writer.create("/a", "0", DURABLE));
    await rig.value(reader.get("/a", { sync: true }));
    let calls = 0;
    await rig.value(reader.get("/a", { watch: () => void calls++ }));
    rig.ensemble.lag("reader", 60_000_000);
    // The writer may be at the same server, which does what it has asked itself.
    rig.ensemble.loseReplies("reader");
    await rig.pass(SESSION_MILLIS);
    rig.ensemble.lag("reader", 60_000_000);
    await rig.value(writer.replace("/a", "1", 0));
    const seen = (await rig.value(reader.get("/a"))).data;
    await rig.pass(1000);
    assert.equal((await rig.value(reader.get("/a"))).data, seen);
    assert.equal((await rig.value(reader.get("/a", { sync: true }))).data, "1");
    assert.equal((await rig.value(reader.get("/a"))).data, "1");
    await rig.pass(1000);
    assert.equal(calls, 1);
  });

  test("stale reads and late watches come by chance, and the same seed tells the same story", async () => {
    const story = async (seed: string): Promise<string> => {
      const rig = new Rig(seed, { breaksPerMille: 100, lagMicrosMax: 100_000, watchMicrosMax: 100_000 });
      const labels: string[] = [];
      rig.scheduler.onEvent = (label) => labels.push(`${rig.scheduler.nowMicros} ${label}`);
      const clients = ["a", "b", "c"].map((name) => rig.connect(name));
      await rig.result(clients[0]!.create("/a", "", DURABLE));
      let version = 0;
      let stale = 0;
      for (let round = 0; round < 30; round++) {
        for (const client of clients) {
          const replaced = await rig.result(client.replace("/a", String(round), version));
          const read = await rig.result(client.get("/a", { sync: true }));
          if (read.ok) version = read.value.version;
          const other = await rig.result(clients[round % 3]!.get("/a"));
          if (other.ok && other.value.version < version) stale++;
          labels.push(JSON.stringify([replaced, read, other]));
        }
      }
      assert.ok(stale > 0, "no read was stale");
      return labels.join("\n");
    };
    assert.equal(await story("one"), await story("one"));
    assert.notEqual(await story("one"), await story("two"));
  });

  test("whatever breaks, each version is given out once and every caller gets an answer", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const rig = new Rig(`race ${seed}`, { breaksPerMille: 50, lagMicrosMax: 50_000, watchMicrosMax: 50_000 });
      const clients = ["a", "b", "c"].map((name) => rig.connect(name));
      while (!(await rig.result(clients[0]!.exists("/a", { sync: true }))).ok) await rig.pass(10);
      while (rig.ensemble.peek("/a") === undefined) await rig.result(clients[0]!.create("/a", "", DURABLE));
      const winners = new Map<number, number>();
      const run = async (client: Coordinator): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          const read = await client.get("/a", { sync: true });
          if (!read.ok) continue;
          const replaced = await client.replace("/a", "x", read.value.version);
          if (replaced.ok) winners.set(replaced.value, (winners.get(replaced.value) ?? 0) + 1);
        }
      };
      await rig.result(Promise.all(clients.map(run)));
      assert.ok(winners.size > 0);
      for (const [version, count] of winners) assert.equal(count, 1, `version ${version} was given out ${count} times`);
    }
  });
});
