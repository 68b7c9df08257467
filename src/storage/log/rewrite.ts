import { type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import type { Checksum } from "../../ports/checksum.ts";
import type { Disk } from "../../ports/disk.ts";
import { ChunkReader } from "./chunkReader.ts";
import { placeBefore, type Segment, segmentSerial } from "./segment.ts";
import { walkSegment } from "./walk.ts";

/**
 * Removes the segments behind the one at `index`, and one that was made and could not be used. The newest goes first, and
 * is gone for good before the next one goes: whatever a crash leaves is the log as it was, or a shorter one that ends with a
 * record. Rejects with `DiskError`.
 */
export async function removeBehind(disk: Disk, segments: Segment[], index: number): Promise<void> {
  const { serial } = segments[index]!;
  const names = await disk.list();
  for (const name of names.toReversed()) {
    if ((segmentSerial(name) ?? 0) <= serial) continue;
    await disk.remove(name);
    await disk.syncDirectory();
    if (segments.at(-1)!.name === name) segments.pop();
  }
}

/** Where the record ends whose last entry is `last`. Rejects with `DiskError`. */
export async function endOfRecord(disk: Disk, segment: Segment, last: Seq, checksum: Checksum): Promise<number> {
  const place = placeBefore(segment, last);
  const position = { seq: seq(place.firstSeq - 1), epoch: place.epoch };
  const file = await disk.open(segment.name, { create: false });
  try {
    const reader = new ChunkReader(file, segment.end);
    const walked = await walkSegment(
      reader,
      segment.salt,
      position,
      checksum,
      (record) => (record.firstSeq > last ? "stop" : undefined),
      place.at,
    );
    invariant(position.seq === last, `entry ${last} is not the last one of a record`);
    return walked.at;
  } finally {
    await file.close();
  }
}
