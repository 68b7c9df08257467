import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { latin1Bytes } from "../../../../src/base/latin1.ts";
import { createPrng } from "../../../../src/base/prng.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { keyLine, type PlainState, plainLine } from "./plainState.ts";
import { KEYS, RandomMutations } from "./randomMutations.ts";

const ENTRIES = 1_500;
const SEEDS = 12;

function keysOf(state: KeySpace, count: number): string[] {
  const keys: string[] = [];
  let cursor = 0;
  do cursor = state.scan(cursor, count, (key) => keys.push(key));
  while (cursor !== 0);
  return keys.sort();
}

function checkKey(state: KeySpace, plain: PlainState, key: string): void {
  const expected = plain.get(key);
  assert.equal(keyLine(state, key), expected && plainLine(expected), `key ${key.slice(0, 20)} of ${key.length} bytes`);
}

function checkAll(state: KeySpace, plain: PlainState): void {
  for (const key of KEYS) checkKey(state, plain, key);
  assert.equal(state.size, plain.size);
  assert.equal(state.expiringKeys, [...plain.values()].filter(({ expireAt }) => expireAt > 0).length);
  assert.deepEqual(keysOf(state, 3), [...plain.keys()].sort());
}

test("a key space is a map from keys to values, times to live and versions", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const prng = createPrng(`key space ${seed}`);
    const log = new ByteWriter();
    const state = new KeySpace([1, seed]);
    const mutator = new Mutator(state, log);
    const mutations = new RandomMutations(prng, mutator);
    for (let seq = 1; seq <= ENTRIES; seq++) {
      log.reset();
      mutator.begin(seq);
      if (prng.chance(1, 400)) mutations.clear(seq);
      else for (const key of mutations.entry(seq)) checkKey(state, mutations.plain, key);
      assert.equal(mutator.end(), log.length > 0);
      if (seq % 250 === 0) checkAll(state, mutations.plain);
    }
    checkAll(state, mutations.plain);
  }
});

test("large values and collections give their memory back", () => {
  const state = new KeySpace([1, 2]);
  const mutator = new Mutator(state, new ByteWriter());
  const mutations = new RandomMutations(createPrng("memory"), mutator);
  for (let seq = 1; seq <= 3_000; seq++) {
    mutator.begin(seq);
    mutations.entry(seq);
    mutator.end();
  }
  const little = new KeySpace([1, 2]);
  for (const key of KEYS) {
    mutator.delete(key);
    little.setString(key, latin1Bytes("v"), 0, 1, 0, 0, 1);
    little.delete(key, 2);
  }
  assert.equal(state.memoryUsed, little.memoryUsed, "what was in the keys makes no difference");
  mutator.clear();
  assert.equal(state.memoryUsed, new KeySpace([1, 2]).memoryUsed);
});

test("a look-up tells how new what it found is: a deletion too, and that every key was removed", () => {
  const state = new KeySpace([1, 2]);
  const mutator = new Mutator(state, new ByteWriter());
  const at = (seq: number, change: () => void): void => {
    mutator.begin(seq);
    change();
    mutator.end();
  };
  at(5, () => mutator.setText("a", "1", 0));
  at(6, () => mutator.setText("b", "1", 0));
  at(7, () => mutator.delete("a"));
  const versions = ["a", "b", "c"].map((key) => {
    state.find(key);
    return state.pendingVersion;
  });
  assert.deepEqual(versions, [7, 6, 0]);
  at(8, () => mutator.clear());
  at(9, () => mutator.setText("b", "2", 0));
  state.find("a");
  assert.equal(state.pendingVersion, 8);
  state.find("b");
  assert.equal(state.pendingVersion, 9);
  assert.equal(state.version(state.find("b")), 9);
});

test("versions have 48 bits", () => {
  const state = new KeySpace([1, 2]);
  const newest = 2 ** 48 - 1;
  for (const seq of [1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3, newest]) {
    state.setString("k", latin1Bytes("v"), 0, 1, 0, 0, seq);
    assert.equal(state.version(state.find("k")), seq);
  }
});

test("a key given as bytes of a request is the same key", () => {
  const state = new KeySpace([1, 2]);
  for (const key of KEYS) {
    const bytes = latin1Bytes(`..${key}=value!`);
    const keyEnd = 2 + key.length;
    state.setStringArg(bytes, 2, keyEnd, keyEnd + 1, bytes.length - 1, 77, 1);
    bytes.fill(0);
    state.forgetSeek();
    const ref = state.find(key);
    assert.equal(state.stringText(ref), "value");
    assert.equal(state.expireAt(ref), 77);
    const again = latin1Bytes(key);
    assert.equal(state.findBytes(again, 0, again.length), ref);
    assert.equal(state.key(ref), key);
  }
  assert.equal(state.size, KEYS.length);
});

test("what has expired is named once, at the time it has then", () => {
  for (let seed = 0; seed < 10; seed++) {
    const prng = createPrng(`expiry ${seed}`);
    const state = new KeySpace([1, 2]);
    const expiries = new Map<string, number>();
    let now = 1_000;
    for (let seq = 1; seq < 3_000; seq++) {
      const key = `k${prng.below(60)}`;
      const at = prng.chance(1, 4) ? 0 : now + prng.below(200);
      if (expiries.has(key) && prng.chance(1, 2)) state.setExpireAt(key, at, seq);
      else state.setString(key, latin1Bytes("v"), 0, 1, at, 0, seq);
      expiries.set(key, at);
      if (!prng.chance(1, 5)) continue;
      now += prng.below(60);
      const due = [...expiries].filter(([, time]) => time > 0 && time <= now).map(([name]) => name);
      const named = new Set(state.takeExpired(now, 1_000));
      assert.deepEqual([...named].sort(), due.sort());
      for (const name of named) {
        state.delete(name, seq);
        expiries.delete(name);
      }
    }
  }
});

test("at most so many keys expire at a time, and none is forgotten", () => {
  const state = new KeySpace([1, 2]);
  for (let i = 0; i < 1_000; i++) state.setString(`k${i}`, latin1Bytes("v"), 0, 1, 5 + (i % 3), 0, 1);
  let seen = 0;
  for (;;) {
    const keys = state.takeExpired(100, 64);
    assert.ok(keys.length <= 64);
    if (keys.length === 0) break;
    for (const key of keys) state.delete(key, 2);
    seen += keys.length;
  }
  assert.equal(seen, 1_000);
});

test("a random key is one that is there, each about as often", () => {
  const state = new KeySpace([1, 2]);
  const prng = createPrng("random key");
  assert.equal(state.randomKey(prng), undefined);
  for (let i = 0; i < 20; i++) state.setString(`k${i}`, latin1Bytes("v"), 0, 1, 0, 0, 1);
  for (let i = 10; i < 20; i++) state.delete(`k${i}`, 2);
  const drawn = new Map<string, number>();
  for (let i = 0; i < 5_000; i++) {
    const key = state.randomKey(prng)!;
    drawn.set(key, (drawn.get(key) ?? 0) + 1);
  }
  assert.equal(drawn.size, 10);
  for (let i = 0; i < 10; i++) assert.ok(drawn.has(`k${i}`));
});
