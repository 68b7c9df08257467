import assert from "node:assert/strict";
import { test } from "node:test";
import { seq } from "../../../src/base/ids.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Disk } from "../../../src/ports/disk.ts";
import { RECORD_HEADER_BYTES, stampRecord } from "../../../src/storage/log/record.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../../../src/storage/log/segment.ts";
import { entries, IDENTITY, logOptions, open, openError, record, simDisk, writeEach } from "./logSupport.ts";

const FIRST = "0000000000000001.log";
const ONE_ENTRY_BYTES = RECORD_HEADER_BYTES + 4 + 1;

/** A log of one-byte entries, as files. */
async function files(contents: readonly string[], segmentBytesMax = 1 << 20): Promise<Map<string, Uint8Array>> {
  const sim = simDisk();
  const log = await open(sim.mount(), { segmentBytesMax });
  await writeEach(log, ...contents);
  return sim.contents();
}

async function diskOf(contents: Map<string, Uint8Array>): Promise<Disk> {
  const disk = simDisk().mount();
  for (const [name, bytes] of contents) await disk.replace(name, bytes);
  return disk;
}

function changed(
  contents: Map<string, Uint8Array>,
  name: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Map<string, Uint8Array> {
  const copy = new Map(contents);
  const bytes = contents.get(name)!.slice();
  copy.set(name, change(bytes));
  return copy;
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  bytes[at] = bytes[at]! ^ mask;
  return bytes;
}

async function assertRefused(contents: Map<string, Uint8Array>, code: string, file: string, at: number): Promise<void> {
  const disk = await diskOf(contents);
  const error = await openError(disk);
  assert.equal(error.code, code, error.message);
  assert.deepEqual([error.file, error.at], [file, at]);
  assert.ok(error.message.length > 20 && error.message.includes(file), error.message);
  for (const [name, bytes] of contents) assert.deepEqual(await disk.read(name), bytes, `${name} was changed`);
  assert.equal((await disk.list()).length, contents.size);
}

test("a tail that ends anywhere in the last record is cut off", async () => {
  const whole = await files(["a", "b"]);
  const two = SEGMENT_HEADER_BYTES + 2 * ONE_ENTRY_BYTES;
  for (let length = two - ONE_ENTRY_BYTES; length < two; length++) {
    const disk = await diskOf(changed(whole, FIRST, (bytes) => bytes.slice(0, length)));
    const log = await open(disk);
    assert.deepEqual(await entries(log), ["1:a"]);
    assert.equal((await disk.read(FIRST)).length, two - ONE_ENTRY_BYTES);
    await writeEach(log, "c");
    assert.deepEqual(await entries(await open(disk)), ["1:a", "2:c"]);
  }
});

test("a tail of zeros or of anything else is cut off, and counted unless it is zero", async () => {
  const whole = await files(["a"]);
  const end = whole.get(FIRST)!.length;
  for (const [byte, torn] of [
    [0, 0],
    [0x48, 5000],
    [255, 5000],
  ] as const) {
    const disk = await diskOf(
      changed(whole, FIRST, (bytes) => Uint8Array.of(...bytes, ...new Uint8Array(5000).fill(byte))),
    );
    const log = await open(disk);
    assert.deepEqual(await entries(log), ["1:a"]);
    assert.equal(log.tornBytes, torn);
    assert.equal((await disk.read(FIRST)).length, end);
  }
});

test("a bit that turned over before the last record is refused, wherever it is", async () => {
  const whole = await files(["a", "b", "c"]);
  for (let at = SEGMENT_HEADER_BYTES; at < SEGMENT_HEADER_BYTES + 2 * ONE_ENTRY_BYTES; at++) {
    const start = SEGMENT_HEADER_BYTES + ONE_ENTRY_BYTES * Math.floor((at - SEGMENT_HEADER_BYTES) / ONE_ENTRY_BYTES);
    const damaged = changed(whole, FIRST, (bytes) => flipped(bytes, at, 16));
    await assertRefused(damaged, "damaged", FIRST, start);
  }
});

test("after a clean close, even the last record is known to have been whole", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  await writeEach(log, "a");
  await log.close();
  const damaged = changed(sim.contents(), FIRST, (bytes) => flipped(bytes, SEGMENT_HEADER_BYTES + 50, 1));
  await assertRefused(damaged, "damaged", FIRST, SEGMENT_HEADER_BYTES);
});

test("a damaged record in an earlier segment is refused, and so is one before an empty segment", async () => {
  const whole = await files(["a", "b", "c", "d"], 180);
  assert.equal(whole.size, 2);
  for (const at of [SEGMENT_HEADER_BYTES + 20, SEGMENT_HEADER_BYTES + ONE_ENTRY_BYTES + 20]) {
    const start = at - 20;
    await assertRefused(
      changed(whole, FIRST, (bytes) => flipped(bytes, at, 1)),
      "damaged",
      FIRST,
      start,
    );
    const emptied = changed(whole, "0000000000000002.log", (bytes) => bytes.slice(0, SEGMENT_HEADER_BYTES));
    await assertRefused(
      changed(emptied, FIRST, (bytes) => flipped(bytes, at, 1)),
      "damaged",
      FIRST,
      start,
    );
  }
});

test("any bit of a segment's header counts, whether it is empty or not", async () => {
  for (const contents of [[], ["a"]]) {
    const whole = await files(contents);
    for (let bit = 0; bit < SEGMENT_HEADER_BYTES * 8; bit++) {
      await assertRefused(
        changed(whole, FIRST, (bytes) => flipped(bytes, bit >> 3, 1 << (bit & 7))),
        "damaged",
        FIRST,
        0,
      );
    }
  }
});

