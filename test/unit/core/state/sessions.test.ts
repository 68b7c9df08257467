import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader, MalformedBytes } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { keySlot } from "../../../../src/base/crc16.ts";
import { decodeLatin1, latin1Bytes } from "../../../../src/base/latin1.ts";
import { createPrng } from "../../../../src/base/prng.ts";
import { SLOT_COUNT } from "../../../../src/core/slots/slotRanges.ts";
import { KeySpace, VALUE_SESSION } from "../../../../src/core/state/keySpace.ts";
import { KeysInOrder } from "../../../../src/core/state/keysInOrder.ts";
import { MUTATION_SESSION } from "../../../../src/core/state/mutation.ts";
import { MutationCursor } from "../../../../src/core/state/mutationsOfEntry.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { EXPIRES, EXPIRY_BYTES, HEAD_BYTES } from "../../../../src/core/state/record.ts";
import { Replayer } from "../../../../src/core/state/replay.ts";
import {
  isSessionKey,
  isSessionKeyBytes,
  SESSION_KEY_BYTES,
  SessionKey,
  writeSessionKey,
} from "../../../../src/core/state/sessionKey.ts";
import { SessionRow } from "../../../../src/core/state/sessionRow.ts";
import { loadSessionRow } from "../../../../src/core/state/sessionRows.ts";
import { countKeysInSlots, keysInSlot, SlotKeyWalk } from "../../../../src/core/state/slotKeys.ts";
import { fc } from "../../../support/properties.ts";

const END = 2 ** 41;
const ALL_SLOTS = [[0, SLOT_COUNT - 1]] as const;

function rowKey(slot: number, id: string): string {
  const key = new Uint8Array(SESSION_KEY_BYTES);
  writeSessionKey(key, slot, latin1Bytes(id.padEnd(16, "\xff")), 0);
  return decodeLatin1(key);
}

