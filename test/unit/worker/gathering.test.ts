import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { monotonicMillis, wallMillis } from "../../../src/base/ids.ts";
import type { Timers } from "../../../src/ports/clock.ts";
import { Gathering } from "../../../src/worker/gathering.ts";

describe("what gathers for the next record", () => {
  let micros: number;
  let entries: number;
  let writes: number[];
  let turn: (() => void) | undefined;
  let gathering: Gathering;

  beforeEach(() => {
    micros = 0;
    entries = 0;
    writes = [];
    turn = undefined;
    const clock = { wall: () => wallMillis(0), monotonic: () => monotonicMillis(0), micros: () => micros };
    const timers = {
      endOfTurn: (run: () => void) => {
        turn = run;
      },
    } as unknown as Timers;
    gathering = new Gathering(clock, timers);
  });

  /** So many entries come, and the turn ends. */
  function add(count: number): void {
    entries += count;
    gathering.wait(
      () => entries,
      () => {
        writes.push(entries);
        gathering.began(entries);
        entries = 0;
      },
    );
  }

  /** So many turns in which nothing comes. */
  function endTurns(count: number): void {
    for (let i = 0; i < count; i++) {
      const run = turn;
      turn = undefined;
      run?.();
    }
  }

  it("is written at once when nothing was written before", () => {
    add(3);
    assert.deepEqual(writes, [3]);
  });

  it("is written at once for one client", () => {
    for (let i = 0; i < 3; i++) {
      add(1);
      gathering.written(200, 0);
    }
    assert.deepEqual(writes, [1, 1, 1]);
  });

  it("waits until as many have come as the last record had, and those that were there", () => {
    add(5);
    entries = 2;
    gathering.written(200, 2);
    add(0);
    endTurns(3);
    add(3);
    endTurns(1);
    add(1);
    endTurns(1);
    assert.deepEqual(writes, [5]);
    add(1);
    endTurns(1);
    assert.deepEqual(writes, [5, 7]);
    assert.equal(turn, undefined);
  });

  it("waits no longer than the last write took, or a millisecond", () => {
    add(5);
    gathering.written(200, 0);
    add(1);
    micros += 199;
    add(1);
    endTurns(1);
    assert.deepEqual(writes, [5]);
    micros += 1;
    endTurns(1);
    assert.deepEqual(writes, [5, 2]);
    add(5);
    gathering.written(5_000_000, 0);
    add(2);
    add(1);
    micros += 1_000;
    endTurns(1);
    assert.deepEqual(writes, [5, 2, 5, 3]);
  });

  it("does not wait in silence", () => {
    add(5);
    gathering.written(200, 0);
    add(2);
    endTurns(99);
    assert.deepEqual(writes, [5]);
    endTurns(1);
    assert.deepEqual(writes, [5, 2]);
  });

  it("waits less and less often when nothing comes", () => {
    const waits: number[] = [];
    add(5);
    for (let record = 1; record <= 40; record++) {
      gathering.written(200, 3);
      add(2);
      if (turn === undefined) continue;
      waits.push(record);
      micros += 200;
      endTurns(1);
    }
    assert.deepEqual(waits, [1, 3, 6, 11, 20, 29, 38]);
  });

  it("waits again for every record when something has come", () => {
    add(5);
    for (const comes of [false, true, true]) {
      gathering.written(200, 3);
      add(1);
      assert.notEqual(turn, undefined);
      if (comes) add(1);
      micros += 200;
      endTurns(1);
      if (comes) continue;
      assert.equal(gathering.expectsMore, false);
      gathering.written(200, 3);
      add(2);
    }
    assert.deepEqual(writes, [5, 1, 2, 2, 2]);
    assert.equal(gathering.expectsMore, true);
  });
});
