import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseMove } from "../../../src/core/slots/moveRecord.ts";
import { Master } from "../../../src/master/master.ts";
import { EmbeddedCoordinator } from "../../../src/platform/embeddedCoordinator.ts";
import { nodeClock, nodeTimers } from "../../../src/platform/nodeClock.ts";
import { openNodeDisk } from "../../../src/platform/nodeDisk.ts";
import { nodeRandom } from "../../../src/platform/nodeRandom.ts";
import type { Coordinator } from "../../../src/ports/coordinator.ts";
import type { WorkerCaller } from "../../../src/ports/workerCalls.ts";

const WAIT_MILLIS_MAX = 30_000;

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MILLIS_MAX;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `never so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function startMaster(coordinator: Coordinator, id: string): Promise<Master> {
  const caller = { heat: async () => ({ ok: true, value: "{}" }), close: () => undefined } as unknown as WorkerCaller;
  return Master.start({
    coordinator,
    calls: { serve: () => assert.fail("a master serves no worker calls"), caller: () => caller },
    ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    record: { id, rpc: `127.0.0.1:1`, http: "", version: "1" },
    options: { settleMillis: 50 },
    onNotice: () => undefined,
  });
}

async function addGroup(coordinator: Coordinator, id: string): Promise<void> {
  const address = "127.0.0.1:1";
  const record = { group: id, incarnation: 1, link: address, rpc: address, resp: address };
  await coordinator.create(`/workers/${id}-1`, JSON.stringify(record), { kind: "session" });
  await coordinator.create(`/groups/${id}`, "", { kind: "durable" });
  const configuration = JSON.stringify({ epoch: 1, primary: { id: `${id}-1`, incarnation: 1 } });
  await coordinator.create(`/groups/${id}/config`, configuration, { kind: "durable" });
}

test("masters of one process, with the embedded coordinator, and after its restart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-master-"));
  try {
    const request = { kind: "migrate", slots: [[0, 9]], to: "g2", bytesPerSecondMax: 0 } as const;
    let moves: readonly string[] = [];
    for (const start of [1, 2]) {
      const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
      assert.ok(opened.ok);
      const sessions = [1, 2, 3].map(() => opened.value.connect());
      const [one, other, hand] = [sessions[0]!, sessions[1]!, sessions[2]!];
      const master = await startMaster(one, "m1");
      await until("the first is active", () => master.isActive);
      const standby = await startMaster(other, "m2");
      for (const id of ["g1", "g2"]) await addGroup(hand, id);
      await until("slots are shared out", () => standby.topology.slotMap !== undefined);
      assert.equal(standby.topology.groups.length, 2);
      assert.deepEqual([standby.isActive, (await standby.execute(request)).ok], [false, false]);
      const asked = await master.execute(request);
      assert.ok(asked.ok);
      assert.equal(asked.value.isDone, start === 2, "it was kept");
      await until("there is a move", () => standby.topology.moves.length === 1);
      const found = standby.topology.moves.map(({ id }) => id);
      if (start === 2) assert.deepEqual(found, moves);
      moves = found;
      await master.stop();
      await until("the other one is active", () => standby.isActive);
      const record = await hand.get(`/migrations/${moves[0]}`);
      assert.ok(record.ok && parseMove(record.value.data)?.state === "planned");
      await standby.stop();
      for (const session of sessions) await session.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
