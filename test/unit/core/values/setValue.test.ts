import assert from "node:assert/strict";
import { test } from "node:test";
import { compareCanonicalInts, isCanonicalInt64 } from "../../../../src/core/state/values/canonicalInt.ts";
import { SetValue } from "../../../../src/core/state/values/setValue.ts";
import { fc } from "../../../support/properties.ts";
import { copyOf, PieceDisk, randomFrom } from "./support.ts";

function membersOf(set: SetValue): string[] {
  const members: string[] = [];
  set.forEach((member) => {
    members.push(member);
  });
  return members;
}

/** Everything that can be asked, against a Set. An "intset" is in numeric order. */
function compare(set: SetValue, model: Set<string>): void {
  const members = membersOf(set);
  assert.equal(set.length, model.size);
  if (set.encoding === "intset") {
    const numeric = [...model].map(BigInt).sort((left, right) => (left < right ? -1 : 1));
    assert.deepEqual(members, numeric.map(String));
  } else assert.deepEqual([...members].sort(), [...model].sort());
  members.forEach((member, i) => {
    assert.equal(set.memberAt(i), member);
    assert.equal(set.has(member), true);
  });
  assert.equal(set.memberAt(-1), undefined);
  assert.equal(set.memberAt(set.length), undefined);
  assert.equal(set.has("absent"), false);
  assert.equal(set.has("987654321"), model.has("987654321"));
}

type Step = { kind: "add" | "delete" | "fill" | "copy" | "pieces" | "take" | "reload"; member: string };

const integer = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -400, max: 400 }).map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(`${2n ** 53n}`, `${2n ** 53n + 1n}`, `${2n ** 53n + 2n}`, `${-(2n ** 63n)}`),
  },
);
const text = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((i) => `m${i}`),
  fc.constantFrom("", "-0", "+1", "01", " 1", "9223372036854775808", "-9223372036854775809", "1.0", "\xff"),
);

function steps(member: fc.Arbitrary<string>): fc.Arbitrary<Step[]> {
  const kind = fc.constantFrom<Step["kind"]>(
    ...(["add", "add", "add", "add", "delete", "delete", "fill", "copy", "pieces", "take", "take", "reload"] as const),
  );
  return fc.array(fc.record({ kind, member }), { maxLength: 250, size: "max" });
}

function play(steps: Step[]): void {
  let set = new SetValue();
  let disk = new PieceDisk();
  const model = new Set<string>();
  let converted = false;
  const add = (member: string): void => {
    assert.equal(set.add(member), !model.has(member));
    model.add(member);
    converted ||= model.size > 512 || !isCanonicalInt64(member);
  };
  for (const { kind, member } of steps) {
    if (kind === "add") add(member);
    else if (kind === "fill") for (let i = 0; i < 60; i++) add(`${(member.length + 1) * 1000 - i}`);
    else if (kind === "delete") assert.equal(set.delete(member), model.delete(member));
    else if (kind === "copy") set = copyOf(set);
    else if (kind === "pieces") {
      set.beginPieces();
      disk = new PieceDisk();
    } else if (set.inPieces) {
      disk.take(set);
      assert.equal(disk.pieces.size, model.size);
      const loaded = disk.load(set);
      assert.deepEqual(membersOf(loaded), membersOf(set));
      assert.equal(loaded.dirtyPieces, 0);
      if (kind === "reload") set = loaded;
    }
    assert.equal(set.encoding, converted ? "hashtable" : "intset");
  }
  compare(set, model);
  compare(copyOf(set), model);
  assert.deepEqual(membersOf(copyOf(set)), membersOf(set));
}

test("a set of integers behaves as a Set", () => {
  fc.assert(fc.property(steps(integer), play), { numRuns: 100 });
});

test("a set behaves as a Set, through conversions, copies and reloads from pieces", () => {
  fc.assert(fc.property(steps(fc.oneof({ weight: 9, arbitrary: integer }, { weight: 1, arbitrary: text })), play), {
    numRuns: 100,
  });
  fc.assert(fc.property(steps(text), play), { numRuns: 100 });
});

test("the same over a long run with thousands of members", () => {
  const random = randomFrom(13);
  let set = new SetValue();
  const disk = new PieceDisk();
  const model = new Set<string>();
  set.beginPieces();
  for (let i = 0; i < 60_000; i++) {
    const member = `${random(2) === 0 ? "" : "member:"}${random(5_000)}`;
    if (random(10) < (i < 40_000 ? 7 : 2)) {
      assert.equal(set.add(member), !model.has(member));
      model.add(member);
    } else assert.equal(set.delete(member), model.delete(member));
    if (i % 5_000 === 4_999) {
      disk.take(set);
      const loaded = disk.load(set);
      assert.deepEqual(membersOf(loaded), membersOf(set));
      set = loaded;
      compare(set, model);
    }
  }
});

test("an intset has up to 512 members, and converts one way", () => {
  const set = new SetValue();
  assert.equal(set.encoding, "intset");
  for (let i = 511; i >= 0; i--) set.add(`${i}`);
  assert.equal(set.encoding, "intset");
  assert.equal(set.memberAt(10), "10");
  set.add("512");
  assert.equal(set.encoding, "hashtable");
  for (let i = 0; i < 512; i++) set.delete(`${i}`);
  assert.equal(set.encoding, "hashtable");
  assert.equal(copyOf(set).encoding, "hashtable");
});

test("integers are canonical exactly when printing what was read gives the same", () => {
  const texts = fc.oneof(integer, text, fc.string({ unit: fc.constantFrom(..."-+0123456789"), maxLength: 21 }));
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      for (const candidate of [left, right]) {
        const expected =
          /^-?\d+$/.test(candidate) &&
          BigInt.asIntN(64, BigInt(candidate)) === BigInt(candidate) &&
          `${BigInt(candidate)}` === candidate;
        assert.equal(isCanonicalInt64(candidate), expected, candidate);
      }
      if (!isCanonicalInt64(left) || !isCanonicalInt64(right)) return;
      const difference = BigInt(left) - BigInt(right);
      assert.equal(compareCanonicalInts(left, right), difference < 0n ? -1 : difference > 0n ? 1 : 0);
    }),
    { numRuns: 3_000 },
  );
});
