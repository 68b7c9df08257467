import assert from "node:assert/strict";
import { test } from "node:test";
import { InvariantViolation } from "../../../../src/base/invariant.ts";
import { ZSetValue } from "../../../../src/core/state/values/zsetValue.ts";
import { fc } from "../../../support/properties.ts";
import { copyOf, PieceDisk, randomFrom } from "./support.ts";

type Entry = [member: string, score: number];

function entriesOf(zset: ZSetValue, start = 0, end = zset.length): Entry[] {
  const entries: Entry[] = [];
  zset.forRange(start, end, (member, score) => entries.push([member, score]));
  return entries;
}

function positionsOf(zset: ZSetValue): (string | undefined)[] {
  return Array.from({ length: zset.length }, (_, i) => zset.memberAt(i));
}

function sorted(model: Map<string, number>): Entry[] {
  return [...model].sort((left, right) =>
    left[1] < right[1] || (left[1] === right[1] && left[0] < right[0]) ? -1 : 1,
  );
}

/** Everything that can be asked, against a sorted array. */
function compare(zset: ZSetValue, model: Map<string, number>): void {
  const expected = sorted(model);
  assert.equal(zset.length, model.size);
  assert.deepEqual(entriesOf(zset), expected);
  const reversed: Entry[] = [];
  zset.forRangeReverse(0, zset.length, (member, score) => reversed.push([member, score]));
  assert.deepEqual(reversed.reverse(), expected);
  expected.forEach(([member, score], rank) => {
    assert.equal(zset.rank(member), rank);
    assert.equal(zset.score(member), score);
    assert.deepEqual(zset.at(rank), { member, score });
  });
  assert.deepEqual(positionsOf(zset).sort(), [...model.keys()].sort());
  for (let i = 0; i < zset.length; i++) assert.equal(zset.scoreAt(i), model.get(zset.memberAt(i)!));
  for (const min of [Number.NEGATIVE_INFINITY, -1, -0, 0, 0.5, 1, 3, Number.POSITIVE_INFINITY]) {
    assert.equal(zset.firstRankByScore(min, false), expected.filter((entry) => entry[1] < min).length);
    assert.equal(zset.firstRankByScore(min, true), expected.filter((entry) => entry[1] <= min).length);
  }
  const { length } = expected;
  for (const [start, end] of [
    [-3, 2],
    [0, 0],
    [length >> 1, length + 9],
    [length, 3],
    [length - 1, length],
  ] as const) {
    assert.deepEqual(entriesOf(zset, start, end), expected.slice(Math.max(0, start), Math.max(0, end)));
  }
  assert.equal(zset.at(-1), undefined);
  assert.equal(zset.at(length), undefined);
  assert.equal(zset.memberAt(length), undefined);
  assert.equal(zset.score("absent"), undefined);
  assert.equal(zset.rank("absent"), undefined);
}

type Step = { kind: "add" | "delete" | "fill" | "copy" | "pieces" | "take" | "reload"; member: string; score: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step["kind"]>(
    ...(["add", "add", "add", "add", "delete", "delete", "fill", "copy", "pieces", "take", "take", "reload"] as const),
  ),
  member: fc.oneof(
    { weight: 30, arbitrary: fc.nat(150).map((i) => `m${i}`) },
    { weight: 1, arbitrary: fc.constantFrom("", "\xff".repeat(64), "y".repeat(65)) },
  ),
  score: fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1e308, 5e-324)),
});

function play(steps: Step[]): void {
  let zset = new ZSetValue();
  let disk = new PieceDisk();
  const model = new Map<string, number>();
  let converted = false;
  const add = (member: string, score: number): void => {
    const known = model.get(member);
    assert.equal(zset.add(member, score), known === undefined ? "added" : known === score ? "unchanged" : "updated");
    if (known !== score) model.set(member, score);
    converted ||= member.length > 64 || model.size > 128;
  };
  for (const { kind, member, score } of steps) {
    if (kind === "add") add(member, score);
    else if (kind === "fill") for (let i = 0; i < 20; i++) add(`${member}:${i}`.slice(0, 64), score + (i % 3));
    else if (kind === "delete") assert.equal(zset.delete(member), model.delete(member));
    else if (kind === "copy") zset = copyOf(zset);
    else if (kind === "pieces") {
      zset.beginPieces();
      disk = new PieceDisk();
    } else if (zset.inPieces) {
      disk.take(zset);
      assert.equal(disk.pieces.size, model.size);
      const loaded = disk.load(zset);
      assert.deepEqual(entriesOf(loaded), entriesOf(zset));
      assert.deepEqual(positionsOf(loaded), positionsOf(zset));
      assert.equal(loaded.dirtyPieces, 0);
      if (kind === "reload") zset = loaded;
    }
    assert.equal(zset.encoding, converted ? "skiplist" : "listpack");
  }
  compare(zset, model);
  compare(copyOf(zset), model);
  assert.deepEqual(positionsOf(copyOf(zset)), positionsOf(zset));
}