/** A key space and the log of its entries. */
class Space {
  readonly state = new KeySpace([1, 2]);
  readonly entries: Uint8Array[] = [];
  readonly #log = new ByteWriter();
  readonly mutator = new Mutator(this.state, this.#log);

  entry(change: (mutator: Mutator) => void): void {
    this.#log.reset();
    this.mutator.begin(this.entries.length + 1);
    change(this.mutator);
    assert.ok(this.mutator.end());
    this.entries.push(this.#log.slice(4));
  }

  remember(key: string, number: number, firstOpen: number, body = `answer ${number}`): void {
    const bytes = latin1Bytes(body);
    const keyBytes = latin1Bytes(key);
    this.state.findBytes(keyBytes, 0, keyBytes.length);
    this.state.keepSeek();
    this.entry((mutator) =>
      mutator.rememberAnswer(keyBytes, END, firstOpen, number, 4 + (number % 3), bytes, 0, bytes.length),
    );
  }
}

/** What is remembered of numbers up to `max`. */
function told(state: KeySpace, key: string, max: number): { firstOpen: number; answers: Map<number, string> } {
  const row = new SessionRow();
  loadSessionRow(state, state.find(key), row);
  const answers = new Map<number, string>();
  for (let number = 1; number <= max; number++) {
    if (!row.find(number)) continue;
    assert.equal(row.kind, 4 + (number % 3));
    answers.set(number, decodeLatin1(row.bytes, row.bodyStart, row.bodyEnd));
  }
  assert.equal(row.count, answers.size);
  return { firstOpen: row.firstOpen, answers };
}

describe("rows of sessions", () => {
  test("every slot has a key of its own for a session, which is of that slot", () => {
    const keys = new Set<string>();
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const key = rowKey(slot, "}{ab");
      assert.equal(keySlot(key), slot);
      assert.ok(isSessionKey(key) && isSessionKeyBytes(latin1Bytes(`x${key}`), 1, key.length + 1));
      keys.add(key);
    }
    assert.equal(keys.size, SLOT_COUNT);
    for (const other of [
      "",
      "\0",
      "\0".repeat(23),
      rowKey(1, "x").slice(1),
      rowKey(1, "x").slice(0, -1),
      `${rowKey(1, "x")}y`,
    ]) {
      assert.ok(!isSessionKey(other) && !isSessionKeyBytes(latin1Bytes(`${other}\0`), 0, other.length), other);
    }
  });

  test("remember the answers from the first open number on, whatever the order and the size", () => {
    const write = fc.record({
      number: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 150 })),
      open: fc.integer({ min: 0, max: 10 }),
      size: fc.constantFrom(0, 1, 20, 127, 128, 700, 1_024),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 120 }), fc.integer({ min: 0, max: 3 }), (writes, shift) => {
        const space = new Space();
        const key = rowKey(7, "property");
        const answers = new Map<number, string>();
        let firstOpen = 1;
        let newest = 0;
        for (const { number: drawn, open, size } of writes) {
          newest += shift;
          const number = drawn + newest;
          const sent = Math.max(1, number - open * (shift + 1));
          const body = `${number}:`.padEnd(size, "b").slice(0, size);
          space.remember(key, number, sent, body);
          firstOpen = Math.max(firstOpen, sent);
          for (const known of answers.keys()) if (known < firstOpen) answers.delete(known);
          if (number >= firstOpen && !answers.has(number)) answers.set(number, body);
        }
        const expected = { firstOpen, answers: new Map([...answers].toSorted(([a], [b]) => a - b)) };
        assert.deepEqual(told(space.state, key, newest + 150), expected);
        assert.deepEqual(told(replayed(space), key, newest + 150), expected);
      }),
      { numRuns: 60 },
    );
  });

  test("where a row was found before is no answer to where it is", () => {
    const space = new Space();
    const { state } = space;
    const prng = createPrng(7);
    const sought = new SessionKey();
    let rows = 0;
    for (let number = 1; number <= 6_000; number++) {
      // The keys of one slot share a place when the last two bytes of their sessions are alike.
      const key = rowKey(prng.below(3), prng.pick(["one session, 1st", "another one, 1st", "one session, 2st"]));
      const other = `key ${prng.below(40)}`;
      if (prng.chance(1, 40)) space.entry((mutator) => (state.find(key) === 0 ? mutator.clear() : mutator.delete(key)));
      // Takes the blocks that rows leave as they grow.
      space.entry((mutator) => mutator.setText(other, key.repeat(1 + prng.below(6)), prng.below(2) * END));
      if (prng.chance(1, 2)) space.entry((mutator) => mutator.delete(other));
      sought.bytes.set(latin1Bytes(key));
      const ref = state.findSessionRow(sought);
      const version = state.pendingVersion;
      assert.equal(ref, state.find(key));
      assert.equal(version, state.pendingVersion);
      if (ref !== 0) rows++;
      state.findSessionRow(sought);
      const bytes = latin1Bytes(`answer ${number}`.padEnd(prng.pick([10, 40, 200])));
      const firstOpen = Math.max(1, number - prng.below(60));
      space.entry((mutator) => mutator.rememberAnswer(sought.bytes, END, firstOpen, number, 4, bytes, 0, bytes.length));
    }
    assert.ok(rows > 3_000);
  });

  test("what a client writes to where a row was is never taken for one", () => {
    const space = new Space();
    const { state } = space;
    for (const id of ["first", "second"]) space.remember(rowKey(1, id), 1, 1);
    const sought = new SessionKey();
    sought.bytes.set(latin1Bytes(rowKey(1, "second")));
    const ref = state.findSessionRow(sought);
    assert.equal(ref, state.findSessionRow(sought));
    // In the words of a page: the new record begins at the first, and its value after three of head and one of key.
    const value = new ByteWriter();
    for (let word = 1 + 3 + 1; word < ref; word++) value.u32(0);
    value.u32(VALUE_SESSION | EXPIRES | (SESSION_KEY_BYTES << 8));
    for (let word = 1; word < (HEAD_BYTES + EXPIRY_BYTES) / 4; word++) value.u32(0);
    value.copy(sought.bytes, 0, SESSION_KEY_BYTES);
    space.entry((mutator) => mutator.clear());
    space.entry((mutator) => mutator.setText("fake", decodeLatin1(value.slice()), 0));
    assert.equal(state.findSessionRow(sought), 0);
  });

  test("a row of many large answers grows and shrinks where it lies", () => {
    const space = new Space();
    const key = rowKey(9, "large");
    for (let number = 1; number <= 3_000; number++) {
      space.remember(key, number, Math.max(1, number - 600), String(number).padEnd(300, "."));
    }
    const { firstOpen, answers } = told(space.state, key, 3_001);
    assert.deepEqual([firstOpen, answers.size, answers.get(2_400)?.slice(0, 5)], [2_400, 601, "2400."]);
    const bytes = space.state.memoryBytes(space.state.find(key));
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
    space.remember(key, 3_001, 3_001);
    assert.equal(told(space.state, key, 3_001).answers.size, 1);
    assert.ok(space.state.memoryBytes(space.state.find(key)) < 1_000);
  });

  test("an entry that is replayed again changes nothing", () => {
    const prng = createPrng("twice");
    const space = new Space();
    const keys = [rowKey(1, "a"), rowKey(2, "a"), rowKey(1, "b")];
    for (let i = 1; i < 300; i++) {
      if (prng.chance(1, 20)) space.entry((mutator) => mutator.setText("k", String(i), 0));
      else space.remember(prng.pick(keys), i, Math.max(1, i - prng.below(40)));
      if (prng.chance(1, 30))
        for (const key of keys) if (space.state.find(key) !== 0) space.entry((m) => m.delete(key));
    }
    const state = new KeySpace([5, 5]);
    const replayer = new Replayer(state);
    for (let round = 0; round < 3; round++) {
      // It begins anywhere before what is missing.
      for (let at = 0; at < space.entries.length; at++) replayer.entry(new ByteReader(space.entries[at]!), at + 1);
      for (const key of keys) assert.deepEqual(told(state, key, 300), told(space.state, key, 300));
    }
    assert.equal(state.sessionRows, space.state.sessionRows);
  });

  test("a key that holds something else is taken over, and one that becomes something else is none", () => {
    const space = new Space();
    const key = rowKey(3, "odd");
    space.entry((mutator) => mutator.setText(key, "text", 0));
    space.remember(key, 5, 1);
    assert.deepEqual([...told(space.state, key, 9).answers.keys()], [5]);
    space.entry((mutator) => mutator.append(key, "tail"));
    assert.equal(told(space.state, key, 9).answers.size, 0);
    space.remember(key, 6, 1);
    space.entry((mutator) => mutator.hashSet(key, ["f", "v"]));
    space.remember(key, 7, 1);
    assert.deepEqual([...told(space.state, key, 9).answers.keys()], [7]);
    assert.equal(space.state.size, 0);
  });

  test("are no keys for who counts, lists or chooses keys, but go with their slot and with all keys", () => {
    const { state, entry, remember } = bound(new Space());
    for (let i = 0; i < 50; i++) remember(rowKey(i * 3, "hidden"), 1, 1);
    assert.deepEqual([state.size, state.sessionRows, state.expiringKeys], [0, 50, 0]);
    assert.equal(state.randomKey(createPrng("none")), undefined);
    entry((mutator) => mutator.setText("shown", "1", END));
    assert.deepEqual([state.size, state.sessionRows, state.expiringKeys], [1, 50, 1]);
    assert.equal(state.randomKey(createPrng("one")), "shown");
    const scanned: string[] = [];
    let cursor = 0;
    do cursor = state.scan(cursor, 7, (key) => scanned.push(key));
    while (cursor !== 0);
    assert.deepEqual(scanned, ["shown"]);
    const inOrder = new KeysInOrder(state, "", { slot: 0, after: undefined }, SLOT_COUNT, { keys: 9, looks: 1_000 });
    assert.equal(inOrder.next()?.key, "shown");
    assert.equal(inOrder.next(), undefined);
    assert.deepEqual(keysInSlot(state, 3, 10), []);
    assert.equal(countKeysInSlots(state, ALL_SLOTS), 1);
    remember(rowKey(4, "hidden"), 1, 1);
    entry((mutator) => mutator.delete(rowKey(3, "hidden")));
    assert.deepEqual([countKeysInSlots(state, ALL_SLOTS), state.size, state.sessionRows], [1, 1, 50]);
    assert.equal(new SlotKeyWalk(state, [[0, 30]], 100).next()?.length, 11, "who cleans a slot finds them");
    entry((mutator) => mutator.clear());
    assert.deepEqual([state.size, state.sessionRows], [0, 0]);
  });

  test("an entry that no node writes is refused", () => {
    const read = (write: (writer: ByteWriter) => void): boolean => {
      const writer = new ByteWriter();
      writer.u8(MUTATION_SESSION);
      writer.lengthText("k");
      write(writer);
      return new MutationCursor().open(new ByteReader(writer.slice())).next();
    };
    const answer = (writer: ByteWriter, number: number, body = "b"): void => {
      writer.varint(number);
      writer.u8(4);
      writer.lengthText(body);
    };
    const head = (writer: ByteWriter, expireAt: number, firstOpen: number, count: number): void => {
      writer.u48(expireAt);
      writer.varint(firstOpen);
      writer.varint(count);
    };
    const whole = (expireAt: number, firstOpen: number, numbers: number[], body?: string) =>
      read((writer) => {
        head(writer, expireAt, firstOpen, numbers.length);
        for (const number of numbers) answer(writer, number, body);
      });
    assert.ok(whole(END, 1, [1, 2, 9]));
    assert.ok(whole(END, 1, []));
    assert.throws(() => whole(0, 1, [1]), MalformedBytes);
    assert.throws(() => whole(END, 0, [1]), MalformedBytes);
    assert.throws(() => whole(END, 1, [2, 2]), MalformedBytes);
    assert.throws(() => whole(END, 1, [0]), MalformedBytes);
    assert.throws(() => whole(END, 1, [1], "x".repeat(1_025)), MalformedBytes);
    assert.throws(() => read((writer) => head(writer, END, 1, 1)), MalformedBytes);
  });
});

function bound(space: Space) {
  return {
    state: space.state,
    entry: (change: (mutator: Mutator) => void) => space.entry(change),
    remember: (key: string, number: number, firstOpen: number) => space.remember(key, number, firstOpen),
  };
}

function replayed(space: Space): KeySpace {
  const state = new KeySpace([3, 4]);
  const replayer = new Replayer(state);
  for (const [at, entry] of space.entries.entries()) replayer.entry(new ByteReader(entry), at + 1);
  return state;
}
