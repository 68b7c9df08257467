import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { readConfig } from "../../src/main/config.ts";
import { serve } from "../../src/main/server.ts";
import { type HoldfastProcess, startHoldfast } from "../support/holdfastServer.ts";
import { plain, RespClient } from "../support/respClient.ts";

const DEADLINE_MILLIS = 10_000;
const KEYS = 40_000;

/** Is let into the program, waits for a sign that it serves, and then fails where nobody expects it. */
const bugScript = (failing: string) => `
  import { existsSync } from "node:fs";
  import { isMainThread } from "node:worker_threads";
  const error = new Error("something impossible");
  const timer = setInterval(() => {
    if (!isMainThread || !existsSync(process.env.BUG_SIGN)) return;
    clearInterval(timer);
    ${failing};
  }, 10);
  timer.unref();
`;

describe("when a node ends or does not serve", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-test-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("a second signal ends a stop at once, with exit code 1; nothing acknowledged is lost", async () => {
    const server = await startHoldfast();
    const client = await RespClient.connect(server);
    // So much to flush that the stop takes longer than the second signal needs.
    const value = "v".repeat(1_000);
    for (let from = 0; from < KEYS; from += 2_000) {
      const pairs = Array.from({ length: 2_000 }, (_, i) => [`k${from + i}`, value]).flat();
      assert.equal(plain(await client.call("MSET", ...pairs)), "OK");
    }
    process.kill(server.pid, "SIGTERM");
    await untilRefused(server);
    process.kill(server.pid, "SIGINT");
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    const again = await server.restart();
    const reader = await RespClient.connect(again);
    assert.equal(plain(await reader.call("DBSIZE")), KEYS);
    assert.equal(plain(await reader.call("GET", `k${KEYS - 1}`)), value);
    await reader.close();
    await again.removeData();
  });

  for (const [how, failing] of [
    ["thrown", "throw error"],
    ["rejected", "Promise.reject(error)"],
  ] as const) {
    it(`a bug that is ${how} ends it with exit code 70 and a stack trace`, async () => {
      const script = join(directory, `${how}.mjs`);
      const sign = join(directory, `${how}.sign`);
      await writeFile(script, bugScript(failing));
      const env = { NODE_OPTIONS: `--import=${pathToFileURL(script).href}`, BUG_SIGN: sign };
      const server = await startHoldfast({ env });
      await writeFile(sign, "");
      assert.deepEqual(await server.exited, { code: 70, signal: null });
      assert.match(server.output(), /holdfast: this is a bug in Holdfast: Error: something impossible\n {4}at /);
      await server.removeData();
    });
  }

  it("/readyz says 503 while it answers no commands, and /healthz goes on", async () => {
    const config = readConfig({ port: 0, "http-port": 0, data: join(directory, "halted") }, {}, undefined);
    assert.ok(config.ok);
    const hooks = { configFile: undefined, onNotice: () => undefined, onShutdown: () => undefined };
    const served = await serve(config.value, {
      ...hooks,
      http: true,
      grpc: false,
      onFatal: (error) => assert.fail(String(error)),
    });
    assert.ok(served.ok);
    const { httpPort, node, stop } = served.value;
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${httpPort}${path}`)).status;
    assert.equal(await statusOf("/readyz"), 200);
    node.executor.halt();
    assert.deepEqual([await statusOf("/readyz"), await statusOf("/healthz")], [503, 200]);
    node.executor.resume();
    assert.equal(await statusOf("/readyz"), 200);
    await stop();
  });
});

/** The stop has begun: nobody is let in any more. */
async function untilRefused({ port }: HoldfastProcess): Promise<void> {
  const deadline = performance.now() + DEADLINE_MILLIS;
  while (await connects(port)) {
    assert.ok(performance.now() < deadline, "the server does not stop to listen");
    await sleep(1);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
