import assert from "node:assert/strict";
import { test } from "node:test";
import { ScoreTree } from "../../../../src/core/state/values/scoreTree.ts";
import { randomFrom } from "./support.ts";

type Entry = [member: string, score: number];

function compareEntries(left: Entry, right: Entry): number {
  return left[1] - right[1] || (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0);
}

function entriesOf(tree: ScoreTree, start = 0, end = tree.length): Entry[] {
  const entries: Entry[] = [];
  tree.forRange(start, end, (member, score) => entries.push([member, score]));
  return entries;
}

/** Compares everything that can be asked with a sorted array. */
function compare(tree: ScoreTree, scores: Map<string, number>, random: (below: number) => number): void {
  const sorted: Entry[] = [...scores].sort(compareEntries);
  assert.equal(tree.length, sorted.length);
  assert.deepEqual(entriesOf(tree), sorted);
  const reversed: Entry[] = [];
  tree.forRangeReverse(0, tree.length, (member, score) => reversed.push([member, score]));
  assert.deepEqual(reversed.reverse(), sorted);
  sorted.forEach(([member, score], rank) => {
    assert.equal(tree.rank(score, member), rank);
  });
  for (let i = 0; i < 20; i++) {
    const start = random(sorted.length + 1);
    const end = start + random(sorted.length - start + 1);
    assert.deepEqual(entriesOf(tree, start, end), sorted.slice(start, end));
    const back: Entry[] = [];
    tree.forRangeReverse(start, end, (member, score) => back.push([member, score]));
    assert.deepEqual(back.reverse(), sorted.slice(start, end));
    const min = sorted.length === 0 ? 0 : sorted[random(sorted.length)]![1] + (random(3) - 1) / 2;
    assert.equal(tree.rankOfScore(min, false), sorted.filter((entry) => entry[1] < min).length);
    assert.equal(tree.rankOfScore(min, true), sorted.filter((entry) => entry[1] <= min).length);
  }
}

for (const [name, distinctScores] of [
  ["few scores", 5],
  ["many scores", 1_000_000],
  ["one score", 1],
] as const) {
  test(`a tree behaves as a sorted array: ${name}`, () => {
    const random = randomFrom(distinctScores);
    const tree = new ScoreTree();
    const scores = new Map<string, number>();
    for (const [steps, addChance] of [
      [9_000, 90],
      [6_000, 45],
      [25_000, 15],
      [3_000, 70],
    ] as const) {
      for (let i = 0; i < steps; i++) {
        const member = `m${random(9_000)}`;
        const known = scores.get(member);
        if (random(100) < addChance) {
          const score = random(distinctScores);
          if (known === undefined) tree.insert(score, member);
          else tree.move(member, known, score);
          scores.set(member, score);
        } else if (known !== undefined) {
          assert.equal(tree.remove(known, member), true);
          scores.delete(member);
        } else assert.equal(tree.remove(1, member), false);
      }
      compare(tree, scores, random);
    }
    for (const [member, score] of scores) tree.remove(score, member);
    assert.equal(tree.length, 0);
    assert.deepEqual(entriesOf(tree), []);
  });
}

test("ascending and descending insertion, and increments in place", () => {
  for (const step of [1, -1]) {
    const random = randomFrom(3);
    const tree = new ScoreTree();
    const scores = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      tree.insert(i * step, `m${i}`);
      scores.set(`m${i}`, i * step);
    }
    for (let i = 0; i < 10_000; i += 3) {
      const score = scores.get(`m${i}`)!;
      tree.move(`m${i}`, score, score + (i % 2 === 0 ? 0.5 : 1.5));
      scores.set(`m${i}`, score + (i % 2 === 0 ? 0.5 : 1.5));
    }
    compare(tree, scores, random);
  }
});

test("a tree built from sorted entries can be changed as any other", () => {
  for (const length of [0, 1, 55, 56, 57, 112, 3_136, 3_137, 20_000]) {
    const random = randomFrom(length);
    const members = Array.from({ length }, (_, i) => `m${String(i).padStart(6, "0")}`);
    const tree = ScoreTree.fromSorted(
      members,
      members.map((_, i) => i >> 3),
    );
    const scores = new Map(members.map((member, i) => [member, i >> 3]));
    for (let i = 0; i < 3_000; i++) {
      const member = `m${String(random(length + 50)).padStart(6, "0")}`;
      const known = scores.get(member);
      const score = random(length + 1);
      if (known === undefined) tree.insert(score, member);
      else if (random(2) === 0) tree.move(member, known, score);
      else tree.remove(known, member);
      if (known !== undefined && tree.length < scores.size) scores.delete(member);
      else scores.set(member, score);
    }
    compare(tree, scores, random);
  }
});

test("members order as bytes, and a rank by member is found where all scores are equal", () => {
  const tree = new ScoreTree();
  const members = ["", "\x00", "\x00\x00", "a", "aa", "b", "\x7f", "\x80", "\xff", "\xff\xff"];
  for (let i = 0; i < 300; i++) members.push(`\xfe${String.fromCharCode(i & 255)}${i}`);
  members.forEach((member, i) => {
    tree.insert(i % 2 === 0 ? 0 : -0, member);
  });
  const sorted = members.map((member) => Buffer.from(member, "latin1")).sort(Buffer.compare);
  assert.deepEqual(
    entriesOf(tree).map(([member]) => member),
    sorted.map((bytes) => bytes.toString("latin1")),
  );
  for (const min of [...members, "c", "\xfe", "zz"]) {
    assert.equal(tree.rankOfMember(min, false), members.filter((member) => member < min).length);
    assert.equal(tree.rankOfMember(min, true), members.filter((member) => member <= min).length);
  }
});
