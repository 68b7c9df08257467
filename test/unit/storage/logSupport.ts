import assert from "node:assert/strict";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { epoch, type Seq, seq, wallMillis } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import type { Disk } from "../../../src/ports/disk.ts";
import type { Log } from "../../../src/storage/log/log.ts";
import type { LogError } from "../../../src/storage/log/logError.ts";
import { openLog } from "../../../src/storage/log/openLog.ts";
import type { LogOptions } from "../../../src/storage/log/options.ts";
import { beginEntry, beginRecord, EntryCursor, endEntry, sealRecord } from "../../../src/storage/log/record.ts";

export const IDENTITY = 4711;

export function simDisk(seed = "log"): SimDisk {
  return new SimDisk({ prng: createPrng(seed).fork("disk") });
}

/** Options for small logs, without zeros ahead unless a test wants them. */
export function logOptions(changes: Partial<LogOptions> = {}): LogOptions {
  const random = createPrng("salts");
  return { identity: IDENTITY, checksum: nodeChecksum, random, aheadBytes: 0, ...changes };
}

export async function open(disk: Disk, changes: Partial<LogOptions> = {}): Promise<Log> {
  const opened = await openLog(disk, logOptions(changes));
  assert.ok(opened.ok, opened.ok ? "" : opened.error.message);
  return opened.value;
}

export async function openError(disk: Disk, changes: Partial<LogOptions> = {}): Promise<LogError> {
  const opened = await openLog(disk, logOptions(changes));
  assert.ok(!opened.ok, "the log could be opened");
  return opened.error;
}

/** A sealed record, in bytes of its own. */
export function record(firstSeq: number, contents: readonly string[], inEpoch = 1, time = 1000): Uint8Array {
  const writer = new ByteWriter();
  beginRecord(writer);
  for (const content of contents) {
    const start = beginEntry(writer);
    writer.text(content);
    endEntry(writer, start);
  }
  const facts = { epoch: epoch(inEpoch), firstSeq: seq(firstSeq), count: contents.length, time: wallMillis(time) };
  sealRecord(writer, facts, nodeChecksum);
  return writer.slice();
}

/** Writes one record of one entry for each content. */
export async function writeEach(log: Log, ...contents: readonly string[]): Promise<void> {
  for (const content of contents) await log.write(record(log.lastSeq + 1, [content], Math.max(1, log.lastEpoch)));
}

/** The entries behind `after`, as `seq:content`. */
export async function entries(log: Log, after: Seq = seq(0)): Promise<string[]> {
  const found: string[] = [];
  const cursor = new EntryCursor();
  const replayed = await log.replay(after, (view) => {
    for (cursor.open(view); cursor.next(); ) {
      if (cursor.seq > after) found.push(`${cursor.seq}:${decodeLatin1(cursor.bytes, cursor.start, cursor.end)}`);
    }
  });
  assert.ok(replayed.ok, replayed.ok ? "" : replayed.error.message);
  return found;
}
