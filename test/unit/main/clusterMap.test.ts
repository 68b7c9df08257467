import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { epoch } from "../../../src/base/ids.ts";
import type { WorkerRecord } from "../../../src/coordination/workerRecord.ts";
import { encodeConfiguration } from "../../../src/core/replica/configuration.ts";
import { encodeSlotMap, firstSlotMap, withSlotsMoved } from "../../../src/core/slots/slotMap.ts";
import { ALL_SLOTS } from "../../../src/core/slots/slotRanges.ts";
import { ClusterMap } from "../../../src/main/group/clusterMap.ts";
import { Roster } from "../../../src/main/group/roster.ts";
import { EmbeddedCoordinator } from "../../../src/platform/embeddedCoordinator.ts";
import { nodeTimers } from "../../../src/platform/nodeClock.ts";
import { openNodeDisk } from "../../../src/platform/nodeDisk.ts";
import type { Timers } from "../../../src/ports/clock.ts";
import type { Coordinator } from "../../../src/ports/coordinator.ts";

const UNTIL_MILLIS = 5_000;

/** What a configuration's znode says whose members are these. */
function configuration(primary: string, at = 1): string {
  const member = { id: primary, incarnation: 1 };
  return encodeConfiguration({
    ...{ epoch: epoch(at), primary: member, secondaries: [], minReplicas: 1, eligible: [] },
    ...{ nonce: "", released: false, reason: "", logEnd: 0 },
  });
}

function record(group: string, port: number): string {
  const addresses = { link: "h:1", rpc: "h:2", resp: `h:${port}` };
  const facts: WorkerRecord = { group, incarnation: 1, ...addresses, data: "d", version: "1", pid: 1 };
  return JSON.stringify(facts);
}

describe("what a worker knows of the cluster", { timeout: 60_000 }, () => {
  let directory: string;
  let coordinator: EmbeddedCoordinator;
  let operator: Coordinator;
  let worker: Coordinator;
  let roster: Roster;
  let map: ClusterMap;
  const notices: string[] = [];
  const delays: number[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-map-"));
    const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
    assert.ok(opened.ok);
    coordinator = opened.value;
    operator = coordinator.connect();
    worker = coordinator.connect();
    const onNotice = (text: string): void => void notices.push(text);
    const after: Timers["after"] = (millis, run) => {
      delays.push(millis);
      return nodeTimers.after(millis, run);
    };
    const parts = { coordinator: coordinator.connect(), timers: { ...nodeTimers, after }, onNotice };
    roster = new Roster({ ...parts, onChange: () => map.workersChanged() });
    map = new ClusterMap({ ...parts, roster });
  });
  after(async () => {
    map.stop();
    roster.stop();
    for (const each of [operator, worker]) await each.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function made(path: string, data: string, kind: "durable" | "session" = "durable"): Promise<void> {
    const created = await (kind === "session" ? worker : operator).create(path, data, { kind });
    assert.ok(created.ok, `${path} ${JSON.stringify(created)}`);
  }

  async function until(isTrue: () => boolean): Promise<void> {
    for (const end = Date.now() + UNTIL_MILLIS; !isTrue(); await sleep(5)) assert.ok(Date.now() < end, String(isTrue));
  }

  it("begins with nothing, and hears of everything that is made", async () => {
    assert.equal(await map.refresh(), false, "there is no /workers");
    assert.deepEqual([map.slotMap, map.groups], [undefined, []]);
    let changes = 0;
    const unfollow = map.onChange(() => changes++);
    for (const path of ["/groups", "/workers", "/groups/g2", "/groups/g1"]) await made(path, "");
    await made("/groups/g1/config", configuration("a"));
    await made("/workers/a", record("g1", 7), "session");
    await made("/slots", encodeSlotMap(firstSlotMap({ g1: ALL_SLOTS })));
    assert.equal(await map.refresh(), true);
    await until(() => map.ownerOf(0) === "g1" && map.primaryAddress("g1") === "h:7");
    assert.deepEqual(
      map.groups.map(({ id, configuration: read }) => [id, read?.primary.id]),
      [
        ["g1", "a"],
        ["g2", undefined],
      ],
    );
    assert.equal(map.primaryAddress("g2"), undefined);
    assert.ok(changes > 0);
    unfollow();
    const { version } = map;
    assert.equal(await map.refresh(), true);
    assert.equal(map.version, version, "nothing has changed");
  });

  it("hears of changes without being asked to look", async () => {
    await made("/groups/g2/config", configuration("b"));
    await made("/workers/b", record("g2", 8), "session");
    await until(() => map.primaryAddress("g2") === "h:8");
    const slots = await operator.get("/slots");
    assert.ok(slots.ok);
    await operator.replace("/slots", encodeSlotMap(withSlotsMoved(map.slotMap!, [[5, 6]], "g2")), slots.value.version);
    await until(() => map.ownerOf(5) === "g2");
    assert.deepEqual([map.ownerOf(4), map.slotMap?.version], ["g1", 2]);
    await operator.replace("/groups/g1/config", configuration("c", 2), 0);
    await until(() => map.group("g1")?.configuration?.epoch === 2);
    assert.equal(map.primaryAddress("g1"), undefined, "nobody has heard of c");
    await made("/workers/c", record("g1", 9), "session");
    await until(() => map.primaryAddress("g1") === "h:9");
  });

  it("reads a new slot map a little later, but at once while clients of a move wait for it", async () => {
    const move = async (target: string): Promise<void> => {
      const slots = await operator.get("/slots");
      assert.ok(slots.ok);
      const { version } = slots.value;
      await operator.replace("/slots", encodeSlotMap(withSlotsMoved(map.slotMap!, [[5, 6]], target)), version);
      await until(() => map.ownerOf(5) === target);
    };
    delays.length = 0;
    await move("g1");
    assert.deepEqual(delays, [25]);
    map.awaitSlotMap("m1", true);
    await move("g2");
    assert.deepEqual(delays, [25]);
    map.awaitSlotMap("m1", false);
    await move("g1");
    assert.deepEqual(delays, [25, 25]);
    await move("g2");
  });

  it("remembers who has gone, and who has nothing to say is passed over", async () => {
    await worker.delete("/workers/c", 0);
    await until(() => map.group("g1")?.workers.find(({ id }) => id === "c")?.isPresent === false);
    assert.equal(map.primaryAddress("g1"), "h:9");
    await made("/workers/c", record("g1", 10), "session");
    await until(() => map.primaryAddress("g1") === "h:10");
    const read = await operator.get("/slots");
    assert.ok(read.ok);
    await operator.replace("/slots", "nonsense", read.value.version);
    await until(() => notices.length > 0);
    assert.deepEqual(notices, ["/slots holds nonsense: nonsense"]);
    assert.equal(map.ownerOf(5), "g2");
  });

  it("forgets groups that are taken away", async () => {
    await operator.delete("/groups/g2/config", 0);
    await operator.delete("/groups/g2", 0);
    await until(() => map.group("g2") === undefined);
    await made("/groups/g2", "");
    await made("/groups/g2/config", configuration("b", 3));
    await until(() => map.group("g2")?.configuration?.epoch === 3);
  });
});
