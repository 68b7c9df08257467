import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MicrosHistogram } from "../../../src/worker/microsHistogram.ts";
import { CommitLoadWatch } from "../../../src/worker/migration/commitLoad.ts";
import { CopyBrake } from "../../../src/worker/migration/copyBrake.ts";

const SAMPLE_MILLIS = 100;

function loadOf(isBusy: boolean, isSlow: boolean) {
  return { isBusy, isSlow, start: () => undefined, copyBegins: () => undefined, copyEnds: () => undefined };
}

describe("the brake of copies", () => {
  it("does nothing while there are no clients, however slow turns are", () => {
    const brake = new CopyBrake(loadOf(false, true), "source");
    assert.equal(brake.next(0), 0);
    assert.equal(brake.millisBefore, 0);
  });

  it("is put on while clients wait, and let off slowly", () => {
    const load = loadOf(true, true);
    const brake = new CopyBrake(load, "source");
    for (let page = 0; page < 10; page++) brake.next(0);
    assert.equal(brake.next(0), 100);
    assert.equal(brake.millisBefore, 2_000);
    load.isSlow = false;
    assert.equal(brake.next(0), 90);
    for (let page = 0; page < 50; page++) brake.next(0);
    assert.equal(brake.next(0), 30, "with clients, never off");
  });

  it("is off at a target until that is slow itself, and is let off altogether", () => {
    const load = loadOf(true, false);
    const brake = new CopyBrake(load, "target");
    assert.equal(brake.next(0), 0);
    load.isSlow = true;
    assert.equal(brake.next(0), 30);
    assert.equal(brake.next(0), 60);
    load.isSlow = false;
    for (let page = 0; page < 60; page++) brake.next(0);
    assert.equal(brake.next(0), 0);
  });

  it("lets one copy go on at a time while there are clients, and the next when no pages come any more", () => {
    const idle = new CopyBrake(loadOf(false, false), "source");
    assert.ok(idle.takesTurn(0) && idle.takesTurn(0));
    const brake = new CopyBrake(loadOf(true, false), "source");
    assert.ok(brake.takesTurn(0));
    assert.equal(brake.takesTurn(1_999), false, "the first is being opened");
    brake.next(1_999);
    assert.equal(brake.takesTurn(2_300), false);
    assert.ok(brake.takesTurn(2_400));
    assert.equal(brake.takesTurn(2_401), false);
  });
});

/** A watch whose samples are taken by hand. */
function makeWatch() {
  let now = 0;
  let requests = 0;
  let sample = (): void => undefined;
  const commits = new MicrosHistogram();
  const clock = { monotonic: () => now } as never;
  const timers = {
    every: (_millis: number, what: () => void) => {
      sample = what;
      return { cancel: () => undefined };
    },
  } as never;
  const watch = new CommitLoadWatch(commits, () => requests, clock, timers);
  watch.start();
  const pass = (samples: number, commitMicros: number): void => {
    for (let i = 0; i < samples; i++) {
      for (let commit = 0; commit < 50; commit++) commits.add(commitMicros);
      requests += 50;
      now += SAMPLE_MILLIS;
      sample();
    }
  };
  return { watch, pass };
}

describe("what clients bear while slots are copied", () => {
  it("is slow by comparison with the time before", () => {
    const { watch, pass } = makeWatch();
    pass(40, 1_000);
    assert.ok(watch.isBusy);
    assert.equal(watch.isSlow, false);
    watch.copyBegins();
    pass(2, 20_000);
    assert.equal(watch.isSlow, true);
    pass(12, 1_000);
    assert.equal(watch.isSlow, false);
  });

  it("learns what is usual only when the last copy has left the window", () => {
    const { watch, pass } = makeWatch();
    pass(40, 1_000);
    const usual = watch.quietP99Millis;
    watch.copyBegins();
    pass(5, 20_000);
    watch.copyEnds();
    pass(9, 1_000);
    assert.equal(watch.quietP99Millis, usual);
    pass(40, 4_000);
    assert.ok(watch.quietP99Millis > usual);
  });

  it("is nothing while hardly anybody asks for anything", () => {
    const { watch } = makeWatch();
    assert.equal(watch.isBusy, false);
  });
});
