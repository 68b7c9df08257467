import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader, MalformedBytes } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { createPrng, type Prng } from "../../../../src/base/prng.ts";
import { readSlotChange, type SlotChange, writeSlotChange } from "../../../../src/core/slots/slotChange.ts";
import { ALL_SLOTS, eachSlot, rangesOf, showRanges } from "../../../../src/core/slots/slotRanges.ts";
import {
  SLOT_ABSENT,
  SLOT_CLOSED,
  SLOT_IMPORTING,
  SLOT_OWNED,
  SLOT_READY,
  SLOT_SEALED,
  SlotTable,
} from "../../../../src/core/slots/slotTable.ts";

function table(...changes: readonly SlotChange[]): SlotTable {
  const slots = new SlotTable();
  for (const change of changes) assert.ok(slots.apply(change, slots.seq + 1), change.kind);
  return slots;
}

/** The table in a line. */
function lineOf(slots: SlotTable): string {
  const slotsIn = (state: number): string =>
    showRanges(rangesOf([...eachSlot(ALL_SLOTS)].filter((slot) => slots.stateOf(slot) === state)));
  const states = [0, 1, 2, 3, 4, 5].map((state) => `${state}:${slotsIn(state)}`).join(" ");
  const rest = {
    ...{ seq: slots.seq, isAssigned: slots.isAssigned, isWhole: slots.isWhole },
    leftovers: slots.leftovers,
  };
  return `${states} ${JSON.stringify(rest)} ${JSON.stringify([...slots.moves])}`;
}

function encoded(slots: SlotTable): Uint8Array {
  const writer = new ByteWriter();
  slots.encode(writer);
  return writer.slice();
}

function decoded(bytes: Uint8Array): SlotTable {
  const slots = new SlotTable();
  slots.decode(new ByteReader(bytes));
  return slots;
}

/** Any change, also one that does not fit. */
function draw(prng: Prng): SlotChange {
  const move = prng.pick(["m1", "m2", "m3"]);
  const from = prng.pick([0, 10, 20]);
  const slots = [[from, from + prng.pick([4, 9])]] as const;
  return prng.pick<SlotChange>([
    { kind: "import", move, slots, source: "g2" },
    { kind: "imported", move, sourceSeq: prng.below(1_000), isWhole: prng.chance(1, 2) },
    { kind: "ready", move, sourceSeq: prng.below(1_000) },
    { kind: "activate", move },
    { kind: "purge", move },
    { kind: "seal", move, slots, target: "g2" },
    { kind: "close", move },
    { kind: "unseal", move },
    { kind: "release", move },
    { kind: "cleaned", slots },
  ]);
}

const OWNED = { kind: "assign", slots: [[0, 9]] } as const;
const IMPORT = { kind: "import", move: "m", slots: [[20, 29]], source: "g2" } as const;
const SEAL = { kind: "seal", move: "m", slots: [[0, 4]], target: "g2" } as const;

