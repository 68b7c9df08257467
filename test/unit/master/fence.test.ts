import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FencedWrites } from "../../../src/master/fencedWrites.ts";
import type { MultiOperation } from "../../../src/ports/coordinator.ts";
import { MasterStage } from "./masterStage.ts";

const EPOCH = "/masters/epoch";
const LENT = "/spares/s1";
const TAKE_BACK: MultiOperation = { op: "delete", path: LENT, version: 0 };

/** A master has decided to take a spare back from g1; before its write comes, its successor has done that, and lent the spare to g2. */
async function overtaken() {
  const stage = new MasterStage("fence");
  const coordinator = stage.connect("old");
  for (const path of ["/masters", EPOCH, "/spares"]) await stage.put(path, "");
  await stage.put(LENT, "g1");
  const told: string[] = [];
  const late = new FencedWrites(
    coordinator,
    { epoch: 1, version: 0 },
    { onFenced: () => told.push("fenced"), onDoubt: () => told.push("doubt") },
  );
  await stage.put(EPOCH, "{}");
  const successor = new FencedWrites(
    stage.connect("new"),
    { epoch: 2, version: 1 },
    { onFenced: assert.fail, onDoubt: assert.fail },
  );
  await stage.value(successor.write([TAKE_BACK]));
  await stage.value(successor.write([{ op: "create", path: LENT, data: "g2", kind: "durable" }]));
  return { stage, coordinator, late, told };
}

describe("what a master has decided comes when there is a successor", () => {
  test("nothing is done, though the version that it names is the one that is there", async () => {
    const { stage, late, told } = await overtaken();
    const done = await stage.result(late.write([TAKE_BACK]));
    assert.deepEqual(done, { ok: false, error: { code: "fenced" } });
    assert.deepEqual(told, ["fenced"]);
    assert.equal(stage.ensemble.peek(LENT), "g2");
  });

  test("the version alone would not have told: a znode that was made anew begins at 0 again", async () => {
    const { stage, coordinator } = await overtaken();
    await stage.value(coordinator.multi([TAKE_BACK]));
    assert.equal(stage.ensemble.peek(LENT), undefined);
  });
});
