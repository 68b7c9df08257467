import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeMove, type MoveRecord } from "../../../src/core/slots/moveRecord.ts";
import { commonSlot, countSlots, SLOT_COUNT, type SlotRanges } from "../../../src/core/slots/slotRanges.ts";
import type { Master } from "../../../src/master/master.ts";
import { MasterStage } from "./masterStage.ts";

/** A cluster that has its slots. */
async function cluster(groups: readonly string[], options: object = {}, seed = "moves") {
  const stage = new MasterStage(seed);
  const master = await stage.master("m1", options);
  for (const group of groups) await stage.group(group);
  await stage.until("slots are shared out", () => stage.slots !== undefined);
  await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 64 }));
  await stage.until("the master has read them", () => master.topology.slotMap !== undefined);
  return { stage, master };
}

const shares = (stage: MasterStage): number[] =>
  Object.entries(stage.slots!.now)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, ranges]) => countSlots(ranges));

const migrate = (slots: SlotRanges, to: string) => ({ kind: "migrate", slots, to, bytesPerSecondMax: 0 }) as const;
const texts = (master: Master): string =>
  master
    .why()
    .map(({ text }) => text)
    .join("\n");

describe("the first assignment", () => {
  test("waits until no group has come for a while, and gives each its share", async () => {
    const { stage } = await cluster(["g1", "g2", "g3"]);
    assert.deepEqual(shares(stage), [5462, 5461, 5461]);
    assert.deepEqual(stage.slots!.first, stage.slots!.now);
  });

  test("waits for as many groups as are expected", async () => {
    const stage = new MasterStage();
    await stage.master("m1", { groupsExpected: 2 });
    await stage.group("g1");
    await stage.pass(20_000);
    assert.equal(stage.slots, undefined);
    await stage.group("g2");
    await stage.until("slots are shared out", () => stage.slots !== undefined);
    assert.deepEqual(shares(stage), [8192, 8192]);
  });

  test("is not made where a group has made its own", async () => {
    const stage = new MasterStage();
    await stage.master("m1", { settleMillis: 5000 });
    await stage.group("g1");
    const own = JSON.stringify({ version: 1, now: { g1: [[0, 16383]] }, first: { g1: [[0, 16383]] } });
    await stage.put("/slots", own);
    await stage.pass(10_000);
    assert.equal(stage.ensemble.peek("/slots"), own);
  });
});

describe("names", () => {
  test("of groups that nothing can be called are refused, and so is that of spares", async () => {
    const { master } = await cluster(["g1", "g2"]);
    for (const group of ["constructor", "__proto__", "toString", "hasOwnProperty", "..", "a/b", "spare"]) {
      for (const request of [
        migrate([[0, 9]], group),
        { kind: "drain", group },
        { kind: "weight", group, weight: 2 },
      ] as const) {
        const planned = await master.plan(request);
        assert.ok(!planned.ok && planned.error.code === "invalid", `${request.kind} ${group}`);
        assert.ok(planned.error.message.startsWith(`the group is ${JSON.stringify(group)}: `), planned.error.message);
      }
    }
  });
});