test("a sorted set behaves as a sorted array, through conversions, copies and reloads from pieces", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 250, size: "max" }), play), { numRuns: 150 });
});

test("the same over a long run with thousands of members", () => {
  const random = randomFrom(17);
  let zset = new ZSetValue();
  const disk = new PieceDisk();
  const model = new Map<string, number>();
  zset.beginPieces();
  for (let i = 0; i < 50_000; i++) {
    const member = `member:${random(6_000)}`;
    if (random(10) < (i < 35_000 ? 7 : 2)) {
      const score = random(2) === 0 ? random(100) : (model.get(member) ?? 0) + 0.001;
      zset.add(member, score);
      model.set(member, score);
    } else assert.equal(zset.delete(member), model.delete(member));
    if (i % 10_000 === 9_999) {
      disk.take(zset);
      const loaded = disk.load(zset);
      assert.deepEqual(positionsOf(loaded), positionsOf(zset));
      zset = loaded;
      compare(zset, model);
    }
  }
});

test("a rank by member, where all scores are equal", () => {
  for (const length of [50, 5_000]) {
    const random = randomFrom(length);
    const zset = new ZSetValue();
    const members = new Set<string>();
    while (members.size < length)
      members.add(String.fromCharCode(random(256), random(256), random(256)).slice(0, 1 + random(3)));
    for (const member of members) zset.add(member, 3);
    const ordered = [...members].sort();
    for (let i = 0; i < 200; i++) {
      const min = i % 2 === 0 ? ordered[random(length)]! : String.fromCharCode(random(256), random(256));
      assert.equal(zset.firstRankByLex(min, false), ordered.filter((member) => member < min).length);
      assert.equal(zset.firstRankByLex(min, true), ordered.filter((member) => member <= min).length);
    }
  }
});

test("-0 and 0 are one score, and the first of them stays", () => {
  const zset = new ZSetValue();
  zset.add("b", -0);
  zset.add("a", 0);
  zset.add("c", 0);
  assert.deepEqual(entriesOf(zset), [
    ["a", 0],
    ["b", -0],
    ["c", 0],
  ]);
  assert.equal(zset.add("b", 0), "unchanged");
  assert.ok(Object.is(zset.score("b"), -0));
  assert.ok(Object.is(copyOf(zset).score("b"), -0));
  assert.equal(zset.firstRankByScore(-0, true), 3);
  assert.equal(zset.firstRankByScore(0, false), 0);
});

test("a score that is not a number is a bug of the caller", () => {
  assert.throws(() => new ZSetValue().add("a", Number.NaN), InvariantViolation);
});

test("the listpack limits are those of Redis: 128 members, 64 bytes", () => {
  const zset = new ZSetValue();
  for (let i = 0; i < 128; i++) zset.add(`${i}`.padStart(64, "0"), i);
  assert.equal(zset.encoding, "listpack");
  zset.add("one more", 1);
  assert.equal(zset.encoding, "skiplist");
  zset.delete("one more");
  assert.equal(copyOf(zset).encoding, "skiplist");
  const other = new ZSetValue();
  other.add("m".repeat(65), 1);
  assert.equal(other.encoding, "skiplist");
  assert.equal(copyOf(other).encoding, "skiplist");
});

test("one change of a large sorted set is one dirty piece, a deletion at most two", () => {
  const zset = new ZSetValue();
  for (let i = 0; i < 1_000; i++) zset.add(`${i}`, i);
  zset.beginPieces();
  const disk = new PieceDisk();
  disk.take(zset);
  zset.add("5", 77);
  zset.add("6", 6);
  assert.equal(zset.dirtyPieces, 1);
  disk.take(zset);
  zset.delete("9");
  assert.equal(zset.dirtyPieces, 2);
});
