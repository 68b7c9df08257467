import type { Epoch, Seq } from "../../base/ids.ts";
import type { Checksum } from "../../ports/checksum.ts";
import type { ChunkReader } from "./chunkReader.ts";
import { RECORD_HEADER_BYTES, RECORD_MAGIC_AT, RECORD_MAGIC_BYTE, RecordView } from "./record.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";

/** Where a walk stands: the last entry that it saw. */
export interface LogPosition {
  seq: Seq;
  epoch: Epoch;
}

/**
 * `end`: no valid record follows, and whether one was there is another question. `gap`: one follows, but later in the
 * sequence than it should. `disorder`: one follows with a seq or epoch that was there before; no crash does that.
 * `newer_format`: a record of an unknown kind.
 */
type WalkStop = "end" | "gap" | "disorder" | "newer_format";

export interface WalkEnd {
  readonly stop: WalkStop;
  readonly at: number;
  /** The first seq of the record that stands at `at`, in the case of a `gap`. */
  readonly foundSeq: number;
}

/**
 * Called for each record; `at` is where it starts in the file. The view is valid until the promise, if any, is done.
 * With `stop` the walk ends before this record, as if none were there.
 */
export type RecordVisit = (record: RecordView, at: number) => void | "stop" | undefined | Promise<void>;

/**
 * Goes over the valid records of a segment from position `from` of the file on, moves `position` along, and says where and why it stopped.
 */
export async function walkSegment(
  reader: ChunkReader,
  salt: number,
  position: LogPosition,
  checksum: Checksum,
  visit: RecordVisit,
  from = SEGMENT_HEADER_BYTES,
): Promise<WalkEnd> {
  const view = new RecordView();
  let at = from;
  for (;;) {
    if (!reader.holds(at, RECORD_HEADER_BYTES) && !(await reader.fill(at, RECORD_HEADER_BYTES))) break;
    if (!view.loadValid(reader.bytes, at - reader.base, salt, checksum)) break;
    if (!view.kindKnown) return { stop: "newer_format", at, foundSeq: 0 };
    const length = view.end - view.start + RECORD_HEADER_BYTES;
    if (!reader.holds(at, length)) {
      if (!(await reader.fill(at, length))) break;
      view.load(reader.bytes, at - reader.base);
    }
    if (!view.payloadIsWhole(checksum)) break;
    if (view.firstSeq > position.seq + 1) return { stop: "gap", at, foundSeq: view.firstSeq };
    if (view.firstSeq <= position.seq || view.epoch < position.epoch) return { stop: "disorder", at, foundSeq: 0 };
    const answer = visit(view, at);
    if (answer === "stop") break;
    if (answer !== undefined) await answer;
    position.seq = view.lastSeq;
    position.epoch = view.epoch;
    at += length;
  }
  return { stop: "end", at, foundSeq: 0 };
}

/** What stands behind the end of a log. */
export interface Remains {
  /** Highest durable point in any header that is still whole. */
  durable: number;
  /** Position behind the last byte that is not zero, or where the search began. */
  written: number;
}

/** Looks at every byte from `from` on for the headers of records of this segment. */
export async function searchRemains(
  reader: ChunkReader,
  from: number,
  salt: number,
  checksum: Checksum,
): Promise<Remains> {
  const remains: Remains = { durable: 0, written: from };
  const view = new RecordView();
  let at = from;
  while (await reader.fill(at, Math.min(RECORD_HEADER_BYTES, Math.max(reader.limit - at, 1)))) {
    const { bytes, base } = reader;
    const filled = reader.until - base;
    const last = lastWritten(bytes, filled);
    if (last > 0) remains.written = base + last;
    let hit = bytes.indexOf(RECORD_MAGIC_BYTE);
    while (hit !== -1 && hit < last) {
      const start = hit - RECORD_MAGIC_AT;
      const whole = start >= 0 && start + RECORD_HEADER_BYTES <= filled;
      if (whole && view.loadValid(bytes, start, salt, checksum))
        remains.durable = Math.max(remains.durable, view.durable);
      hit = bytes.indexOf(RECORD_MAGIC_BYTE, hit + 1);
    }
    // The last bytes of a window are looked at again at the start of the next, for a header may lie across its edge.
    const next = reader.until < reader.limit ? reader.until - RECORD_HEADER_BYTES : reader.limit;
    if (next <= at) break;
    at = next;
  }
  return remains;
}

/** Number of bytes up to the last one that is not zero. */
function lastWritten(bytes: Uint8Array, length: number): number {
  let last = length;
  while (last > 0 && bytes[last - 1] === 0) last--;
  return last;
}
