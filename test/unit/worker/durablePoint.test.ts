import assert from "node:assert/strict";
import { it } from "node:test";
import { type Seq, seq } from "../../../src/base/ids.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import { DurablePoint, type DurablePointParts } from "../../../src/worker/durablePoint.ts";

interface Rig {
  readonly point: DurablePoint;
  commitPoint: Seq;
  syncs: number;
}

function rig(inMemory: boolean): Rig {
  const made: { commitPoint: Seq; syncs: number } = { commitPoint: seq(0), syncs: 0 };
  const log = { sync: async () => void made.syncs++ } as unknown as Log;
  const timers = { after: () => ({ cancel() {} }), every: () => ({ cancel() {} }), endOfTurn: () => undefined };
  const parts: DurablePointParts = {
    log,
    timers,
    inMemory,
    commitPoint: () => made.commitPoint,
    endTurn: () => undefined,
    onFailure: (error) => assert.fail(String(error)),
  };
  return Object.assign(made, { point: new DurablePoint(parts, seq(0)) });
}

it("with writes acknowledged from memory, a flush waits until the others have committed, and then syncs", async () => {
  const made = rig(true);
  let isReached = false;
  const waiting = made.point.wait(seq(3)).then(() => {
    isReached = true;
  });
  await new Promise(setImmediate);
  assert.deepEqual([isReached, made.syncs], [false, 0]);
  made.commitPoint = seq(3);
  made.point.committed();
  await waiting;
  assert.equal(made.syncs, 1);
});

it("what is committed goes on being waited for when another becomes the primary", async () => {
  const made = rig(true);
  made.commitPoint = seq(2);
  const committed = made.point.wait(seq(2));
  const undecided = made.point.wait(seq(5));
  made.point.reject("another decides", seq(2));
  await assert.rejects(undecided, /another decides/);
  await committed;
});

it("a commit point that came with a snapshot need not be told", async () => {
  const made = rig(false);
  made.commitPoint = seq(9);
  await made.point.wait(seq(9));
});
