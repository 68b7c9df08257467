import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { encodeSlotMap, firstSlotMap, parseSlotMap } from "../../src/core/slots/slotMap.ts";
import { ALL_SLOTS, type SlotRanges } from "../../src/core/slots/slotRanges.ts";
import { LocalCluster } from "../support/localCluster.ts";

const LOW: SlotRanges = [[0, 99]];

/** DESIGN.md 1, question 9: how a cold cluster gets its slots. */
describe("a group's first slots", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  afterEach(() => cluster?.dispose());

  const slotsOf = (id: string) => cluster.worker(id).server.node.state.slots;

  it("are all of them for the first group, where there is no master", async () => {
    cluster = await LocalCluster.open();
    await cluster.add("g1", "a1");
    await cluster.ready();
    assert.deepEqual(slotsOf("a1").owned(), ALL_SLOTS);
    await cluster.add("g2", "b1");
    await cluster.ready();
    assert.deepEqual(slotsOf("b1").owned(), []);
    const read = await cluster.session.get("/slots");
    assert.ok(read.ok);
    assert.deepEqual(parseSlotMap(read.value.data)!.now, { g1: ALL_SLOTS });
  });

  it("are waited for where there is a master, and requests wait with the group (question 9)", async () => {
    cluster = await LocalCluster.open();
    await cluster.session.create("/masters", "", { kind: "durable" });
    await cluster.session.create("/masters/m-0000000000", "{}", { kind: "session" });
    const { server } = await cluster.add("g1", "a1");
    const redis = new Redis(server.port, { maxRetriesPerRequest: 0, enableReadyCheck: false });
    const written = redis.set("a", "1");
    await sleep(1_500);
    assert.equal(slotsOf("a1").isAssigned, false);
    assert.match(cluster.notices.join(), /a1: waiting for the master to assign slots/);
    const map = encodeSlotMap(firstSlotMap({ g1: ALL_SLOTS }));
    await cluster.session.create("/slots", map, { kind: "durable" });
    assert.equal(await written, "OK");
    redis.disconnect();
  });

  it("are refused by a group whose keys are of others: it ends, and changes nothing", async () => {
    cluster = await LocalCluster.open();
    await cluster.session.create("/masters", "", { kind: "durable" });
    await cluster.session.create("/masters/m-0000000000", "{}", { kind: "session" });
    const { server } = await cluster.add("g1", "a1");
    await cluster.until(() => server.node.replica.mayEvaluate, "a1 is no primary");
    server.node.executor.writeEntry((mutator) => mutator.setText("foo", "1", 0));
    await cluster.session.create("/slots", encodeSlotMap(firstSlotMap({ g1: LOW })), { kind: "durable" });
    await cluster.until(() => cluster.notices.some((text) => text.startsWith("a1 ended")), "a1 goes on");
    assert.match(cluster.notices.join(), /group g1 has keys of slot 12182, but \/slots gives that slot to nobody/);
    assert.equal(slotsOf("a1").isAssigned, false);
  });

  it("are all of them for a group that has keys and comes first, whoever else there is", async () => {
    cluster = await LocalCluster.open();
    await cluster.session.create("/masters", "", { kind: "durable" });
    await cluster.session.create("/masters/m-0000000000", "{}", { kind: "session" });
    const { server } = await cluster.add("g1", "a1");
    await cluster.until(() => server.node.replica.mayEvaluate, "a1 is no primary");
    server.node.executor.writeEntry((mutator) => mutator.setText("foo", "1", 0));
    await cluster.ready();
    assert.deepEqual(slotsOf("a1").owned(), ALL_SLOTS);
  });
});
