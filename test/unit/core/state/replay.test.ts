import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, dump } from "../../../../sim/oracle/dump.ts";
import { ByteReader, MalformedBytes } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { createPrng } from "../../../../src/base/prng.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { Replayer } from "../../../../src/core/state/replay.ts";
import { RandomMutations } from "./randomMutations.ts";

/** A key space that keeps its entries; the entry of seq s is at s - 1. */
class Recorder {
  readonly state = new KeySpace([1, 2]);
  readonly entries: Uint8Array[] = [];
  readonly #log = new ByteWriter();
  readonly mutator = new Mutator(this.state, this.#log);

  entry(change: (mutator: Mutator, seq: number) => void): void {
    const seq = this.entries.length + 1;
    this.#log.reset();
    this.mutator.begin(seq);
    change(this.mutator, seq);
    this.entries.push(this.mutator.end() ? this.#log.slice(4) : new Uint8Array(0));
  }
}

function replay(state: KeySpace, entries: readonly Uint8Array[], from = 0): void {
  const replayer = new Replayer(state);
  for (let i = from; i < entries.length; i++) replayer.entry(new ByteReader(entries[i]!), i + 1);
}

function assertSame(expected: KeySpace, found: KeySpace): void {
  assert.equal(difference(dump(expected), dump(found)), undefined);
  assert.equal(found.size, expected.size);
  assert.equal(found.expiringKeys, expected.expiringKeys);
}

function record(seed: number, entries: number): Recorder {
  const prng = createPrng(`replay ${seed}`);
  const recorder = new Recorder();
  const mutations = new RandomMutations(prng, recorder.mutator);
  for (let i = 0; i < entries; i++) {
    recorder.entry((_mutator, seq) => {
      if (prng.chance(1, 300)) mutations.clear(seq);
      else mutations.entry(seq);
    });
  }
  return recorder;
}

test("the entries make the same state of nothing", () => {
  for (let seed = 0; seed < 10; seed++) {
    const { state, entries } = record(seed, 700);
    const replayed = new KeySpace([9, 9]);
    replay(replayed, entries);
    assertSame(state, replayed);
  }
});

test("a replay that begins too early changes nothing", () => {
  for (let seed = 20; seed < 26; seed++) {
    const { state, entries } = record(seed, 400);
    replay(state, entries, createPrng(`from ${seed}`).below(400));
    const once = new KeySpace([9, 9]);
    replay(once, entries);
    assertSame(once, state);
  }
});

test("a transaction that removes every key and goes on is replayed as a whole", () => {
  const recorder = new Recorder();
  recorder.entry((mutator) => mutator.setText("a", "before", 0));
  recorder.entry((mutator) => {
    mutator.setText("b", "lost", 0);
    mutator.clear();
    mutator.setText("a", "after", 0);
    mutator.append("a", "!");
    mutator.setAdd("c", ["x"]);
    mutator.delete("c");
  });
  const replayed = new KeySpace([9, 9]);
  replay(replayed, recorder.entries);
  assertSame(recorder.state, replayed);
  assert.equal(replayed.stringText(replayed.find("a")), "after!");
});

test("where the store knows that every key was removed, only what came after in that entry is still to be done", () => {
  const recorder = new Recorder();
  recorder.entry((mutator) => mutator.setText("a", "before", 0));
  recorder.entry((mutator) => {
    mutator.clear();
    mutator.setText("a", "1", 0);
    mutator.append("a", "2");
    mutator.setText("b", "3", 0);
  });
  for (const stored of [[], ["a"], ["a", "b"]]) {
    const state = new KeySpace([9, 9]);
    state.clearedSeq = 2;
    // A flush brought these keys to the store, as they are after the entry.
    if (stored.includes("a")) state.setString("a", Uint8Array.of(49, 50), 0, 2, 0, 1, 2);
    if (stored.includes("b")) state.setString("b", Uint8Array.of(51), 0, 1, 0, 0, 2);
    replay(state, recorder.entries);
    assertSame(recorder.state, state);
  }
});

test("several mutations of one entry about one key are all applied, or all left out", () => {
  const recorder = new Recorder();
  recorder.entry((mutator) => {
    mutator.append("a", "1");
    mutator.append("a", "2");
    mutator.listPush("l", false, ["x"]);
    mutator.listPush("l", false, ["y"]);
  });
  const state = new KeySpace([9, 9]);
  replay(state, recorder.entries);
  replay(state, recorder.entries);
  assertSame(recorder.state, state);
});

test("what ends too soon or is no mutation is refused", () => {
  const { entries } = record(40, 60);
  for (const entry of entries.filter((bytes) => bytes.length > 0)) {
    const cut = entry.subarray(0, entry.length - 1);
    assert.throws(() => new Replayer(new KeySpace([1, 1])).entry(new ByteReader(cut), 1), MalformedBytes);
  }
  assert.throws(
    () => new Replayer(new KeySpace([1, 1])).entry(new ByteReader(Uint8Array.of(99, 0)), 1),
    MalformedBytes,
  );
});
