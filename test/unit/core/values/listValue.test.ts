import assert from "node:assert/strict";
import { test } from "node:test";
import { ListValue } from "../../../../src/core/state/values/listValue.ts";
import { fc } from "../../../support/properties.ts";
import { copyOf, PieceDisk, randomFrom } from "./support.ts";

function elementsOf(list: ListValue, start = 0, end = list.length): string[] {
  const elements: string[] = [];
  list.forRange(start, end, (value, index) => {
    assert.equal(index, Math.max(0, start) + elements.length);
    elements.push(value);
  });
  return elements;
}

/** Everything that can be asked, against an array. */
function compare(list: ListValue, model: string[]): void {
  assert.equal(list.length, model.length);
  assert.equal(list.encoding, "quicklist");
  assert.deepEqual(elementsOf(list), model);
  const reversed: string[] = [];
  list.forRangeReverse(0, list.length, (value, index) => {
    assert.equal(index, model.length - 1 - reversed.length);
    reversed.push(value);
  });
  assert.deepEqual(reversed.reverse(), model);
  const { length } = model;
  for (const index of [-1, 0, 1, length >> 2, length >> 1, (length * 3) >> 2, length - 1, length]) {
    assert.equal(list.at(index), index < 0 ? undefined : model[index]);
    assert.deepEqual(elementsOf(list, index, index + 5), model.slice(Math.max(0, index), Math.max(0, index + 5)));
    const value = model[index] ?? "absent";
    const equal = (other: string): boolean => other === value;
    assert.equal(list.find(0, length, equal), model.indexOf(value));
    assert.equal(list.findReverse(0, length, equal), model.lastIndexOf(value));
    assert.equal(list.find(length >> 1, length, equal), model.indexOf(value, length >> 1));
  }
}

function removeEqual(model: string[], value: string, count: number): number {
  const limit = count === 0 ? model.length : Math.abs(count);
  let removed = 0;
  for (; removed < limit; removed++) {
    const at = count < 0 ? model.lastIndexOf(value) : model.indexOf(value);
    if (at < 0) break;
    model.splice(at, 1);
  }
  return removed;
}

type Kind =
  | ("left" | "right" | "popLeft" | "popRight" | "set" | "insert" | "remove" | "equal" | "trim")
  | ("fill" | "fillLeft" | "copy" | "pieces" | "take" | "reload");

interface Step {
  kind: Kind;
  /** Where, as a share of the length, sometimes outside of it. */
  place: number;
  count: number;
  text: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Kind>(
    ...([
      "left",
      "right",
      "popLeft",
      "popRight",
      "set",
      "set",
      "insert",
      "insert",
      "insert",
      "remove",
      "remove",
    ] as const),
    ...(["equal", "trim", "fill", "fill", "fillLeft", "copy", "pieces", "take", "take", "reload"] as const),
  ),
  place: fc.integer({ min: -2, max: 102 }),
  count: fc.integer({ min: -5, max: 300 }),
  text: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("a", "b", "c", "") },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 600 }).map((length) => "m".repeat(length)) },
    { weight: 1, arbitrary: fc.constantFrom("L".repeat(4096), "X".repeat(5000), "\xff".repeat(9000)) },
  ),
});

/** Changes a list and an array alike. */
function change(list: ListValue, model: string[], { kind, place, count, text }: Step): void {
  const index = Math.floor((place * model.length) / 100);
  const inside = index >= 0 && index < model.length;
  if (kind === "left") {
    list.pushLeft(text);
    model.unshift(text);
  } else if (kind === "right") {
    list.pushRight(text);
    model.push(text);
  } else if (kind === "popLeft") assert.equal(list.popLeft(), model.shift());
  else if (kind === "popRight") assert.equal(list.popRight(), model.pop());
  else if (kind === "set") {
    assert.equal(list.set(index, text), inside);
    if (inside) model[index] = text;
  } else if (kind === "insert") {
    list.insert(index, text);
    model.splice(Math.max(0, index), 0, text);
  } else if (kind === "remove") assert.equal(list.removeAt(index), inside ? model.splice(index, 1)[0] : undefined);
  else if (kind === "equal") assert.equal(list.removeEqual(text, count), removeEqual(model, text, count));
  else if (kind === "fill" || kind === "fillLeft") {
    for (let i = 0; i < count; i++) {
      const value = i % 7 === 0 ? text : `v${i}`;
      if (kind === "fill") list.pushRight(value);
      else list.pushLeft(value);
      if (kind === "fill") model.push(value);
      else model.unshift(value);
    }
  } else if (kind === "trim") {
    list.trim(index, index + count);
    const start = Math.max(0, index);
    model.splice(0, model.length, ...model.slice(start, Math.max(start, index + count)));
  }
}