describe("moves", () => {
  test("a request becomes records with their locks, and is struck off when its slots are there", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    const plan = await stage.value(master.plan(migrate([[0, 299]], "g2")));
    assert.deepEqual(plan.moves, [{ slots: [[0, 299]], source: "g1", target: "g2" }]);
    assert.deepEqual(plan.sentences, ["300 slots (0-299) from g1 to g2"]);
    assert.deepEqual(stage.settings.requests, [], "a plan changes nothing");
    const { request } = await stage.value(master.execute(migrate([[0, 299]], "g2")));
    assert.ok(request !== undefined);
    await stage.pass(1000);
    const moves = await stage.moves();
    assert.deepEqual(
      moves.map(({ slots }) => slots),
      [[[0, 63]], [[64, 127]]],
      "two at a time for one group",
    );
    assert.deepEqual(stage.locked, moves.map(({ id }) => id).sort());
    const done = await stage.carryOutAll();
    assert.equal(done.length, 5);
    assert.deepEqual(shares(stage), [7892, 8492]);
    assert.deepEqual(stage.locked, []);
    assert.deepEqual(await stage.moves(), []);
    assert.deepEqual(stage.settings.requests, []);
    assert.match(texts(master), /request r-\w+ is done/);
  });

  test("asked for twice is asked for once", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    const { request } = await stage.value(master.execute(migrate([[0, 9]], "g2")));
    const again = await stage.value(master.execute(migrate([[0, 9]], "g2")));
    assert.deepEqual([again.isDone, again.request], [true, request]);
    await stage.carryOutAll();
    const there = await stage.value(master.execute(migrate([[0, 9]], "g2")));
    assert.ok(there.isDone);
  });

  test("no slot is ever in two of them", async () => {
    const { stage, master } = await cluster(["g1", "g2", "g3"]);
    await stage.value(master.execute(migrate([[0, 99]], "g2")));
    const refused = await stage.result(master.execute(migrate([[99, 120]], "g3")));
    assert.ok(!refused.ok && refused.error.code === "conflict");
    assert.match(refused.error.message, /slot 99 is part of request r-\w+, to group g2: cancel that, or wait for it/);
    await stage.value(master.execute({ kind: "rebalance" }));
    for (let round = 0; round < 20; round++) {
      await stage.pass(200);
      const moves = await stage.moves();
      for (const [i, move] of moves.entries()) {
        for (const other of moves.slice(i + 1)) assert.equal(commonSlot(move.slots, other.slots), undefined);
      }
      for (const move of moves.slice(0, 1)) if (move.state === "planned") await stage.carryOut(move);
    }
  });

  test("a group that joins gets slots by rebalance, and by itself if that is wanted", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 1000 }));
    await stage.group("g3");
    await stage.pass(5000);
    assert.deepEqual(stage.locked, []);
    const plan = await stage.value(master.plan({ kind: "rebalance" }));
    assert.equal(
      plan.moves.reduce((sum, { slots }) => sum + countSlots(slots), 0),
      5461,
    );
    await stage.value(master.execute({ kind: "rebalance" }));
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [5462, 5461, 5461]);
    assert.equal(stage.settings.isBalancing, false);
    assert.ok((await stage.value(master.execute({ kind: "rebalance" }))).isDone);
    await stage.value(master.execute({ kind: "autoRebalance", on: true }));
    await stage.group("g4");
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [4096, 4096, 4096, 4096]);
  });

  test("weight moves as few as possible, drain moves all, and the last group cannot be drained", async () => {
    const { stage, master } = await cluster(["g1", "g2", "g3"]);
    await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 2000 }));
    await stage.pass(500);
    await stage.value(master.execute({ kind: "weight", group: "g1", weight: 2 }));
    const moved = await stage.carryOutAll();
    assert.deepEqual(shares(stage), [8192, 4096, 4096]);
    assert.equal(
      moved.reduce((sum, { slots }) => sum + countSlots(slots), 0),
      8192 - 5462,
    );
    await stage.value(master.execute({ kind: "drain", group: "g2" }));
    await stage.carryOutAll();
    assert.equal(countSlots(stage.slots!.now["g2"] ?? []), 0);
    assert.equal(
      shares(stage).reduce((a, b) => a + b),
      SLOT_COUNT,
    );
    await stage.value(master.execute({ kind: "drain", group: "g3" }));
    await stage.carryOutAll();
    const refused = await stage.result(master.execute({ kind: "drain", group: "g1" }));
    assert.ok(!refused.ok);
    assert.match(refused.error.message, /g1 is the last group: add another one first/);
    const { groups } = master.topology;
    assert.deepEqual(
      groups.map(({ isDraining, slotCount }) => [isDraining, slotCount]),
      [
        [false, SLOT_COUNT],
        [true, 0],
        [true, 0],
      ],
    );
    stage.kill("g2-1");
    await stage.pass(5000);
    assert.deepEqual(
      master.topology.groups.map(({ id }) => id),
      ["g1", "g3"],
      "one that was stopped after it was drained is not shown",
    );
    await stage.value(master.execute({ kind: "undrain", group: "g3" }));
    await stage.value(master.execute({ kind: "rebalance" }));
    await stage.carryOutAll();
    assert.deepEqual(countSlots(stage.slots!.now["g3"]!), 5461);
  });

  test("a request that cannot go on holds up nothing else, and what it asked for stays out of the balance", async () => {
    const { stage, master } = await cluster(["g1", "g2", "g3"]);
    await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 2000 }));
    stage.kill("g3-1");
    await stage.pass(5000);
    await stage.value(master.execute(migrate([[0, 99]], "g3")));
    await stage.value(master.execute({ kind: "weight", group: "g1", weight: 2 }));
    await stage.carryOutAll();
    assert.equal(stage.settings.requests.length, 1);
    assert.ok(stage.settings.isBalancing, "it waits for the rest");
    const owned = stage.slots!.now["g1"]!;
    assert.equal(commonSlot(owned, [[0, 99]]), 0);
    assert.ok(countSlots(owned) > 5462);
    await stage.worker("g3-1", "g3");
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [8192, 4096, 4096]);
    assert.deepEqual([stage.settings.requests, stage.settings.isBalancing], [[], false]);
  });

  test("what makes no sense is refused with a sentence that says what to do", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    const refusals: [Parameters<Master["plan"]>[0], RegExp][] = [
      [migrate([[0, 9]], "g9"), /no group g9 .*start a worker with --group g9/],
      [migrate([], "g2"), /no slots are named/],
      [{ kind: "drain", group: "g9" }, /no group g9/],
      [{ kind: "weight", group: "g9", weight: 1 }, /no group g9/],
      [{ kind: "weight", group: "g1", weight: 0 }, /that is what drain is for/],
      [{ kind: "weight", group: "g1", weight: Number.NaN }, /a number above 0/],
      [{ kind: "cancel", move: "x" }, /no move and no request x/],
      [{ kind: "pause", move: "x" }, /no move x/],
      [{ kind: "lend", spare: "s1", group: "g1" }, /no worker s1: start it as a spare/],
      [{ kind: "lend", spare: "g1-1", group: "g2" }, /g1-1 is no spare/],
    ];
    for (const [request, message] of refusals) {
      const planned = await stage.result(master.plan(request));
      assert.ok(!planned.ok, JSON.stringify(request));
      assert.match(planned.error.message, message);
      const executed = await stage.result(master.execute(request));
      assert.deepEqual(executed, planned);
    }
  });

  test("cancel aborts what is not flipped, and it is not begun again", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    const { request } = await stage.value(master.execute(migrate([[0, 299]], "g2")));
    await stage.pass(1000);
    const before = await stage.moves();
    await stage.value(master.execute({ kind: "cancel", move: request! }));
    for (const move of await stage.moves()) {
      assert.equal(move.state, "aborted");
      await stage.carryOut(move, "aborted");
    }
    assert.equal(before.length, 2);
    await stage.pass(20_000);
    assert.deepEqual(stage.locked, []);
    assert.deepEqual(shares(stage), [8192, 8192]);
    assert.ok((await stage.value(master.execute({ kind: "cancel", move: "all" }))).isDone);
  });

  test("pause stops all, resume lets them go on", async () => {
    const { stage, master } = await cluster(["g1", "g2"], { stuckMillis: 5000 });
    await stage.value(master.execute(migrate([[0, 199]], "g2")));
    await stage.pass(500);
    await stage.value(master.execute({ kind: "pause", move: "all" }));
    const paused = await stage.moves();
    assert.deepEqual(
      paused.map((move) => move.paused),
      [true, true],
    );
    await stage.carryOut(paused[0]!);
    await stage.pass(60_000);
    assert.deepEqual(
      (await stage.moves()).map(({ id, state }) => [id, state]),
      [[paused[1]!.id, "planned"]],
    );
    await stage.value(master.execute({ kind: "resume", move: "all" }));
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [7992, 8392]);
  });

  test("one that does not come on is aborted and tried again later; progress counts", async () => {
    const { stage, master } = await cluster(["g1", "g2"], { stuckMillis: 10_000 });
    await stage.value(master.execute(migrate([[0, 9]], "g2")));
    await stage.pass(500);
    const [first] = await stage.moves();
    for (let done = 1; done <= 20; done++) {
      stage.heat.set("g2-1", {
        moves: [{ id: first!.id, role: "target", mutations: done, bytes: done * 200, trouble: "so slow" }],
      });
      await stage.pass(2000);
    }
    assert.equal((await stage.moves())[0]!.state, "planned");
    const { keysDone, bytesPerSecond } = master.topology.moves[0]!.progress!;
    assert.deepEqual([keysDone, bytesPerSecond], [20, 100]);
    await stage.pass(14_000);
    const [stuck] = await stage.moves();
    assert.equal(stuck!.state, "aborted");
    assert.match(stuck!.reason, /nothing was seen of it for 1\d s \(the target says: so slow\)/);
    await stage.put(`/migrations/${stuck!.id}`, encodeMove({ ...stuck!, targetDone: true, sourceDone: true }));
    await stage.pass(1000);
    assert.deepEqual(await stage.moves(), [], "not at once");
    await stage.pass(5000);
    const [second] = await stage.moves();
    assert.deepEqual(second!.slots, first!.slots);
    assert.notEqual(second!.id, first!.id);
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [8182, 8202]);
  });

  test("one whose group has no primary does not begin", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    stage.kill("g2-1");
    await stage.pass(5000);
    const { sentences } = await stage.value(master.execute(migrate([[0, 9]], "g2")));
    assert.match(sentences.join("\n"), /g2 has no primary that is present/);
    await stage.pass(3000);
    assert.deepEqual(stage.locked, []);
    assert.match(texts(master), /g2 has no primary that is present/);
    assert.match(master.topology.notices.join("\n"), /group g2 has 8192 slots, and its primary is not there/);
    await stage.worker("g2-1", "g2");
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [8182, 8202]);
  });
});

