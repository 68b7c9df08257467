import { ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import type { StoredPiece } from "./collection.ts";

/**
 * Reads the names of pieces and the position with which each content begins. `readRest` reads what stands behind it,
 * to the end.
 */
export function readPieces(
  pieces: Iterable<StoredPiece>,
  readRest: (content: ByteReader) => void,
): { names: string[]; positions: number[] } {
  const names: string[] = [];
  const positions: number[] = [];
  for (const { piece, content } of pieces) {
    const reader = new ByteReader(content);
    names.push(piece);
    positions.push(reader.varint());
    readRest(reader);
    if (reader.remaining > 0) throw new MalformedBytes("a piece has bytes behind its end");
  }
  return { names, positions };
}

/**
 * Elements that have positions keep them on disk, in their pieces: a SCAN that began before the value left the memory
 * goes on with the same cursor after it is back, and so at every replica.
 *
 * Gives for each position which of the read elements stands there. Positions that no writer writes (gaps, repetitions)
 * are closed up, in the order that they say.
 */
export function orderOfPieces(positions: number[]): { order: number[]; intact: boolean } {
  const { length } = positions;
  const order = new Array<number>(length).fill(-1);
  for (let i = 0; i < length; i++) {
    const position = positions[i]!;
    if (position >= length || order[position] !== -1) return { order: closedUp(positions), intact: false };
    order[position] = i;
  }
  return { order, intact: true };
}

function closedUp(positions: number[]): number[] {
  return positions.map((_, i) => i).sort((left, right) => positions[left]! - positions[right]! || left - right);
}

/** One step of a SCAN over positions, from the highest down: next position to visit first, and how many. */
interface ScanStep {
  from: number;
  to: number;
}

/**
 * The positions [to, from) that a SCAN step visits, downwards; `to` is the next cursor. A cursor is the number of positions
 * still to visit, 0 at the start. Going down cannot miss an element: a deletion moves the last one, which was visited, or
 * moves inside the part still to visit; new ones are added at the end.
 */
export function scanStep(cursor: number, count: number, length: number): ScanStep {
  const from = cursor <= 0 || cursor > length ? length : cursor;
  return { from, to: Math.max(0, from - Math.max(1, count)) };
}
