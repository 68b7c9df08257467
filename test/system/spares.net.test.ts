import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { membersOf } from "../../src/core/replica/configuration.ts";
import { readConfig } from "../../src/main/config.ts";
import { type SpareServer, serveSpare } from "../../src/main/group/spareWorker.ts";
import { LocalCluster } from "../support/localCluster.ts";

const ROUNDS = 3;

describe("a spare worker", { timeout: 90_000 }, () => {
  let cluster: LocalCluster;
  let directory: string;
  let spare: SpareServer;
  const notices: string[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-spare-"));
    cluster = await LocalCluster.open();
    await cluster.add("g1", "w1");
    await cluster.ready();
    const served = await serve(true);
    assert.ok(served.ok, JSON.stringify(served));
    spare = served.value;
  });
  after(async () => {
    await spare.stop();
    await cluster.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  function serve(isConnected: boolean) {
    const flags = { id: "s1", group: "spare", port: 0, "http-port": 0, data: directory };
    const config = readConfig(flags, {}, undefined);
    assert.ok(config.ok);
    return serveSpare(config.value, {
      ...(isConnected ? { connect: () => cluster.coordinator.connect() } : {}),
      ...{ http: false, grpc: false, configFile: undefined, onShutdown: () => undefined },
      onFatal: (error) => notices.push(String(error)),
      onNotice: (text) => notices.push(text),
    });
  }

  const members = (): readonly string[] =>
    membersOf(cluster.worker("w1").server.node.replica.configuration!).map(({ id }) => id);

  it("needs ZooKeeper", async () => {
    const served = await serve(false);
    assert.deepEqual(served, {
      ok: false,
      error: {
        code: "conflict",
        message: 'the group is "spare", which says that a worker waits to be lent to one: that needs --zookeeper',
      },
    });
  });

  it("passes over nonsense", async () => {
    const made = await cluster.session.create("/spares/s1", "no group/", { kind: "durable" });
    assert.ok(made.ok);
    await cluster.until(() => notices.includes("/spares/s1 holds nonsense: no group/"), "it says nothing");
    assert.ok(spare.isReady && spare.group === undefined);
    assert.ok((await cluster.session.delete("/spares/s1", 0)).ok);
  });

  it("comes and goes while the group is written to, and nothing fails", async () => {
    const client = new Redis(cluster.worker("w1").server.port);
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      while (!isOver) {
        await client.set(`key:${written % 100}`, written);
        written++;
      }
    })();
    const { port } = spare;
    for (let round = 0; round < ROUNDS; round++) {
      assert.ok((await cluster.session.create("/spares/s1", "g1", { kind: "durable" })).ok);
      await cluster.until(() => members().includes("s1") && spare.isReady, "it is no member");
      const reader = new Redis(spare.port);
      await reader.readonly();
      await client.set("round", round);
      assert.equal(await reader.get("round"), String(round));
      reader.disconnect();
      assert.ok((await cluster.session.delete("/spares/s1", 0)).ok);
      await cluster.until(() => spare.group === undefined && spare.isReady, "it does not leave");
      assert.deepEqual(members(), ["w1"]);
    }
    isOver = true;
    await writing;
    assert.ok(written > ROUNDS * 10, `${written}`);
    assert.equal(spare.port, port);
    assert.equal(await client.get(`key:${(written - 1) % 100}`), String(written - 1));
    client.disconnect();
  });
});