function play(steps: Step[]): void {
  let list = new ListValue();
  let disk = new PieceDisk();
  const model: string[] = [];
  for (const step of steps) {
    if (step.kind === "copy") list = copyOf(list);
    else if (step.kind === "pieces") {
      list.beginPieces();
      disk = new PieceDisk();
    } else if (step.kind === "take" || step.kind === "reload") {
      if (!list.inPieces) continue;
      disk.take(list);
      compare(disk.load(list), model);
      if (step.kind === "reload") list = disk.load(list);
      assert.equal(list.dirtyPieces, 0);
    } else change(list, model, step);
    assert.equal(list.length, model.length);
  }
  compare(list, model);
  compare(copyOf(list), model);
  const bytes = model.reduce((sum, value) => sum + value.length, 0);
  assert.ok(list.memoryBytes >= bytes + 28 * model.length && list.memoryBytes <= bytes + 28 * model.length + 1_100);
}

test("a list behaves as an array, through growth, copies and reloads from pieces", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200, size: "max" }), play), { numRuns: 150 });
});

test("the same over a long run with tens of thousands of elements", () => {
  const random = randomFrom(5);
  let list = new ListValue();
  const disk = new PieceDisk();
  const model: string[] = [];
  list.beginPieces();
  const kinds: Kind[] = ["insert", "insert", "insert", "remove", "set", "left", "right", "popLeft", "popRight"];
  for (let i = 0; i < 40_000; i++) {
    const count = random(40) === 0 ? random(300) : 1;
    const kind = i % 4_000 === 3_999 ? "equal" : i < 25_000 || random(3) > 0 ? kinds[random(kinds.length)]! : "remove";
    change(list, model, {
      kind,
      place: random(101),
      count: kind === "equal" ? -count : count,
      text: `${random(50)}`.repeat(random(40)),
    });
    if (i % 400 === 0) change(list, model, { kind: "fill", place: 0, count: 200, text: "f".repeat(random(100)) });
    if (i % 5_000 === 4_999) {
      disk.take(list);
      compare(list, model);
      list = disk.load(list);
      compare(list, model);
    }
  }
  assert.ok(list.length > 5_000);
});

test("insertions at one place run out of order keys, and all chunks get new ones", () => {
  let list = new ListValue();
  const model: string[] = [];
  const disk = new PieceDisk();
  list.beginPieces();
  change(list, model, { kind: "fill", place: 0, count: 5, text: "start" });
  // Each element is a chunk of its own, and each new one halves the same gap.
  for (let i = 0; i < 3_000; i++) {
    change(list, model, { kind: "insert", place: 50, count: 0, text: `${i}:`.padEnd(4_000, "x") });
    if (i % 700 === 699) {
      disk.take(list);
      list = disk.load(list);
      compare(list, model);
    }
  }
  disk.take(list);
  compare(disk.load(list), model);
  assert.ok(disk.deletes > 0, "no chunk was renamed");
});

test("one change of a large list is one dirty piece", () => {
  const list = new ListValue();
  for (let i = 0; i < 10_000; i++) list.pushRight(`element ${i}`);
  list.beginPieces();
  const disk = new PieceDisk();
  disk.take(list);
  assert.ok(disk.puts >= 10_000 / 128 && disk.puts < 100, `${disk.puts} pieces`);
  list.pushLeft("first");
  list.pushLeft("before it");
  assert.equal(list.dirtyPieces, 1);
  disk.take(list);
  list.set(5_000, "changed");
  assert.equal(list.dirtyPieces, 1);
  list.at(7_000);
  assert.equal(list.dirtyPieces, 1);
  disk.take(list);
  list.insert(5_000, "a chunk splits at most once");
  assert.ok(list.dirtyPieces <= 2);
});

test("a list that lost nearly everything in its middle does not keep a chunk for each element", () => {
  const list = new ListValue();
  for (let i = 0; i < 50_000; i++) list.pushRight(i % 100 === 0 ? "keep" : "drop");
  assert.equal(list.removeEqual("drop", 0), 49_500);
  list.beginPieces();
  assert.ok(list.dirtyPieces < 40, `${list.dirtyPieces} chunks for 500 elements`);
});
