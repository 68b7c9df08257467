import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, MalformedBytes } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import {
  type Collection,
  type StoredPiece,
  VALUE_HASH,
  VALUE_LIST,
  VALUE_SET,
  VALUE_ZSET,
} from "../../../../src/core/state/values/collection.ts";
import { collectionFromPieces, decodeCollection } from "../../../../src/core/state/values/decode.ts";
import { HashValue } from "../../../../src/core/state/values/hashValue.ts";
import { ListValue } from "../../../../src/core/state/values/listValue.ts";
import { SetValue } from "../../../../src/core/state/values/setValue.ts";
import { ZSetValue } from "../../../../src/core/state/values/zsetValue.ts";
import { fc } from "../../../support/properties.ts";
import { encoded, PieceDisk, randomFrom } from "./support.ts";

const TYPES = [VALUE_LIST, VALUE_SET, VALUE_ZSET, VALUE_HASH];

/** Collections of every type and layout. */
function samples(): Collection[] {
  const values: Collection[] = [];
  for (const length of [0, 1, 3, 40, 200, 600]) {
    const list = new ListValue();
    const hash = new HashValue();
    const texts = new SetValue();
    const integers = new SetValue();
    const zset = new ZSetValue();
    for (let i = 0; i < length; i++) {
      list.pushRight(`element ${i}`.repeat(i % 5));
      hash.set(`field ${i}`, "v".repeat(i % 7));
      texts.add(`member ${i}`);
      integers.add(`${i * 37 - 500}`);
      zset.add(`member ${i}`, i % 9);
    }
    values.push(list, hash, texts, integers, zset);
  }
  return values;
}

/** Accepts a value that holds together, or a refusal; nothing else. */
function read(decode: () => Collection): Collection | undefined {
  try {
    const value = decode();
    const again = decodeCollection(value.type, new ByteReader(encoded(value)));
    assert.equal(again.length, value.length);
    assert.equal(again.encoding, value.encoding);
    return value;
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return undefined;
  }
}

test("random bytes are refused or are a value", () => {
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      read(() => decodeCollection(type, new ByteReader(bytes)));
      bytes[0] = bytes[0]! & 3;
      read(() => decodeCollection(type, new ByteReader(bytes)));
    }),
    { numRuns: 5_000 },
  );
});

test("encoded values with changed bytes are refused or are a value", () => {
  const random = randomFrom(23);
  let refused = 0;
  for (const value of samples()) {
    const intact = encoded(value);
    for (let round = 0; round < 300; round++) {
      const bytes = intact.slice();
      for (let i = 1 + random(3); i > 0; i--) bytes[random(bytes.length)] = random(256);
      if (read(() => decodeCollection(value.type, new ByteReader(bytes))) === undefined) refused++;
    }
  }
  assert.ok(refused > 1_000, `only ${refused} were refused`);
});

test("an encoded value that ends too early is refused", () => {
  for (const value of samples()) {
    const bytes = encoded(value);
    for (let end = 0; end < bytes.length; end += 1 + (bytes.length >> 7)) {
      assert.throws(() => decodeCollection(value.type, new ByteReader(bytes, 0, end)), MalformedBytes);
    }
  }
});

test("a count that lies is refused before room is made for it", () => {
  for (const type of TYPES) {
    const writer = new ByteWriter();
    writer.u8(type === VALUE_ZSET ? 2 : 0);
    writer.varint(2 ** 40);
    writer.text("x".repeat(100));
    assert.throws(() => decodeCollection(type, new ByteReader(writer.slice())), MalformedBytes);
  }
});

test("an unknown type or encoding is refused", () => {
  for (const type of [0, 1, 6, 255])
    assert.throws(() => decodeCollection(type, new ByteReader(new Uint8Array(9))), MalformedBytes);
  for (const type of TYPES) {
    assert.throws(() => decodeCollection(type, new ByteReader(Uint8Array.of(9, 0))), MalformedBytes);
    assert.throws(() => collectionFromPieces(type, new ByteReader(Uint8Array.of(9)), []), MalformedBytes);
    assert.throws(() => collectionFromPieces(type, new ByteReader(new Uint8Array(0)), []), MalformedBytes);
  }
});

