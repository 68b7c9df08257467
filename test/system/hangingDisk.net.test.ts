import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../src/main/server.ts";
import { LocalCluster } from "../support/localCluster.ts";
import { plain, RespClient } from "../support/respClient.ts";

/** Hand-over, clients' redirection and the last flush together have less. */
const STOP_MILLIS_MAX = 8_000;

/** What the primary takes at most before the others have it, and what one request may go beyond that. */
const UNCOMMITTED_BYTES_MAX = 64 << 20;
const VALUE_BYTES = 1 << 20;

describe("a group in which a secondary's disk hangs", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  afterEach(() => cluster?.dispose());

  /** A primary and a secondary; answers what lets the secondary's log hang, and go on. */
  async function group(): Promise<{ readonly server: Server; readonly hang: () => () => void }> {
    cluster = await LocalCluster.open({ g1: [[0, 16_383]] });
    const { server } = await cluster.add("g1", "a1");
    const secondary = await cluster.add("g1", "a2");
    await cluster.ready();
    await cluster.until(() => secondary.server.node.replica.role === "secondary", "there is no secondary");
    const { log } = secondary.server.node;
    const adopt = log.adopt.bind(log);
    const hang = (): (() => void) => {
      let goOn: () => void = () => undefined;
      const hangs = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      log.adopt = async (records) => {
        await hangs;
        return adopt(records);
      };
      return goOn;
    };
    return { server, hang };
  }

  it("a primary that stops ends soon, and has what it acknowledged when it is started again", async () => {
    const { server, hang } = await group();
    const client = await RespClient.connect({ port: server.port });
    assert.equal(plain(await client.call("SET", "kept", "1")), "OK");
    const goOn = hang();
    const undecided = client.call("SET", "undecided", "1").catch(() => undefined);
    await sleep(50);
    const began = performance.now();
    cluster.workers.splice(0, 1);
    await server.stop();
    const millis = performance.now() - began;
    goOn();
    await undecided;
    assert.ok(millis < STOP_MILLIS_MAX, `it took ${millis} ms`);

    await cluster.add("g1", "a1");
    await cluster.ready();
    const primary = cluster.workers.find(({ server: { node } }) => node.replica.role === "primary")!;
    const again = await RespClient.connect({ port: primary.server.port });
    assert.equal(plain(await again.call("GET", "kept")), "1");
    await again.close();
  });

  it("the primary takes no more requests when it has taken too much that is not committed, and goes on afterwards", async () => {
    const { server, hang } = await group();
    const { node } = server;
    const goOn = hang();
    const clients = await Promise.all(Array.from({ length: 100 }, () => RespClient.connect({ port: server.port })));
    const value = "v".repeat(VALUE_BYTES);
    const written = clients.map((client, i) => client.callWithin(30_000, "SET", `key${i}`, value));
    await cluster.until(() => node.journal.uncommittedBytes >= UNCOMMITTED_BYTES_MAX, "the limit is not reached");
    await sleep(200);
    assert.ok(node.journal.uncommittedBytes < UNCOMMITTED_BYTES_MAX + 2 * VALUE_BYTES);
    assert.ok(node.replica.lastSeq - node.replica.commitPoint < 70);
    goOn();
    for (const reply of await Promise.all(written)) assert.equal(plain(reply), "OK");
    await Promise.all(clients.map((client) => client.close()));
  });
});
