import { invariant } from "../../base/invariant.ts";
import type { Disk, DiskFile } from "../../ports/disk.ts";
import type { Recovered } from "./recovery.ts";
import type { Segment } from "./segment.ts";

const COPY_BYTES = 256 * 1024;

/**
 * Makes a recovered log the log on disk. What a crash tore is cut off, so that no byte of it can be taken for a
 * record later. What no later record confirms is written once more: if an earlier process failed to sync it, the
 * pages count as clean although the disk never got them, and a sync alone would say "done" (Rebello et al., ATC
 * 2020). Rejects with `DiskError`.
 */
export async function repair(disk: Disk, recovered: Recovered): Promise<void> {
  for (const name of recovered.surplus) await disk.remove(name);
  const last = recovered.segments.at(-1);
  for (const segment of recovered.segments) {
    const from = recovered.unconfirmed.get(segment) ?? segment.end;
    if (from < segment.end || segment === last) await settle(disk, segment, from);
  }
  await disk.syncDirectory();
}

async function settle(disk: Disk, segment: Segment, from: number): Promise<void> {
  const file = await disk.open(segment.name, { create: false });
  try {
    await writeAgain(file, segment.name, from, segment.end);
    // A cut that an earlier process failed to sync shows and is not on disk: it has to be a change again.
    if (file.length <= segment.end) await file.truncate(segment.end + 1);
    await file.truncate(segment.end);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAgain(file: DiskFile, segment: string, from: number, end: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, end - from));
  for (let at = from; at < end; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, end - at));
    const length = await file.read(piece, at);
    invariant(length === piece.length, `${segment} became shorter while it was opened`);
    await file.write(piece, at);
  }
}
