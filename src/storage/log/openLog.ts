import { epoch, SEQ_NONE } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import { ActiveSegment } from "./activeSegment.ts";
import { EpochIndex } from "./epochIndex.ts";
import { Log } from "./log.ts";
import { diskLogError, type LogError } from "./logError.ts";
import type { LogOptions } from "./options.ts";
import { recover } from "./recovery.ts";
import { repair } from "./repair.ts";
import { SEGMENT_HEADER_BYTES, type Segment } from "./segment.ts";
import type { LogPosition } from "./walk.ts";

/**
 * Opens the log in a directory of its own, or starts one there. A tail that a crash tore is cut off; anything worse
 * is an error, and then nothing was changed. Everything that the log then holds is durable, even if an earlier
 * process had failed to sync it.
 */
export async function openLog(disk: Disk, options: LogOptions): Promise<Result<Log, LogError>> {
  try {
    const recovered = await recover(disk, options);
    if (!recovered.ok) return recovered;
    const { segments, last, epochs, confirmed, tornBytes } = recovered.value;
    const newest = segments.at(-1);
    if (newest === undefined) return ok(await startLog(disk, options));
    await repair(disk, recovered.value);
    const active = await openActive(disk, newest, last, options);
    segments.splice(-1, 1, active.segment);
    return ok(new Log(disk, options, active, { segments, last, epochs, confirmed, tornBytes }));
  } catch (error) {
    if (error instanceof DiskError) return err(diskLogError(error));
    throw error;
  }
}

/** The segment to go on in. It may have been made when the last entry was another than the one it will stand behind. */
function openActive(disk: Disk, newest: Segment, last: LogPosition, options: LogOptions): Promise<ActiveSegment> {
  const isEmpty = newest.end === SEGMENT_HEADER_BYTES;
  if (isEmpty && newest.statedEpoch !== last.epoch)
    return ActiveSegment.create(disk, newest.serial, last, last.seq, options);
  return ActiveSegment.open(disk, newest, options);
}

async function startLog(disk: Disk, options: LogOptions): Promise<Log> {
  const last = options.startAfter ? { ...options.startAfter } : { seq: SEQ_NONE, epoch: epoch(0) };
  const active = await ActiveSegment.create(disk, 1, last, last.seq, options);
  const epochs = new EpochIndex(last.seq, last.epoch);
  return new Log(disk, options, active, {
    segments: [active.segment],
    last,
    epochs,
    confirmed: last.seq,
    tornBytes: 0,
  });
}