describe("a table of slots", () => {
  test("owns everything until it is assigned, and then what it was given", () => {
    const slots = new SlotTable();
    assert.deepEqual([slots.isAssigned, slots.isWhole, slots.owned()], [false, true, ALL_SLOTS]);
    assert.ok(slots.apply(OWNED, 5));
    assert.deepEqual([slots.isAssigned, slots.isWhole, slots.seq], [true, false, 5]);
    assert.deepEqual([slots.stateOf(9), slots.stateOf(10)], [SLOT_OWNED, SLOT_ABSENT]);
    assert.deepEqual(slots.owned(), [[0, 9]]);
    assert.equal(slots.apply({ kind: "assign", slots: ALL_SLOTS }, 6), false);
    assert.ok(table({ kind: "assign", slots: ALL_SLOTS }).isWhole);
  });

  test("becomes the owner of what it imports, and of nothing that was aborted", () => {
    const slots = table(OWNED, IMPORT, { kind: "imported", move: "m", sourceSeq: 70, isWhole: true });
    assert.deepEqual([slots.stateOf(20), slots.isHidden(20), slots.leftovers], [SLOT_IMPORTING, true, [[20, 29]]]);
    assert.ok(slots.apply({ kind: "ready", move: "m", sourceSeq: 80 }, 10));
    assert.deepEqual([slots.stateOf(20), slots.isHidden(20)], [SLOT_READY, true]);
    assert.equal(slots.apply({ kind: "imported", move: "m", sourceSeq: 90, isWhole: true }, 11), false);
    const aborted = decoded(encoded(slots));
    assert.ok(slots.apply({ kind: "activate", move: "m" }, 12));
    assert.deepEqual([slots.stateOf(20), slots.isHidden(20), slots.leftovers], [SLOT_OWNED, false, []]);
    assert.ok(aborted.apply({ kind: "purge", move: "m" }, 12));
    assert.deepEqual([aborted.stateOf(20), aborted.leftovers, aborted.moves.size], [SLOT_ABSENT, [[20, 29]], 0]);
    assert.ok(aborted.apply({ kind: "cleaned", slots: [[20, 24]] }, 13));
    assert.deepEqual(aborted.leftovers, [[25, 29]]);
  });

  test("is activated only when it is ready, and released only when it is closed", () => {
    const importing = table(OWNED, IMPORT);
    assert.equal(importing.apply({ kind: "activate", move: "m" }, 9), false);
    const sealed = table(OWNED, SEAL);
    assert.deepEqual(
      [sealed.stateOf(0), sealed.stateOf(5), sealed.moves.get("m")?.sourceSeq],
      [SLOT_SEALED, SLOT_OWNED, 2],
    );
    assert.equal(sealed.apply({ kind: "release", move: "m" }, 9), false);
    assert.equal(sealed.apply({ ...SEAL, move: "m2" }, 9), false);
    assert.deepEqual(sealed.owned(), [[0, 9]]);
    assert.ok(sealed.apply({ kind: "close", move: "m" }, 9));
    assert.equal(sealed.stateOf(0), SLOT_CLOSED);
    const opened = decoded(encoded(sealed));
    assert.ok(opened.apply({ kind: "unseal", move: "m" }, 10));
    assert.deepEqual([opened.stateOf(0), opened.leftovers], [SLOT_OWNED, []]);
    assert.ok(sealed.apply({ kind: "release", move: "m" }, 10));
    assert.deepEqual([sealed.stateOf(0), sealed.leftovers, showRanges(sealed.owned())], [SLOT_ABSENT, [[0, 4]], "5-9"]);
  });

  test("begins a copy anew when every key was removed", () => {
    const slots = table(OWNED, IMPORT, { kind: "imported", move: "m", sourceSeq: 70, isWhole: true });
    slots.cleared(slots.seq);
    assert.equal(slots.moves.get("m")!.sourceSeq, 70);
    slots.cleared(9);
    assert.deepEqual([slots.moves.get("m")!.sourceSeq, slots.moves.get("m")!.isWhole, slots.seq], [0, false, 9]);
    const ready = table(OWNED, IMPORT, { kind: "ready", move: "m", sourceSeq: 70 });
    ready.cleared(9);
    assert.deepEqual([ready.moves.get("m")!.sourceSeq, ready.seq], [70, 3]);
  });

  test("is the same after any restart: what it was, and every change again from anywhere before", () => {
    for (let seed = 0; seed < 8; seed++) {
      const prng = createPrng(`slot table ${seed}`);
      const changes: (SlotChange | "clear")[] = [{ kind: "assign", slots: [[0, 14]] }];
      for (let i = 0; i < 40; i++) changes.push(prng.chance(1, 15) ? "clear" : draw(prng));
      const kept: Uint8Array[] = [encoded(new SlotTable())];
      const slots = new SlotTable();
      const apply = (to: SlotTable, at: number): void => {
        const change = changes[at]!;
        if (change === "clear") to.cleared(at + 1);
        else to.apply(change, at + 1);
      };
      for (let at = 0; at < changes.length; at++) {
        apply(slots, at);
        kept.push(encoded(slots));
        if (at % 5 === 0) assert.equal(lineOf(decoded(encoded(slots))), lineOf(slots));
      }
      const line = lineOf(slots);
      for (let i = 0; i < 10; i++) {
        const known = prng.below(kept.length);
        const again = decoded(kept[known]!);
        for (let at = prng.between(0, known); at < changes.length; at++) apply(again, at);
        assert.equal(lineOf(again), line);
      }
    }
  });

  test("refuses bytes that no table has", () => {
    const bytes = encoded(table(OWNED, IMPORT, { kind: "seal", move: "n", slots: [[0, 3]], target: "g3" }));
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decoded(bytes.subarray(0, length)), MalformedBytes);
    }
    assert.throws(() => decoded(Uint8Array.of(2, ...bytes.subarray(1))), MalformedBytes);
  });
});

test("a change of slots is read as it was written", () => {
  const prng = createPrng("slot changes");
  for (let i = 0; i < 300; i++) {
    const writer = new ByteWriter();
    const change = i === 0 ? OWNED : draw(prng);
    writeSlotChange(writer, change);
    assert.deepEqual(readSlotChange(new ByteReader(writer.slice())), change);
    for (let length = 0; length < writer.length; length++) {
      assert.throws(() => readSlotChange(new ByteReader(writer.slice().subarray(0, length))), MalformedBytes);
    }
  }
  assert.throws(() => readSlotChange(new ByteReader(Uint8Array.of(11, 0))), MalformedBytes);
});

test("ranges are what their slots make of them", () => {
  const prng = createPrng("ranges");
  const slots = Array.from({ length: 200 }, () => prng.below(400));
  const ranges = rangesOf(slots);
  assert.deepEqual(
    [...eachSlot(ranges)],
    [...new Set(slots)].sort((a, b) => a - b),
  );
});
