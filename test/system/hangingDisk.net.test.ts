import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../src/main/server.ts";
import { LocalCluster } from "../support/localCluster.ts";
import { plain, RespClient } from "../support/respClient.ts";

/** Hand-over, clients' redirection and the last flush together have less. */
const STOP_MILLIS_MAX = 8_000;

describe("a group in which a secondary's disk hangs", { timeout: 60_000 }, () => {
  let cluster: LocalCluster;
  let goOn: () => void = () => undefined;
  afterEach(() => {
    goOn();
    return cluster?.dispose();
  });

  /** A primary and a secondary; answers what lets the secondary's log hang until `goOn`. */
  async function group(): Promise<{ readonly server: Server; readonly hang: () => void }> {
    cluster = await LocalCluster.open({ g1: [[0, 16_383]] });
    const { server } = await cluster.add("g1", "a1");
    const secondary = await cluster.add("g1", "a2");
    await cluster.ready();
    await cluster.until(() => secondary.server.node.replica.role === "secondary", "there is no secondary");
    const { log } = secondary.server.node;
    const adopt = log.adopt.bind(log);
    const hang = (): void => {
      const hangs = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      log.adopt = async (records) => {
        await hangs;
        return adopt(records);
      };
    };
    return { server, hang };
  }

  it("a primary that stops ends soon, and has what it acknowledged when it is started again", async () => {
    const { server, hang } = await group();
    const client = await RespClient.connect({ port: server.port });
    assert.equal(plain(await client.call("SET", "kept", "1")), "OK");
    hang();
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
});
