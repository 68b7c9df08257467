import { type Epoch, type Seq, seq, type WallMillis } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Checksum } from "../../ports/checksum.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import { ChunkReader } from "./chunkReader.ts";
import { diskLogError, type LogErrorCode, logError } from "./logError.ts";
import { EntryCursor, RECORD_HEADER_BYTES, type RecordView, resealTail } from "./record.ts";
import { placeBefore, type Segment } from "./segment.ts";
import { walkSegment } from "./walk.ts";
import { stampForWire } from "./wireRecord.ts";

/** A record for another replica. */
export interface LogRecord {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly epoch: Epoch;
  readonly time: WallMillis;
  /** In wire form. */
  readonly bytes: Uint8Array;
}

/** `gone`: the log no longer has what was asked for, or was rewritten meanwhile; the others as for opening a log. */
export interface ReadError {
  readonly code: "gone" | LogErrorCode;
  readonly message: string;
}

export function gone(from: Seq): Result<never, ReadError> {
  return err({ code: "gone", message: `entry ${from} is not in the log any more` });
}

/** Reads whole records from `from` on until there are `bytesMax` bytes of them, one at least. Throws nothing of the disk. */
export async function readRecords(
  disk: Disk,
  segments: readonly Segment[],
  from: Seq,
  bytesMax: number,
  checksum: Checksum,
): Promise<Result<readonly LogRecord[], ReadError>> {
  const records: LogRecord[] = [];
  let left = bytesMax;
  const take = (view: RecordView): "stop" | undefined => {
    if (view.lastSeq < from || view.count === 0) return undefined;
    if (records.length > 0 && left < view.end - view.start) return "stop";
    const record = copyRecord(view, from, checksum);
    left -= record.bytes.length;
    records.push(record);
    return undefined;
  };
  try {
    for (const segment of segments) {
      if (segment.lastSeq < from) continue;
      if (records.length > 0 && left <= 0) break;
      const stop = await readSegment(disk, segment, from, checksum, take);
      if (stop !== undefined) return err(stop);
      if (records.length > 0 && records.at(-1)!.lastSeq < segment.lastSeq) break;
    }
    return ok(records);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    // The file was removed by a cut after the list of segments was taken.
    return error.code === "not_found" ? gone(from) : err(diskLogError(error));
  }
}

async function readSegment(
  disk: Disk,
  segment: Segment,
  from: Seq,
  checksum: Checksum,
  take: (view: RecordView) => "stop" | undefined,
): Promise<ReadError | undefined> {
  // Records that come while this runs are not part of it.
  const { name, salt, end, lastSeq } = segment;
  const place = placeBefore(segment, from);
  const position = { seq: seq(place.firstSeq - 1), epoch: place.epoch };
  const file = await disk.open(name, { create: false });
  try {
    let stopped = false;
    const visit = (view: RecordView): "stop" | undefined => {
      const answer = take(view);
      stopped = answer !== undefined;
      return answer;
    };
    const walked = await walkSegment(new ChunkReader(file, end), salt, position, checksum, visit, place.at);
    if (stopped || position.seq === lastSeq) return undefined;
    return logError("damaged", name, walked.at, `entry ${position.seq + 1} was readable before and is not any more`);
  } finally {
    await file.close();
  }
}

function copyRecord(view: RecordView, from: Seq, checksum: Checksum): LogRecord {
  const { epoch, lastSeq, time } = view;
  const isCut = view.firstSeq < from;
  const bytes = isCut ? tailFrom(view, from, checksum) : view.bytes.slice(view.start - RECORD_HEADER_BYTES, view.end);
  stampForWire(bytes, checksum);
  return { firstSeq: isCut ? from : view.firstSeq, lastSeq, epoch, time, bytes };
}

/** A snapshot may end within a record: its receiver's log then begins there. */
function tailFrom(view: RecordView, from: Seq, checksum: Checksum): Uint8Array {
  const cursor = new EntryCursor().open(view);
  while (cursor.seq + 1 < from) cursor.next();
  return resealTail(view, cursor.end, from, checksum);
}
