import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { epoch, monotonicMillis, seq, wallMillis } from "../../../src/base/ids.ts";
import { encodeConfiguration } from "../../../src/core/replica/configuration.ts";
import { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import { REPLICA_TIMES } from "../../../src/core/replica/times.ts";
import type { Coordinator, CoordinatorError } from "../../../src/ports/coordinator.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { type ReplicationOwner, Replicator } from "../../../src/worker/replication/replicator.ts";

const TICK_MILLIS = 25;
const UNAVAILABLE: CoordinatorError = { code: "unavailable", message: "nobody answers" };

/** A configuration of which the replica here is no part. */
const OTHERS = encodeConfiguration({
  ...{ epoch: epoch(3), primary: { id: "r9", incarnation: 1 }, secondaries: [], minReplicas: 1, eligible: [] },
  ...{ nonce: "", released: true, reason: "", logEnd: 0 },
});

describe("what a replica says of trouble with the coordinator", () => {
  let now: number;
  let wall: number;
  let notices: string[];
  let failures: unknown[];
  /** What the coordinator answers at present to each question. */
  let reading: CoordinatorError | string;
  let creating: CoordinatorError;
  let creations: number;
  let tick: () => void;
  let later: { readonly at: number; readonly run: () => void }[];
  let replica: GroupReplica;

  beforeEach(() => {
    now = 1_000;
    wall = 1_000_000;
    notices = [];
    failures = [];
    later = [];
    creations = 0;
    tick = () => undefined;
  });

  function start(mustFound = false): Replicator {
    const runs = [{ epoch: epoch(0), firstSeq: seq(0) }];
    const self = { id: "r0", incarnation: 1 };
    const rest = { lastSeq: seq(0), applied: seq(0), bootName: "b", mayFound: true };
    replica = new GroupReplica({ self, times: REPLICA_TIMES, runs, ...rest }, now);
    const coordinator = {
      get: async () =>
        typeof reading === "string"
          ? { ok: true, value: { data: reading, version: 1, owner: undefined } }
          : { ok: false, error: reading },
      create: async (path: string) => {
        if (!path.endsWith("/config")) return { ok: true, value: path };
        creations++;
        return { ok: false, error: creating };
      },
    } as unknown as Coordinator;
    const owner: Partial<ReplicationOwner> = {
      notice: (text) => notices.push(text),
      roleChanged: () => undefined,
      logFailed: (error) => failures.push(error),
    };
    const made = new Replicator({
      replica,
      group: "g1",
      coordinator,
      log: {} as Log,
      checksum: { crc32: () => 0 },
      clock: { wall: () => wallMillis(wall), monotonic: () => monotonicMillis(now), micros: () => now * 1000 },
      timers: {
        after: (millis, run) => {
          later.push({ at: now + millis, run });
          return { cancel() {} };
        },
        every: (_, run) => {
          tick = run;
          return { cancel() {} };
        },
        endOfTurn: setImmediate,
      },
      inMemory: false,
      isAlone: false,
      mustFound,
      owner: owner as ReplicationOwner,
    });
    made.start();
    return made;
  }

  async function pass(millis: number): Promise<void> {
    for (let passed = 0; passed < millis; passed += TICK_MILLIS) {
      now += TICK_MILLIS;
      wall += TICK_MILLIS;
      for (const { run } of later.filter(({ at }) => at <= now)) run();
      later = later.filter(({ at }) => at > now);
      tick();
      await new Promise(setImmediate);
    }
  }

  it("it is told once, and again when it comes again after it was over", async () => {
    reading = UNAVAILABLE;
    start();
    await pass(2_000);
    assert.deepEqual(notices, ["/groups/g1/config cannot be read: unavailable (nobody answers)"]);
    reading = OTHERS;
    await pass(500);
    assert.equal(replica.role, "outside");
    reading = UNAVAILABLE;
    await pass(2_000);
    assert.equal(notices.length, 2);
    reading = "nonsense";
    await pass(2_000);
    assert.deepEqual(notices.slice(2), ["/groups/g1/config holds nonsense: nonsense"]);
  });

  it("who may not write does not try at every tick, and says so once", async () => {
    reading = { code: "no_node" };
    creating = { code: "no_auth" };
    start();
    await pass(10_000);
    assert.ok(creations >= 5 && creations <= 11, `${creations} attempts`);
    assert.deepEqual(notices, ["/groups/g1/config cannot be changed: no_auth"]);
    assert.equal(replica.role, "starting");
  });

  it("the data of a node that was alone do not become part of a group that was founded without them", async () => {
    reading = OTHERS;
    start(true);
    await pass(100);
    assert.match(String(failures[0]), /group g1 was founded with other data/);
    assert.equal(replica.role, "starting");
  });

  it("a clock that stood still is told, and what was answered under a lease is not answered any more", async () => {
    reading = OTHERS;
    const replicator = start();
    await pass(500);
    assert.deepEqual(notices, []);
    wall += 3_000;
    replicator.servingNow();
    assert.match(notices.join(), /stood still for 3000 ms/);
    await pass(500);
    assert.equal(notices.length, 1);
  });
});
