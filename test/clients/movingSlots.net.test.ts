import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { keySlot } from "../../src/base/crc16.ts";
import type { SlotChange } from "../../src/core/slots/slotChange.ts";
import { encodeSlotMap, parseSlotMap, withSlotsMoved } from "../../src/core/slots/slotMap.ts";
import type { SlotRanges } from "../../src/core/slots/slotRanges.ts";
import { LocalCluster } from "../support/localCluster.ts";

const SUITE_MILLIS_MAX = 60_000;
const PAUSE_MILLIS = 150;

/** What clients see of the steps of a move; the steps are logged by hand. */
describe("slots that move, as clients see them", { timeout: SUITE_MILLIS_MAX }, () => {
  let cluster: LocalCluster;
  const clients: Redis[] = [];

  before(async () => {
    cluster = await LocalCluster.open({ g1: [[0, 16_383]] });
    await cluster.add("g1", "a1");
    await cluster.add("g1", "a2");
    await cluster.add("g2", "b1");
    await cluster.ready();
    await cluster.until(() => secondaries() === 1, "a2 is no secondary");
  });
  after(async () => {
    for (const client of clients) client.disconnect();
    await cluster?.dispose();
  });

  const secondaries = (): number => cluster.worker("a1").server.node.replica.configuration?.secondaries.length ?? 0;

  function at(id: string): Redis {
    const client = new Redis(cluster.worker(id).server.port, { maxRetriesPerRequest: 0 });
    clients.push(client);
    return client;
  }

  async function change(id: string, what: SlotChange): Promise<number> {
    const { node } = cluster.worker(id).server;
    const at = node.executor.writeEntry((mutator) => assert.ok(mutator.changeSlots(what), JSON.stringify(what)))!;
    await cluster.until(() => node.replica.commitPoint >= at, "an entry is not committed");
    return at;
  }

  /** The flip: at the coordinator only. */
  async function flip(slots: SlotRanges, target: string): Promise<void> {
    const read = await cluster.session.get("/slots");
    assert.ok(read.ok);
    const text = encodeSlotMap(withSlotsMoved(parseSlotMap(read.value.data)!, slots, target));
    assert.ok((await cluster.session.replace("/slots", text, read.value.version)).ok);
  }

  /** Whether the promise waits. */
  async function waits(promise: Promise<unknown>): Promise<boolean> {
    return (await Promise.race([promise.catch(() => "error"), sleep(PAUSE_MILLIS, "waits")])) === "waits";
  }

  it("sealed: writes wait, reads do not; unsealed: they are executed", async () => {
    const redis = at("a1");
    await redis.set("sealed", "1");
    const slots: SlotRanges = [[keySlot("sealed"), keySlot("sealed")]];
    await change("a1", { kind: "seal", move: "m1", slots, target: "g2" });
    const written = at("a1").set("sealed", "2");
    assert.ok(await waits(written), "a write to a sealed slot");
    const flushed = at("a1").flushall();
    assert.ok(await waits(flushed), "FLUSHALL while a slot is sealed");
    assert.equal(await redis.get("sealed"), "1");
    assert.equal(await redis.set("other", "1"), "OK");
    const secondary = at("a2");
    await secondary.readonly();
    assert.equal(await secondary.get("sealed"), "1");
    await change("a1", { kind: "close", move: "m1" });
    assert.ok(await waits(redis.get("sealed")), "a read of a closed slot");
    assert.ok(await waits(secondary.get("sealed")), "a read of a closed slot at a secondary");
    assert.equal(await at("a1").get("other"), "1");
    await change("a1", { kind: "unseal", move: "m1" });
    assert.equal(await written, "OK");
    assert.equal(await flushed, "OK");
    assert.equal(await redis.dbsize(), 0);
  });

  it("released: who waits is sent to the new owner, and nothing of it is shown any more", async () => {
    const redis = at("a1");
    const [gone, stays] = ["gone", "stays"];
    const slot = keySlot(gone);
    const slots: SlotRanges = [[slot, slot]];
    await redis.mset(`{${gone}}1`, "1", `{${gone}}2`, "2");
    await redis.set(stays, "1");
    const blocked = at("a1").blpop(`{${gone}}list`, 0);
    const watching = at("a1");
    await watching.watch(`{${gone}}1`);
    await watching.multi({ pipeline: false });
    await watching.set(stays, "2");
    const unmoved = at("a1");
    await unmoved.watch(stays);
    await unmoved.multi({ pipeline: false });
    await unmoved.get(stays);
    assert.ok(await waits(blocked));
    const f = await change("a1", { kind: "seal", move: "m2", slots, target: "g2" });
    const written = at("a1").set(`{${gone}}1`, "3");
    const secondary = at("a2");
    await secondary.readonly();
    await change("b1", { kind: "import", move: "m2", slots, source: "g1" });
    const moved = `MOVED ${slot} 127.0.0.1:${cluster.worker("b1").server.port}`;
    const back = `MOVED ${slot} 127.0.0.1:${cluster.worker("a1").server.port}`;
    await assert.rejects(at("b1").get(`{${gone}}1`), { message: back });
    await change("b1", { kind: "ready", move: "m2", sourceSeq: f });
    await change("a1", { kind: "close", move: "m2" });
    const read = secondary.get(`{${gone}}2`);
    const early = at("b1").get(`{${gone}}1`);
    const executed = watching.call("EXEC");
    assert.ok(await waits(read));
    assert.ok(await waits(early), "the target holds requests until it is decided");
    assert.ok(await waits(written));
    assert.ok(await waits(executed), "what became of a watched key is not known");
    await flip(slots, "g2");
    await change("b1", { kind: "activate", move: "m2" });
    await change("a1", { kind: "release", move: "m2" });
    await assert.rejects(written, { message: moved });
    await assert.rejects(read, { message: moved });
    await assert.rejects(blocked, { message: moved });
    assert.equal(await executed, null, "a watched key's slot has left");
    assert.deepEqual(await unmoved.call("EXEC"), ["1"], "what stays was not changed");
    assert.equal(await early, null);
    assert.deepEqual(await redis.keys("*"), [stays]);
    assert.deepEqual(await redis.keys(`{${gone}}1`), []);
    assert.deepEqual(await redis.scan(0, "COUNT", 100), ["0", [stays]]);
    assert.equal(await redis.randomkey(), stays);
    assert.equal(await redis.dbsize(), 1);
    assert.equal(await redis.cluster("COUNTKEYSINSLOT", slot), 0);
    await at("b1").set(`{${gone}}1`, "4");
    await assert.rejects(at("a2").get(`{${gone}}1`), { message: moved });
    const ranges = (await redis.cluster("SLOTS")).map(([from, to]) => [from, to]);
    assert.deepEqual(ranges.slice(0, 2), [
      [0, slot - 1],
      [slot, slot],
    ]);
  });

  it("a group that was made later has no slots; nobody's slots are not served", async () => {
    await cluster.add("g3", "c1");
    await cluster.ready();
    assert.deepEqual(cluster.worker("c1").server.node.state.slots.owned(), []);
    await assert.rejects(at("c1").get("stays"), { message: /^MOVED \d+ 127/ });
  });
});
