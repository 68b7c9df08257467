import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { firstAssignment } from "../../../src/core/placement/firstAssignment.ts";
import { type Configuration, parseConfiguration } from "../../../src/core/replica/configuration.ts";
import { firstSlotMap } from "../../../src/core/slots/slotMap.ts";
import { DEFAULT_SETTINGS } from "../../../src/master/clusterSettings.ts";
import type { TreeSnapshot } from "../../../src/master/clusterWatch.ts";
import { goalsOf } from "../../../src/master/goals.ts";
import { parseHeat } from "../../../src/master/heatReport.ts";
import { MasterStage } from "./masterStage.ts";

describe("what workers report", () => {
  test("is read as far as it makes sense", () => {
    assert.equal(parseHeat("nonsense"), undefined);
    assert.equal(parseHeat("[]"), undefined);
    const nothing = parseHeat("{}")!;
    assert.deepEqual([nothing.readsPerSecond, nothing.slots, nothing.moves.length], [0, [], 0]);
    const slot = { slot: 7, readsPerSecond: 1, writesPerSecond: 2, bytes: 3, keys: 4 };
    const text = JSON.stringify({
      ...{ readsPerSecond: 5, load: "much", slots: [slot, { slot: 16_384 }, 3, null] },
      ...{ topKeys: [{ key: "a", perSecond: 2 }, { key: 1 }], moves: [{ id: "1-1", role: "target", bytes: -1 }, {}] },
    });
    const report = parseHeat(text)!;
    assert.deepEqual([report.readsPerSecond, report.load], [5, 0]);
    assert.deepEqual(report.slots, [slot]);
    assert.deepEqual(report.topKeys, [{ key: "a", perSecond: 2 }]);
    assert.deepEqual(
      report.moves.map(({ id, bytes }) => [id, bytes]),
      [["1-1", 0]],
    );
  });

  test("is told on, and tells how much a plan moves", async () => {
    const stage = new MasterStage();
    const master = await stage.master("m1");
    for (const id of ["g1", "g2"]) await stage.group(id);
    const slots = [1, 2, 3].map((slot) => ({ slot, keys: slot * 10, bytes: slot * 100 }));
    stage.heat.set("g1-1", { readsPerSecond: 3, slots });
    await stage.until("there is a report", () => master.heat().length > 0 && stage.slots !== undefined);
    assert.deepEqual(
      [master.heat()[0]!.worker, master.heat()[0]!.group, master.heat()[0]!.readsPerSecond],
      ["g1-1", "g1", 3],
    );
    const request = { kind: "migrate", slots: [[2, 3]], to: "g2", bytesPerSecondMax: 0 } as const;
    const { keys, bytes } = await stage.value(master.plan(request));
    assert.deepEqual([keys, bytes], [50, 500]);
    const back = { ...request, slots: [[9000, 9000]], to: "g1" } as const;
    assert.equal((await stage.value(master.plan(back))).keys, undefined, "g2-1 has said nothing");
    stage.heat.delete("g1-1");
    await stage.pass(30_000);
    assert.deepEqual(master.heat(), [], "old reports do not count");
  });
});

describe("what follows from load and from loss", () => {
  /** Two groups whose primaries run on one machine, the secondaries on another; one spare. */
  async function lopsided(advice: boolean) {
    const stage = new MasterStage();
    const master = await stage.master("m1");
    await stage.put("/settings", JSON.stringify({ advice }));
    for (const id of ["g1", "g2"]) await stage.group(id, 2, ["a", "b"]);
    await stage.until("slots are there", () => stage.slots !== undefined);
    return { stage, master };
  }

  test("primaries are spread over machines", async () => {
    const { stage, master } = await lopsided(false);
    await stage.pass(40_000);
    assert.equal(stage.handOvers.length, 1);
    const { target, request } = stage.handOvers[0]!;
    assert.deepEqual(request, { epoch: 1, to: `${target.group}-2` });
    assert.ok(master.why().some(({ kind, isExecuted }) => kind === "hand over" && isExecuted));
  });

  test("with advice only it is said, and not done", async () => {
    const { stage, master } = await lopsided(true);
    await stage.pass(60_000);
    assert.deepEqual(stage.handOvers, []);
    assert.equal(master.why().filter(({ kind, isExecuted }) => kind === "hand over" && !isExecuted).length, 1);
  });

  test("a replica that is lost is made again from a spare", async () => {
    const stage = new MasterStage();
    const master = await stage.master("m1");
    await stage.group("g1", 2, ["a", "b"]);
    await stage.worker("s1", "spare", "c");
    await stage.until("slots are there", () => stage.slots !== undefined);
    await stage.pass(10_000);
    stage.kill("g1-2");
    const alone = { epoch: 2, primary: { id: "g1-1", incarnation: 1 }, secondaries: [] };
    await stage.put("/groups/g1/config", JSON.stringify(alone));
    await stage.until("the spare is lent", () => stage.ensemble.peek("/spares/s1") === "g1");
    assert.ok(master.why().some(({ kind }) => kind === "lend"));
    stage.kill("m1");
    await stage.master("m2");
    await stage.pass(10_000);
    assert.equal(stage.ensemble.peek("/spares/s1"), "g1", "a successor leaves it there");
  });
});

describe("a thousand groups", () => {
  test("a decision takes no longer than a tenth of a second", () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `g${i}`);
    const first = firstAssignment(ids.slice(0, 999).map((id) => ({ id, weight: 1 })));
    assert.ok(first.ok);
    const member = (id: string) => ({ id: `${id}-1`, incarnation: 1 });
    const config = (id: string): Configuration =>
      parseConfiguration(JSON.stringify({ epoch: 1, primary: member(id) }), 0)!;
    const worker = (group: string) => ({
      ...{ group, incarnation: 1, link: "a:1", rpc: "a:2", resp: "a:3", data: "", version: "", pid: 1 },
    });
    const snapshot: TreeSnapshot = {
      ...{ isWhole: true, isUnassigned: false, notices: [], brokenMoves: new Set(), masters: new Map() },
      ...{ spares: new Map(), moves: new Map(), locks: { value: { active: {} }, version: 0 } },
      workers: new Map(ids.map((id) => [`${id}-1`, worker(id)])),
      groups: new Map(ids.map((id) => [id, config(id)])),
      slots: { value: firstSlotMap(first.value), version: 0 },
      settings: { value: DEFAULT_SETTINGS, version: 0 },
    };
    const settings = { ...DEFAULT_SETTINGS, isBalancing: true, draining: ["g1"] };
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const before = performance.now();
      const goals = goalsOf(snapshot, settings);
      least = Math.min(least, performance.now() - before);
      assert.ok(goals.wanted.length > 0);
    }
    assert.ok(least < 100, `${least} ms`);
  });
});
