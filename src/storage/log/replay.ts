import { type Seq, seq } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Checksum } from "../../ports/checksum.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import { ChunkReader } from "./chunkReader.ts";
import { diskLogError, type LogError, logError } from "./logError.ts";
import type { RecordView } from "./record.ts";
import { placeBefore, type Segment } from "./segment.ts";
import { type RecordVisit, walkSegment } from "./walk.ts";

/**
 * Takes a record of a replay. Nothing of it, not its bytes either, may be used after the promise, if there is one, is
 * done.
 */
export type LogVisit = (record: RecordView) => void | Promise<void>;

/**
 * Visits every record with an entry behind `after` and up to `upTo`, in order; the first may begin with entries up to
 * `after`, the last may end with some behind `upTo`. Holds one piece of one segment in memory, or one record if that is
 * larger.
 */
export async function replaySegments(
  disk: Disk,
  segments: readonly Segment[],
  after: Seq,
  upTo: Seq,
  checksum: Checksum,
  visit: LogVisit,
): Promise<Result<void, LogError>> {
  for (const segment of segments) {
    if (segment.lastSeq <= after) continue;
    if (segment.afterSeq >= upTo) break;
    try {
      const failure = await replaySegment(disk, segment, after, upTo, checksum, visit);
      if (failure !== undefined) return err(failure);
    } catch (error) {
      if (error instanceof DiskError) return err(diskLogError(error));
      throw error;
    }
  }
  return ok(undefined);
}

async function replaySegment(
  disk: Disk,
  segment: Segment,
  after: Seq,
  upTo: Seq,
  checksum: Checksum,
  visit: LogVisit,
): Promise<LogError | undefined> {
  // Records that come while this runs are not part of it.
  const { name, salt, end, lastSeq } = segment;
  const place = placeBefore(segment, seq(after + 1));
  const file = await disk.open(name, { create: false });
  try {
    const position = { seq: seq(place.firstSeq - 1), epoch: place.epoch };
    const visitSome = (record: RecordView): ReturnType<RecordVisit> => {
      if (record.firstSeq > upTo) return "stop";
      return record.lastSeq > after ? visit(record) : undefined;
    };
    const walked = await walkSegment(new ChunkReader(file, end), salt, position, checksum, visitSome, place.at);
    if (position.seq >= Math.min(lastSeq, upTo)) return undefined;
    return logError("damaged", name, walked.at, `entry ${position.seq + 1} was readable before and is not any more`);
  } finally {
    await file.close();
  }
}
