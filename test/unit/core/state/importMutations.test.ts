import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { difference, dump } from "../../../../sim/oracle/dump.ts";
import { ByteReader, MalformedBytes } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { createPrng } from "../../../../src/base/prng.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import * as kind from "../../../../src/core/state/mutation.ts";
import { keysOfEntry, MutationCursor } from "../../../../src/core/state/mutationsOfEntry.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { Replayer } from "../../../../src/core/state/replay.ts";
import { keyLine } from "./plainState.ts";
import { KEYS, RandomMutations } from "./randomMutations.ts";

class Group {
  readonly state = new KeySpace([1, 2]);
  readonly entries: Uint8Array[] = [];
  readonly #log = new ByteWriter();
  readonly mutator = new Mutator(this.state, this.#log);

  entry(change: (mutator: Mutator, seq: number) => void): Uint8Array {
    const seq = this.entries.length + 1;
    this.#log.reset();
    this.mutator.begin(seq);
    try {
      change(this.mutator, seq);
    } finally {
      this.entries.push(this.mutator.end() ? this.#log.slice(4) : new Uint8Array(0));
    }
    return this.entries.at(-1)!;
  }

  replayed(): KeySpace {
    const state = new KeySpace([3, 4]);
    const replayer = new Replayer(state);
    for (const [at, entry] of this.entries.entries()) replayer.entry(new ByteReader(entry), at + 1);
    return state;
  }
}

function lines(state: KeySpace): (string | undefined)[] {
  return KEYS.map((key) => keyLine(state, key)?.replace(/^version \d+ /, ""));
}

/** Entries of another group, of all kinds. */
function foreignEntries(seed: string, count: number): { readonly group: Group; readonly entries: Uint8Array[] } {
  const prng = createPrng(seed);
  const group = new Group();
  const mutations = new RandomMutations(prng, group.mutator);
  for (let i = 0; i < count; i++) group.entry((_, seq) => mutations.entry(seq));
  return { group, entries: group.entries };
}

describe("mutations of another group", () => {
  test("make of the keys what they are there, for who imports and for who replays", () => {
    for (let seed = 0; seed < 8; seed++) {
      const { group, entries } = foreignEntries(`import ${seed}`, 300);
      const prng = createPrng(`cuts ${seed}`);
      const target = new Group();
      const buffer = new Uint8Array(1 << 20);
      for (let at = 0; at < entries.length; ) {
        const next = Math.min(entries.length, at + prng.pick([1, 2, 20]));
        let length = 0;
        for (const entry of entries.slice(at, next)) {
          buffer.set(entry, length);
          length += entry.length;
        }
        target.entry((mutator) => {
          const before = mutator.mutations;
          const count = mutator.importMutations(buffer, 0, length);
          assert.equal(mutator.mutations - before, count);
        });
        // The bytes are used again.
        buffer.fill(0xee, 0, length);
        at = next;
      }
      assert.deepEqual(lines(target.state), lines(group.state));
      assert.equal(difference(dump(target.state), dump(target.replayed())), undefined);
    }
  });

  test("change nothing when something is wrong with any of them", () => {
    const { entries } = foreignEntries("wrong", 60);
    const prng = createPrng("flips");
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      const whole = new Uint8Array(Buffer.concat(entries.slice(prng.below(40), 41 + prng.below(19))));
      const bytes = prng.chance(1, 2) ? whole.slice(0, prng.below(whole.length)) : whole.slice();
      if (bytes.length > 0) bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8);
      const target = new Group();
      const touched: (string | undefined)[] = [];
      target.mutator.onTouch = (key) => touched.push(key);
      try {
        target.entry((mutator) => mutator.importMutations(bytes, 0, bytes.length));
        assert.equal(difference(dump(target.state), dump(target.replayed())), undefined);
      } catch (error) {
        assert.ok(error instanceof MalformedBytes, String(error));
        refused++;
        assert.deepEqual([target.state.size, target.entries[0]!.length, touched.length], [0, 0, 0]);
      }
    }
    assert.ok(refused > 50, `${refused} were refused`);
  });

  test("that are about no key, or could not be applied, are refused", () => {
    const refused = (write: (writer: ByteWriter) => void): void => {
      const writer = new ByteWriter();
      write(writer);
      const target = new Group();
      assert.throws(
        () => target.entry((mutator) => mutator.importMutations(writer.bytes, 0, writer.length)),
        MalformedBytes,
      );
    };
    refused((writer) => writer.text("\x13\0"));
    const slots = new Group().entry((mutator) => mutator.changeSlots({ kind: "assign", slots: [] }));
    refused((writer) => writer.copy(slots, 0, slots.length));
    refused((writer) => writer.text("\x63\x01k"));
    refused((writer) => {
      writer.text("\x04\x01k");
      writer.varint(2 ** 40);
      writer.lengthText("x");
    });
    refused((writer) => {
      writer.text("\x11\x01k\x01");
      writer.f64(Number.NaN);
      writer.lengthText("member");
    });
    refused((writer) => {
      writer.u8(kind.MUTATION_DELETE);
      writer.lengthText("k".repeat(64 * 1024 + 1));
    });
  });

  test("tell of their keys", () => {
    const source = new Group();
    const entry = source.entry((mutator) => {
      mutator.setText("a", "1", 0);
      mutator.setText("b", "1", 0);
    });
    const target = new Group();
    const touched: (string | undefined)[] = [];
    target.mutator.onTouch = (key) => touched.push(key);
    const imported = target.entry((mutator) => {
      mutator.importMutations(entry, 0, entry.length);
      mutator.changeSlots({ kind: "imported", move: "m", sourceSeq: 1, isWhole: true });
    });
    assert.deepEqual(touched, ["a", "b"]);
    assert.deepEqual(keysOfEntry(new ByteReader(imported)), new Set(["a", "b"]));
    const assigned = target.entry((mutator) => mutator.changeSlots({ kind: "assign", slots: [[0, 5]] }));
    assert.equal(keysOfEntry(new ByteReader(assigned)), undefined);
  });
});

test("the mutations of an entry are gone over one by one", () => {
  const { entries } = foreignEntries("cursor", 200);
  for (const entry of entries) {
    const cursor = new MutationCursor().open(new ByteReader(entry));
    const keys = new Set<string>();
    let end = 0;
    while (cursor.next()) {
      assert.equal(cursor.start, end);
      assert.equal(entry[cursor.start], cursor.code);
      keys.add(cursor.key);
      end = cursor.end;
    }
    assert.equal(end, entry.length);
    assert.deepEqual(keys, keysOfEntry(new ByteReader(entry)));
  }
});