describe("a successor", () => {
  test("goes on with what it finds, wherever its predecessor died", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const { stage, master } = await cluster(["g1", "g2", "g3"], {}, `successor ${seed}`);
      await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 1000 }));
      await stage.pass(200);
      await stage.value(master.execute({ kind: "drain", group: "g1" }));
      await stage.value(master.execute(migrate([[16_000, 16_009]], "g2")));
      await stage.pass(seed * 7);
      for (const id of ["m2", "m3"]) {
        await stage.master(id);
        await stage.pass(50);
        const moves = await stage.moves();
        if (moves[0]?.state === "planned") await stage.carryOut(moves[0]);
        await stage.pass(seed);
        stage.kill([...stage.masters.keys()][0]!);
      }
      await stage.until("the last one is active", () => stage.masters.get("m3")!.isActive);
      await stage.carryOutAll();
      assert.equal(countSlots(stage.slots!.now["g1"] ?? []), 0);
      assert.equal(commonSlot(stage.slots!.now["g2"]!, [[16_000, 16_009]]), 16_000);
      assert.deepEqual([stage.locked, stage.settings.requests], [[], []]);
    }
  });

  test("does so with connections that break, and outcomes that nobody knows", async () => {
    for (let seed = 0; seed < 8; seed++) {
      const faults = { breaksPerMille: 40, lagMicrosMax: 20_000, watchMicrosMax: 20_000 };
      const stage = new MasterStage(`unknown ${seed}`);
      await stage.master("m1");
      for (const group of ["g1", "g2", "g3"]) await stage.group(group);
      await stage.until("slots are shared out", () => stage.slots !== undefined);
      await stage.put("/settings", JSON.stringify({ slotsPerMoveMax: 1000, draining: ["g2"] }));
      (stage.ensemble.parts as { faults: typeof faults }).faults = faults;
      const seen = new Map<string, MoveRecord>();
      for (let round = 0; round < 200 && countSlots(stage.slots!.now["g2"] ?? []) > 0; round++) {
        await stage.pass(300);
        if (round % 3 === 0) stage.ensemble.loseReplies("m1");
        stage.ensemble.calm();
        for (const move of await stage.moves()) {
          const before = seen.get(move.id);
          assert.ok(before === undefined || before.plannedAt === move.plannedAt, "an id is used once");
          seen.set(move.id, move);
          if (move.state === "planned") await stage.carryOut(move, round % 5 === 0 ? "aborted" : "flipped");
        }
        (stage.ensemble.parts as { faults: typeof faults }).faults = faults;
      }
      stage.ensemble.calm();
      await stage.carryOutAll();
      assert.equal(countSlots(stage.slots!.now["g2"] ?? []), 0);
      assert.deepEqual(stage.locked, []);
    }
  });
});

