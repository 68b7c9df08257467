import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const TOLD_MILLIS_MAX = 30_000;
const LATER_MILLIS = 1_500;

test("a worker that is started before ZooKeeper says so, and waits", async () => {
  const data = await mkdtemp(join(tmpdir(), "holdfast-waiting-"));
  const nobody = `127.0.0.1:${await freePort()}/cluster`;
  const flags = ["--zookeeper", nobody, "--id", "w1", "--port", "0", "--http-port", "0", "--data", data];
  const worker = spawnHoldfast(["worker", ...flags]);
  try {
    await worker.waitForLine(/^holdfast: waiting for the coordinator/, TOLD_MILLIS_MAX);
    await sleep(LATER_MILLIS);
    assert.ok(worker.isRunning(), worker.output());
  } finally {
    await worker.kill();
    await rm(data, { recursive: true, force: true });
  }
});
