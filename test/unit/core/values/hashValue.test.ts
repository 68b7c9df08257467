import assert from "node:assert/strict";
import { test } from "node:test";
import { HashValue } from "../../../../src/core/state/values/hashValue.ts";
import { fc } from "../../../support/properties.ts";
import { copyOf, PieceDisk, randomFrom } from "./support.ts";

function entriesOf(hash: HashValue): [string, string][] {
  const entries: [string, string][] = [];
  hash.forEach((field, value) => {
    entries.push([field, value]);
  });
  return entries;
}

function sorted(entries: Iterable<[string, string]>): [string, string][] {
  return [...entries].sort((left, right) => (left[0] < right[0] ? -1 : 1));
}

/** Everything that can be asked, against a Map. While "listpack", the order is that of the Map: of insertion. */
function compare(hash: HashValue, model: Map<string, string>): void {
  const entries = entriesOf(hash);
  assert.equal(hash.length, model.size);
  if (hash.encoding === "listpack") assert.deepEqual(entries, [...model]);
  else assert.deepEqual(sorted(entries), sorted(model));
  entries.forEach(([field, value], i) => {
    assert.equal(hash.fieldAt(i), field);
    assert.equal(hash.valueAt(i), value);
    assert.equal(hash.get(field), value);
    assert.equal(hash.has(field), true);
  });
  assert.equal(hash.fieldAt(hash.length), undefined);
  assert.equal(hash.valueAt(-1), undefined);
  assert.equal(hash.get("absent"), undefined);
  assert.equal(hash.has("absent"), false);
}

type Step = { kind: "set" | "delete" | "fill" | "copy" | "pieces" | "take" | "reload"; field: number; text: string };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("set", "set", "set", "delete", "delete", "fill", "copy", "pieces", "take", "take", "reload"),
  field: fc.nat(700),
  text: fc.oneof(
    { weight: 30, arbitrary: fc.string({ maxLength: 12, unit: "binary-ascii" }) },
    { weight: 1, arbitrary: fc.constant("x".repeat(65)) },
    { weight: 1, arbitrary: fc.constant("\xff".repeat(64)) },
  ),
});

/** Plays steps on a hash and a Map; the hash is replaced by what comes back from bytes or from the disk. */
function play(steps: Step[]): void {
  let hash = new HashValue();
  let disk = new PieceDisk();
  const model = new Map<string, string>();
  let converted = false;
  const set = (field: string, value: string): void => {
    assert.equal(hash.set(field, value), !model.has(field));
    model.set(field, value);
    converted ||= model.size > 512 || field.length > 64 || value.length > 64;
  };
  for (const { kind, field, text } of steps) {
    const name = `f${field}`;
    if (kind === "set") set(name, text);
    else if (kind === "fill") for (let i = 0; i < field % 40; i++) set(`f${field + i}`, text);
    else if (kind === "delete") assert.equal(hash.delete(name), model.delete(name));
    else if (kind === "copy") hash = copyOf(hash);
    else if (kind === "pieces") {
      hash.beginPieces();
      disk = new PieceDisk();
      assert.equal(hash.dirtyPieces, hash.length);
    } else if (hash.inPieces) {
      disk.take(hash);
      assert.equal(disk.pieces.size, model.size);
      if (kind === "reload") {
        const before = entriesOf(hash);
        hash = disk.load(hash);
        assert.equal(hash.inPieces, true);
        assert.equal(hash.dirtyPieces, 0);
        assert.deepEqual(entriesOf(hash), before);
      }
    }
    assert.equal(hash.encoding, converted ? "hashtable" : "listpack");
    if (!hash.inPieces) assert.equal(hash.dirtyPieces, 0);
  }
  compare(hash, model);
  compare(copyOf(hash), model);
  assert.deepEqual(entriesOf(copyOf(hash)), entriesOf(hash));
}

test("a hash behaves as a Map, through conversions, copies and reloads from pieces", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 250, size: "max" }), play), { numRuns: 150 });
});

test("the same over a long run with thousands of fields", () => {
  const random = randomFrom(11);
  let hash = new HashValue();
  const disk = new PieceDisk();
  const model = new Map<string, string>();
  hash.beginPieces();
  for (let i = 0; i < 60_000; i++) {
    const field = `field:${random(i < 30_000 ? 9_000 : 3_000)}`;
    if (random(10) < (i < 40_000 ? 7 : 2)) {
      const value = `${random(1_000)}`;
      assert.equal(hash.set(field, value), !model.has(field));
      model.set(field, value);
    } else assert.equal(hash.delete(field), model.delete(field));
    if (i % 5_000 === 4_999) {
      disk.take(hash);
      const before = entriesOf(hash);
      hash = i % 10_000 === 9_999 ? disk.load(hash) : hash;
      assert.deepEqual(entriesOf(hash), before);
      compare(hash, model);
    }
  }
});

test("the listpack limits are those of Redis: 512 fields, 64 bytes", () => {
  const hash = new HashValue();
  for (let i = 0; i < 512; i++) hash.set(`${i}`, "v".repeat(64));
  assert.equal(hash.encoding, "listpack");
  hash.set("0", "again");
  assert.equal(hash.encoding, "listpack");
  hash.set("512", "v");
  assert.equal(hash.encoding, "hashtable");
  for (let i = 0; i < 512; i++) hash.delete(`${i}`);
  assert.equal(hash.encoding, "hashtable");
  assert.equal(copyOf(hash).encoding, "hashtable");
  for (const [field, value] of [
    ["f".repeat(65), "v"],
    ["f", "v".repeat(65)],
  ] as const) {
    const other = new HashValue();
    other.set(field, value);
    assert.equal(other.encoding, "hashtable");
  }
});

test("one change of a large hash is one dirty piece, a deletion at most two", () => {
  const hash = new HashValue();
  for (let i = 0; i < 1_000; i++) hash.set(`${i}`, "v");
  hash.beginPieces();
  const disk = new PieceDisk();
  disk.take(hash);
  assert.equal(disk.puts, 1_000);
  hash.set("5", "w");
  assert.equal(hash.dirtyPieces, 1);
  disk.take(hash);
  hash.set("new", "w");
  hash.set("new", "x");
  assert.equal(hash.dirtyPieces, 1);
  disk.take(hash);
  hash.delete("7");
  assert.equal(hash.dirtyPieces, 2);
  disk.take(hash);
  assert.equal(disk.deletes, 1);
  hash.delete("absent");
  assert.equal(hash.dirtyPieces, 0);
});

test("memoryBytes follows what is added and removed", () => {
  for (const fields of [20, 600]) {
    const hash = new HashValue();
    for (let i = 0; i < fields; i++) hash.set(`${i}`, "");
    const before = hash.memoryBytes;
    for (let i = 0; i < fields; i++) hash.set(`${i}`, "v".repeat(10));
    assert.equal(hash.memoryBytes, before + 10 * fields);
    for (let i = fields; i < 2 * fields; i++) hash.set(`${i}`, "v".repeat(i));
    for (let i = fields; i < 2 * fields; i++) hash.delete(`${i}`);
    for (let i = 0; i < fields; i++) hash.set(`${i}`, "");
    assert.ok(hash.memoryBytes === before || fields === 20, "the sum of the elements is kept exactly");
    assert.ok(hash.memoryBytes >= before);
  }
});
