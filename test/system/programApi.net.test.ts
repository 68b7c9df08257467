import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Redis } from "ioredis";
import { StartError, start } from "../../src/main/server.ts";

describe("start(), the program's interface", () => {
  it("serves on a free port; temporary data goes with stop()", async () => {
    const node = await start();
    const client = new Redis(node.url);
    assert.equal(await client.set("k", "v"), "OK");
    assert.equal(await client.get("k"), "v");
    await client.quit();
    assert.equal(node.url, `redis://127.0.0.1:${node.port}`);
    assert.equal(node.httpPort, 0);
    assert.ok(existsSync(node.dataDirectory));
    await Promise.all([node.stop(), node.stop()]);
    assert.ok(!existsSync(node.dataDirectory));
  });

  it("keeps data in a directory that is given", async () => {
    const data = await mkdtemp(join(tmpdir(), "holdfast-test-"));
    try {
      for (const expected of [null, "v"]) {
        const node = await start({ data });
        const client = new Redis(node.url);
        assert.equal(await client.get("k"), expected);
        await client.set("k", "v");
        client.disconnect();
        await node.stop();
      }
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  it("two nodes of one process have nothing in common", async () => {
    const nodes = await Promise.all([start({ durability: "memory" }), start({ durability: "memory", httpPort: 0 })]);
    const [one, other] = nodes.map((node) => new Redis(node.url));
    await one!.set("k", "v");
    assert.equal(await other!.dbsize(), 0);
    assert.equal((await fetch(`http://127.0.0.1:${nodes[1]!.httpPort}/readyz`)).status, 200);
    for (const client of [one!, other!]) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  it("a password with any character opens the door", async () => {
    const node = await start({ requirepass: "pässwört ☂" });
    const client = new Redis(node.port, { password: "pässwört ☂" });
    assert.equal(await client.ping(), "PONG");
    client.disconnect();
    await node.stop();
  });

  it("SHUTDOWN of a client is the same as stop()", async () => {
    const node = await start();
    const client = new Redis(node.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
    const closed = new Promise((resolve) => client.once("end", resolve));
    client.on("error", () => undefined);
    client.shutdown().catch(() => undefined);
    await closed;
    await node.stop();
    assert.ok(!existsSync(node.dataDirectory));
  });

  it("a bad setting and a taken port are errors with a code, and leave nothing behind", async () => {
    const isStartError = (code: string) => (error: unknown) => error instanceof StartError && error.code === code;
    await assert.rejects(start({ durability: "maybe" as "sync" }), isStartError("setting"));
    const node = await start();
    await assert.rejects(start({ port: node.port }), isStartError("port_taken"));
    await assert.rejects(start({ data: node.dataDirectory }), isStartError("locked"));
    await node.stop();
  });
});
