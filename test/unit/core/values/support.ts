import { ByteReader } from "../../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import type { Collection, StoredPiece } from "../../../../src/core/state/values/collection.ts";
import { collectionFromPieces, decodeCollection } from "../../../../src/core/state/values/decode.ts";

/** What a disk holds of one value: its pieces by name. */
export class PieceDisk {
  readonly pieces = new Map<string, Uint8Array>();
  puts = 0;
  deletes = 0;

  take(value: Collection): void {
    const expected = value.dirtyPieces;
    let reported = 0;
    value.takeDirtyPieces({
      isFull: false,
      put: (piece, content) => {
        this.pieces.set(piece, content.slice());
        this.puts++;
        reported++;
      },
      delete: (piece) => {
        this.pieces.delete(piece);
        this.deletes++;
        reported++;
      },
    });
    if (reported !== expected) throw new Error(`${expected} pieces were announced, ${reported} reported`);
    if (value.dirtyPieces !== 0) throw new Error("pieces are dirty after they were taken");
  }

  load<T extends Collection>(value: T): T {
    const header = new ByteWriter();
    value.encodeHeader(header);
    return collectionFromPieces(value.type, new ByteReader(header.slice()), this.inOrder()) as Collection as T;
  }

  inOrder(): StoredPiece[] {
    const names = [...this.pieces.keys()].sort();
    return names.map((piece) => ({ piece, content: this.pieces.get(piece)! }));
  }
}

export function encoded(value: Collection): Uint8Array {
  const writer = new ByteWriter();
  value.encode(writer);
  return writer.slice();
}

export function copyOf<T extends Collection>(value: T): T {
  const reader = new ByteReader(encoded(value));
  const copy = decodeCollection(value.type, reader) as Collection as T;
  if (reader.remaining !== 0) throw new Error("decoding left bytes over");
  return copy;
}

/** A small generator of its own (mulberry32), for long runs that need no shrinking. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below) | 0;
  };
}
