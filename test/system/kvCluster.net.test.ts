import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { keySlot } from "../../src/base/crc16.ts";
import { failureOf, KvCallsClient, KvClient, type KvMethod, type Message } from "../support/kvClient.ts";
import { LocalCluster } from "../support/localCluster.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const MIDDLE = 8_000;

describe("the API in a cluster", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  const clients = new Map<string, KvClient>();
  const keys = Array.from({ length: 400 }, (_, i) => `key:${i}`);
  const inLow = keys.find((key) => keySlot(key) < MIDDLE)!;
  const inHigh = keys.find((key) => keySlot(key) >= MIDDLE)!;

  const addressOf = (id: string): string => {
    const { server } = cluster.workers[0]!;
    const workers = server.node.parts.others!.cluster!.groups.flatMap((group) => group.workers);
    return workers.find((worker) => worker.id === id)!.rpc;
  };
  const at = (address: string): KvClient => {
    const known = clients.get(address) ?? new KvClient(address);
    clients.set(address, known);
    return known;
  };

  /** Does what the error's detail says, until it is answered. */
  const follow = async (method: KvMethod, request: object, id: string): Promise<Message> => {
    let address = addressOf(id);
    for (const end = Date.now() + 10_000; ; ) {
      try {
        return await at(address).call(method, request);
      } catch (error) {
        const { code, detail } = failureOf(error as ServiceError);
        assert.ok(Date.now() < end, String(error));
        if (code === status.FAILED_PRECONDITION && detail.address !== "") address = detail.address;
        else {
          assert.equal(code, status.UNAVAILABLE, String(error));
          await sleep(detail?.retryAfterMillis ?? 100);
        }
      }
    }
  };
  /** A replica of g1 that is, or is not, its primary. */
  const ofLow = (isPrimary: boolean): string =>
    ["a1", "a2"].find((id) => cluster.worker(id).server.node.replica.mayEvaluate === isPrimary) ?? "a1";

  before(async () => {
    cluster = await LocalCluster.open({
      g1: [[0, MIDDLE - 1]],
      g2: [[MIDDLE, 16_383]],
    });
    await cluster.add("g1", "a1");
    await cluster.add("g2", "b1");
    await cluster.ready();
    await cluster.add("g1", "a2");
    await cluster.until(() => cluster.worker("a2").server.node.replica.role === "secondary", "a2 does not join");
    await cluster.ready();
    await cluster.until(
      () => ["a1", "a2", "b1"].every((id) => addressOf(id) !== undefined && addressOf(id) !== ""),
      "an address is not known",
    );
  });

  after(async () => {
    for (const client of clients.values()) client.close();
    await cluster?.dispose();
  });

  it("says who has the slot, where the same call is answered", async () => {
    const here = at(addressOf("a1"));
    const failure = await here.failure("put", { key: bytes(inHigh), value: bytes("1") });
    assert.deepEqual(
      [failure.code, failure.detail.reason, failure.detail.address, failure.detail.slot],
      [status.FAILED_PRECONDITION, "REASON_MOVED", addressOf("b1"), keySlot(inHigh)],
    );
    const there = at(failure.detail.address);
    assert.equal((await there.call("put", { key: bytes(inHigh), value: bytes("1") })).applied, true);
    const calls = new KvCallsClient(here);
    const { error } = await calls.call("get", { key: bytes(inHigh) });
    assert.deepEqual([error.code, error.detail.address], [status.FAILED_PRECONDITION, addressOf("b1")]);
    calls.stream.cancel();
  });

  it("writes at the primary, reads at a secondary too, as new as the last write", async () => {
    const secondary = at(addressOf(ofLow(false)));
    const refused = await secondary.failure("put", { key: bytes(inLow), value: bytes("1") });
    assert.deepEqual([refused.detail.reason, refused.detail.address], ["REASON_NOT_PRIMARY", addressOf(ofLow(true))]);
    for (let i = 0; i < 20; i++) {
      const { version } = await follow("put", { key: bytes(inLow), value: bytes(String(i)) }, "a1");
      const got = await follow("get", { key: bytes(inLow) }, ofLow(false));
      assert.equal(got.value.toString(), String(i));
      const later = await secondary.call("get", {
        key: bytes(inLow),
        consistency: "CONSISTENCY_EVENTUAL",
        atLeast: version,
      });
      assert.equal(later.value.toString(), String(i));
      assert.deepEqual(later.version, version);
    }
  });

  it("scans all groups by going where it is sent", async () => {
    for (const key of keys) {
      await follow("put", { key: bytes(key), value: bytes(key) }, keySlot(key) < MIDDLE ? "a1" : "b1");
    }
    const found: string[] = [];
    let address = addressOf("a1");
    let hops = 0;
    for (let cursor = Buffer.alloc(0); ; ) {
      const page = await at(address).call("scan", { prefix: bytes("key:"), cursor, pageSize: 50 });
      found.push(...page.items.map((item: Message) => item.key.toString()));
      cursor = page.nextCursor;
      if (cursor.length === 0) break;
      if (page.owner !== "") hops++;
      address = page.owner === "" ? address : page.owner;
    }
    assert.equal(hops, 1);
    assert.deepEqual(found.toSorted(), keys.toSorted());
  });

  it("goes on at the next primary, and loses nothing that was acknowledged", async () => {
    const key = bytes(inLow);
    const first = at(addressOf("a1"));
    const second = at(addressOf("a2"));
    await follow("put", { key, value: bytes("0") }, "a1");
    let acknowledged = 0;
    let unknown = 0;
    const retire = cluster.worker(ofLow(true)).server.node.retire();
    for (const end = Date.now() + 1_500; Date.now() < end; ) {
      let isDone = false;
      for (let target = first; !isDone; ) {
        await target.call("increment", { key, delta: "1" }, { deadline: Date.now() + 2_000 }).then(
          () => {
            acknowledged++;
            isDone = true;
          },
          (error) => {
            if (error.code === status.UNKNOWN || error.code === status.DEADLINE_EXCEEDED) {
              unknown++;
              isDone = true;
            } else target = target === first ? second : first;
          },
        );
      }
    }
    await retire;
    const { value } = await follow("get", { key }, "a1");
    const count = Number(value.toString());
    assert.ok(count >= acknowledged && count <= acknowledged + unknown, `${count}: ${acknowledged} + ${unknown}`);
    assert.ok(acknowledged > 10);
  });
});