describe("what is in the tree", () => {
  test("nonsense is passed over with a notice", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    const nonsense = ["/migrations/9-9", "/spares/s1", "/workers/w9", "/masters/m-9999999999", "/groups/g9/config"];
    await stage.put("/groups/g9", "");
    for (const path of nonsense) await stage.put(path, path.startsWith("/spares") ? "" : "{");
    await stage.pass(1000);
    for (const path of nonsense) {
      const notice = `${path} holds nonsense, so it is passed over`;
      assert.ok(master.topology.notices.includes(notice), path);
      assert.equal(stage.notices.filter((each) => each === `m1: ${notice}`).length, 1, path);
    }
    await stage.value(master.execute(migrate([[0, 9]], "g2")));
    await stage.carryOutAll();
    assert.deepEqual(shares(stage), [8182, 8202]);
    assert.equal(stage.ensemble.peek("/migrations/9-9"), "{", "nobody else's znode is deleted");
    await stage.put("/settings", "{");
    await stage.pass(500);
    const refused = await stage.result(master.execute({ kind: "rebalance" }));
    assert.ok(!refused.ok);
    assert.match(refused.error.message, /\/settings at the coordinator holds nonsense/);
    await stage.put("/slots", "[]");
    await stage.pass(5000);
    assert.equal(stage.ensemble.peek("/slots"), "[]", "slots are not shared out anew");
  });

  test("a lock without a record is taken away", async () => {
    const { stage, master } = await cluster(["g1", "g2"]);
    await stage.put("/migrations", JSON.stringify({ active: { "7-7": [[0, 9]] } }));
    await stage.until("it is gone", () => stage.locked.length === 0);
    assert.match(texts(master), /move 7-7 had locked slots, but has no record/);
  });

  test("a spare is lent and taken back", async () => {
    const { stage, master } = await cluster(["g1"]);
    await stage.worker("s1", "spare");
    await stage.pass(500);
    assert.deepEqual(
      master.topology.workers.map(({ id, role }) => [id, role]),
      [
        ["g1-1", "primary"],
        ["s1", "spare"],
      ],
    );
    await stage.value(master.execute({ kind: "lend", spare: "s1", group: "g1" }));
    assert.equal(stage.ensemble.peek("/spares/s1"), "g1");
    await stage.pass(500);
    assert.equal(master.topology.workers[1]!.lentTo, "g1");
    assert.ok((await stage.value(master.execute({ kind: "lend", spare: "s1", group: "g1" }))).isDone);
    await stage.value(master.execute({ kind: "return", spare: "s1" }));
    assert.equal(stage.ensemble.peek("/spares/s1"), undefined);
  });

  test("a standby answers, and says whom to ask", async () => {
    const { stage } = await cluster(["g1", "g2"]);
    const standby = await stage.master("m2");
    await stage.pass(1000);
    assert.equal(standby.topology.groups.length, 2);
    assert.ok((await stage.result(standby.plan({ kind: "rebalance" }))).ok);
    const refused = await stage.result(standby.execute({ kind: "rebalance" }));
    assert.ok(!refused.ok);
    assert.deepEqual([refused.error.code, refused.error.active], ["not_active", "m1:7000"]);
  });
});
