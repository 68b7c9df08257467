import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { freePort } from "../support/freePort.ts";
import { spawnServer } from "../support/serverProcess.ts";
import { noZookeeper } from "../support/zookeeperEnsemble.ts";

const MAIN = fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
const READY = /^holdfast zookeeper ready (\S+) data=(\S+) pid=\d+$/;

describe("holdfast zookeeper", { skip: noZookeeper }, () => {
  test("starts servers, says how to reach them, and leaves nothing behind", async () => {
    const port = await freePort();
    const args = ["zookeeper", "--servers", "3", "--base-port", String(port)];
    const command = spawnServer({ command: MAIN, args });
    const [, connectString, dataDirectory] = READY.exec(await command.waitForLine(READY, 60_000))!;
    assert.equal(connectString, [port, port + 1, port + 2].map((each) => `127.0.0.1:${each}`).join(","));
    assert.ok(existsSync(dataDirectory!));
    const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
    const made = ZookeeperCoordinator.connect({ connectString: connectString!, ...parts });
    assert.ok(made.ok);
    assert.ok((await made.value.create("/a", "", { kind: "durable" })).ok);
    await made.value.close();
    assert.equal(await command.stop("SIGINT"), 0);
    assert.equal(existsSync(dataDirectory!), false);
  });

  test("refuses at once where a port is taken that one of the servers needs", async (context) => {
    const port = await freePort([1, 101, 201]);
    for (const taken of [port + 1, port + 101, port + 201]) {
      const other = createServer();
      context.after(() => other.close());
      await once(other.listen(taken, "127.0.0.1"), "listening");
      const command = spawnServer({ command: MAIN, args: ["zookeeper", "--base-port", String(port)] });
      context.after(() => command.stop());
      const said = await command.waitForLine(/^holdfast/, 60_000);
      assert.match(said, new RegExp(`^holdfast: port ${taken} on 127.0.0.1 is taken; choose others with --base-port`));
      assert.equal((await command.exited).code, 1);
      other.close();
    }
  });

  test("refuses what it cannot do, with a sentence", async () => {
    for (const args of [
      ["--servers", "2"],
      ["--base-port", "70000"],
    ]) {
      const command = spawnServer({ command: MAIN, args: ["zookeeper", ...args] });
      assert.notEqual((await command.exited).code, 0);
      assert.match(command.output(), /is invalid/);
    }
  });
});
