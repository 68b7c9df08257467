import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerRecord } from "../../../src/coordination/workerRecord.ts";
import { Registration } from "../../../src/main/group/registration.ts";
import { EmbeddedCoordinator } from "../../../src/platform/embeddedCoordinator.ts";
import { nodeTimers } from "../../../src/platform/nodeClock.ts";
import { openNodeDisk } from "../../../src/platform/nodeDisk.ts";
import type { Coordinator } from "../../../src/ports/coordinator.ts";

const PATH = "/workers/w1";

describe("a worker's znode", { timeout: 30_000 }, () => {
  let directory: string;
  let worker: Coordinator;
  let operator: Coordinator;
  let registration: Registration;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-registration-"));
    const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
    assert.ok(opened.ok);
    worker = opened.value.connect();
    operator = opened.value.connect();
    await operator.create("/workers", "", { kind: "durable" });
    const addresses = { link: "h:1", rpc: "h:2", resp: "h:3" };
    const record: WorkerRecord = { group: "g1", incarnation: 1, ...addresses, data: "d", version: "1", pid: 1 };
    const parts = { coordinator: worker, timers: nodeTimers, id: "w1", record, onNotice: () => undefined };
    registration = new Registration(parts);
    assert.ok((await registration.begin()).ok);
  });

  after(async () => {
    registration.stop();
    await worker.close();
    await operator.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function untilIncarnation(wanted: number): Promise<void> {
    for (const end = Date.now() + 10_000; ; await sleep(10)) {
      const read = await operator.get(PATH);
      if (read.ok && JSON.parse(read.value.data).incarnation === wanted) return;
      assert.ok(Date.now() < end, `${PATH} does not say incarnation ${wanted}`);
    }
  }

  it("is written again whenever somebody removes it, and says what it said last", async () => {
    await untilIncarnation(1);
    for (const incarnation of [1, 7]) {
      await registration.change({ incarnation });
      const read = await operator.get(PATH);
      assert.ok(read.ok);
      assert.ok((await operator.delete(PATH, read.value.version)).ok);
      await untilIncarnation(incarnation);
    }
  });

  it("is not written again after the end", async () => {
    registration.stop();
    const read = await operator.get(PATH);
    assert.ok(read.ok);
    assert.ok((await operator.delete(PATH, read.value.version)).ok);
    await sleep(300);
    assert.deepEqual(await operator.exists(PATH), { ok: true, value: false });
  });
});
