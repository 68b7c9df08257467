import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedBytes } from "../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { epoch, seq, wallMillis } from "../../../src/base/ids.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import {
  beginEntry,
  beginRecord,
  EntryCursor,
  endEntry,
  RECORD_HEADER_BYTES,
  RecordView,
  sealRecord,
  stampRecord,
} from "../../../src/storage/log/record.ts";
import { record } from "./logSupport.ts";

const SALT = 0xdeadbeef;

function stamped(contents: readonly string[], firstSeq = 1): Uint8Array {
  const bytes = record(firstSeq, contents);
  stampRecord(bytes, SALT, seq(firstSeq - 1), nodeChecksum);
  return bytes;
}

function contentsOf(view: RecordView): string[] {
  const cursor = new EntryCursor().open(view);
  const found: string[] = [];
  while (cursor.next()) found.push(Buffer.from(cursor.bytes.subarray(cursor.start, cursor.end)).toString("latin1"));
  return found;
}

test("a record is read as it was written, wherever it stands", () => {
  const contents = ["first", "", "\x00\xff third", "x".repeat(70_000)];
  const writer = new ByteWriter(16);
  beginRecord(writer);
  for (const content of contents) {
    const start = beginEntry(writer);
    writer.text(content);
    endEntry(writer, start);
  }
  const facts = { epoch: epoch(2 ** 47), firstSeq: seq(2 ** 46 + 5), count: 4, time: wallMillis(1_700_000_000_123) };
  sealRecord(writer, facts, nodeChecksum);
  stampRecord(writer.view(), SALT, seq(2 ** 46), nodeChecksum);

  const elsewhere = new Uint8Array(writer.length + 20);
  elsewhere.set(writer.view(), 13);
  const view = new RecordView();
  assert.ok(view.loadValid(elsewhere, 13, SALT, nodeChecksum));
  assert.ok(view.payloadIsWhole(nodeChecksum));
  assert.deepEqual(contentsOf(view), contents);
  assert.equal(view.epoch, 2 ** 47);
  assert.equal(view.firstSeq, 2 ** 46 + 5);
  assert.equal(view.lastSeq, 2 ** 46 + 8);
  assert.equal(view.durable, 2 ** 46);
  assert.equal(view.time, 1_700_000_000_123);
});

test("every bit of a record counts", () => {
  const whole = stamped(["some", "content"]);
  const view = new RecordView();
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const taken = view.loadValid(flipped, 0, SALT, nodeChecksum) && view.payloadIsWhole(nodeChecksum);
    assert.ok(!taken, `bit ${bit} was turned over and not noticed`);
  }
});

test("a record of another segment is none", () => {
  assert.ok(!new RecordView().loadValid(stamped(["x"]), 0, SALT + 1, nodeChecksum));
});

test("stamping again for another segment keeps the content", () => {
  const bytes = stamped(["x", "y"]);
  stampRecord(bytes, 5, seq(0), nodeChecksum);
  const view = new RecordView();
  assert.ok(view.loadValid(bytes, 0, 5, nodeChecksum) && view.payloadIsWhole(nodeChecksum));
  assert.deepEqual(contentsOf(view), ["x", "y"]);
});

test("entries that do not fill their record are refused, whatever the checksums say", () => {
  for (const length of [0, 3, 5, 0xffff_ffff]) {
    const writer = new ByteWriter();
    beginRecord(writer);
    const start = beginEntry(writer);
    writer.text("four");
    endEntry(writer, start);
    writer.setU32(RECORD_HEADER_BYTES, length);
    const facts = { epoch: epoch(1), firstSeq: seq(1), count: 1, time: wallMillis(0) };
    sealRecord(writer, facts, nodeChecksum);
    const view = new RecordView();
    view.load(writer.view(), 0);
    assert.throws(() => contentsOf(view), MalformedBytes, `length ${length}`);
  }
});