test("a missing segment is a hole", async () => {
  const whole = await files(["a", "b", "c", "d", "e"], 180);
  assert.equal(whole.size, 3);
  whole.delete("0000000000000002.log");
  await assertRefused(whole, "hole", "0000000000000002.log", 0);
});

test("a segment under the name of another one is refused", async () => {
  const whole = await files(["a", "b", "c"], 180);
  const moved = new Map([["0000000000000007.log", whole.get("0000000000000002.log")!]]);
  await assertRefused(moved, "damaged", "0000000000000007.log", 0);
});

test("the log of another node is refused", async () => {
  const disk = await diskOf(await files(["a"]));
  const error = await openError(disk, { identity: IDENTITY + 1 });
  assert.deepEqual([error.code, error.file], ["foreign", FIRST]);
});

test("a later version is refused, not overwritten", async () => {
  const whole = await files(["a"]);
  const newer = changed(whole, FIRST, (bytes) => {
    bytes[8] = 2;
    const crc = nodeChecksum.crc32(bytes, 16, SEGMENT_HEADER_BYTES, nodeChecksum.crc32(bytes, 0, 12));
    new DataView(bytes.buffer).setUint32(12, crc, true);
    return bytes;
  });
  await assertRefused(newer, "newer_format", FIRST, 0);
  const newerRecord = changed(whole, FIRST, (bytes) => {
    bytes[SEGMENT_HEADER_BYTES + 7] = 9;
    const start = SEGMENT_HEADER_BYTES + 4;
    const crc = nodeChecksum.crc32(bytes, start, SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES);
    new DataView(bytes.buffer).setUint32(SEGMENT_HEADER_BYTES, crc, true);
    return bytes;
  });
  await assertRefused(newerRecord, "newer_format", FIRST, SEGMENT_HEADER_BYTES);
});

test("records out of order are refused: no crash does that", async () => {
  const whole = await files(["a"]);
  const header = decodeSegmentHeader(whole.get(FIRST)!, nodeChecksum);
  assert.ok(typeof header === "object");
  const end = whole.get(FIRST)!.length;
  for (const [firstSeq, inEpoch] of [
    [1, 1],
    [5, 1],
    [2, 0],
  ] as const) {
    const odd = record(firstSeq, ["odd"], inEpoch);
    stampRecord(odd, header.salt, seq(1), nodeChecksum);
    const contents = changed(whole, FIRST, (bytes) => Uint8Array.of(...bytes, ...odd));
    await assertRefused(contents, "damaged", FIRST, end);
  }
});

test("a value that looks like a record is none, since no client knows the salt", async () => {
  const fake = record(2, ["forged"]);
  stampRecord(fake, 12345, seq(1), nodeChecksum);
  const text = Buffer.from(fake).toString("latin1");
  const whole = await files(["a"]);
  const start = SEGMENT_HEADER_BYTES + ONE_ENTRY_BYTES;
  // A record of which only the header was torn, so that the search meets the value in it.
  const torn = record(2, [text.repeat(3)]).fill(0, 0, 20);
  const disk = await diskOf(changed(whole, FIRST, (bytes) => Uint8Array.of(...bytes, ...torn)));
  const log = await open(disk);
  assert.deepEqual(await entries(log), ["1:a"]);
  assert.equal((await disk.read(FIRST)).length, start);
});

test("records that no sync covered may go in any order: the log ends before the first that is gone", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  await log.write(record(1, ["a"]));
  for (const [i, content] of ["b", "c", "d"].entries()) log.writeNow(record(i + 2, [content]));
  const at = SEGMENT_HEADER_BYTES + ONE_ENTRY_BYTES * 2;
  const disk = await diskOf(changed(sim.contents(), FIRST, (bytes) => bytes.fill(0, at, at + ONE_ENTRY_BYTES)));
  const again = await open(disk);
  assert.deepEqual(await entries(again), ["1:a", "2:b"]);
  assert.equal(again.tornBytes, 2 * ONE_ENTRY_BYTES);
  // The lost ones must not come back behind a new record that fits exactly.
  await writeEach(again, "C");
  assert.deepEqual(await entries(await open(disk)), ["1:a", "2:b", "3:C"]);
});

test("damage that shows only while the log is in use is reported by the replay", async () => {
  const sim = simDisk();
  const log = await open(sim.mount());
  await writeEach(log, "a", "b");
  sim.flipBit(FIRST, SEGMENT_HEADER_BYTES + 50, 3);
  const replayed = await log.replay(seq(0), () => assert.fail("nothing may be visited"));
  assert.ok(!replayed.ok);
  assert.deepEqual([replayed.error.code, replayed.error.at], ["damaged", SEGMENT_HEADER_BYTES]);
});

test("a disk that cannot be read is no damage", async () => {
  const sim = simDisk();
  await open(sim.mount());
  for (const operation of ["list", "open", "read"] as const) {
    sim.failNext(operation, "io");
    const error = await openError(sim.mount());
    assert.deepEqual([error.code, error.diskCode], ["disk", "io"]);
  }
  const log = await open(sim.mount());
  await writeEach(log, "a");
  sim.failNext("read", "io");
  const replayed = await log.replay(seq(0), () => undefined);
  assert.ok(!replayed.ok && replayed.error.code === "disk");
});

test("other files in the directory are left alone", async () => {
  const disk = simDisk().mount();
  await disk.replace("readme.txt", Uint8Array.of(1));
  const log = await open(disk, logOptions());
  await writeEach(log, "a");
  await open(disk);
  assert.deepEqual(await disk.list(), [FIRST, "readme.txt"]);
});
