import type { Disk } from "../../ports/disk.ts";
import { segmentSerial } from "./segment.ts";

/**
 * Removes a log that is of no use any more, for instance because it is damaged and everything in it will be learnt from
 * another replica. The newest segment goes first, so that what a crash leaves is the beginning of the log, without a hole.
 * Rejects with `DiskError`.
 */
export async function discardLog(disk: Disk): Promise<void> {
  const names = (await disk.list()).filter((name) => segmentSerial(name) !== undefined);
  for (const name of names.reverse()) {
    await disk.remove(name);
    await disk.syncDirectory();
  }
}