test("an element that is there twice, or out of order, is refused", () => {
  for (const count of [3, 20, 200]) {
    const names = Array.from({ length: count }, (_, i) => `m${String(i).padStart(3, "0")}`);
    for (const wrong of [names.concat(names[1]!), names.toReversed().concat(names[1]!)]) {
      const hash = new ByteWriter();
      const set = new ByteWriter();
      const zset = new ByteWriter();
      hash.u8(1);
      set.u8(1);
      zset.u8(count > 128 ? 2 : 0);
      for (const writer of [hash, set, zset]) writer.varint(wrong.length);
      wrong.forEach((name, i) => {
        hash.lengthText(name);
        hash.lengthText("");
        set.lengthText(name);
        zset.lengthText(name);
        zset.f64(1 + (i === count ? 1 : 0));
        if (count > 128) zset.varint(i);
      });
      for (const [type, writer] of [
        [VALUE_HASH, hash],
        [VALUE_SET, set],
        [VALUE_ZSET, zset],
      ] as const) {
        assert.throws(() => decodeCollection(type, new ByteReader(writer.slice())), MalformedBytes);
      }
    }
  }
});

function refusedPieces(type: number, flag: number, pieces: StoredPiece[]): boolean {
  const header = new ByteReader(Uint8Array.of(flag));
  return read(() => collectionFromPieces(type, header, pieces)) === undefined;
}

test("pieces with missing, changed or repeated content are refused or are a value", () => {
  const random = randomFrom(29);
  for (const value of samples()) {
    value.beginPieces();
    const disk = new PieceDisk();
    disk.take(value);
    const intact = disk.inOrder();
    if (intact.length === 0) continue;
    const header = new ByteWriter();
    value.encodeHeader(header);
    for (let round = 0; round < 60; round++) {
      const pieces = intact
        .filter(() => random(20) > 0)
        .map(({ piece, content }) => ({ piece, content: content.slice() }));
      const victim = pieces[random(pieces.length)];
      if (victim === undefined) continue;
      if (round % 3 === 0) victim.content[random(victim.content.length)] = random(256);
      else if (round % 3 === 1) victim.content = victim.content.slice(0, random(victim.content.length));
      const loaded = read(() => collectionFromPieces(value.type, new ByteReader(header.slice()), pieces));
      if (loaded === undefined) continue;
      // Positions that were put right are dirty; once they are written, loading gives the same value.
      for (const { piece, content } of pieces) disk.pieces.set(piece, content);
      const repaired = new PieceDisk();
      for (const { piece, content } of pieces) repaired.pieces.set(piece, content);
      repaired.take(loaded);
      const again = repaired.load(loaded);
      assert.deepEqual(encoded(again), encoded(loaded));
      assert.equal(again.dirtyPieces, 0);
    }
  }
});

test("repeated pieces and pieces with bytes behind their end are refused", () => {
  const position = Uint8Array.of(0);
  const scored = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0);
  assert.ok(!refusedPieces(VALUE_SET, 1, [{ piece: "a", content: position }]));
  assert.ok(
    refusedPieces(VALUE_SET, 1, [
      { piece: "a", content: position },
      { piece: "a", content: position },
    ]),
  );
  assert.ok(
    refusedPieces(VALUE_SET, 0, [
      { piece: "1", content: position },
      { piece: "1", content: position },
    ]),
  );
  assert.ok(refusedPieces(VALUE_SET, 0, [{ piece: "a", content: position }]));
  assert.ok(refusedPieces(VALUE_SET, 1, [{ piece: "a", content: Uint8Array.of(0, 0) }]));
  assert.ok(
    refusedPieces(VALUE_HASH, 0, [
      { piece: "a", content: position },
      { piece: "a", content: position },
    ]),
  );
  assert.ok(!refusedPieces(VALUE_ZSET, 2, [{ piece: "a", content: scored }]));
  assert.ok(
    refusedPieces(VALUE_ZSET, 2, [
      { piece: "a", content: scored },
      { piece: "a", content: scored },
    ]),
  );
  assert.ok(refusedPieces(VALUE_LIST, 0, [{ piece: "a", content: position }]));
});
