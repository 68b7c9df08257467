import type { ByteWriter } from "../../../base/byteWriter.ts";

/** Type codes of values, as they stand in records and mutations. 1 is a string, which is no collection. */
export const VALUE_LIST = 2;
export const VALUE_SET = 3;
export const VALUE_ZSET = 4;
export const VALUE_HASH = 5;

/** Limits of the compact encodings: the defaults of Redis 7.0's redis.conf. */
export const HASH_LISTPACK_ENTRIES_MAX = 512;
export const ZSET_LISTPACK_ENTRIES_MAX = 128;
export const LISTPACK_ELEMENT_BYTES_MAX = 64;
export const INTSET_ENTRIES_MAX = 512;

/** The OBJECT ENCODING names of Redis 7.0. */
export type EncodingName = "quicklist" | "listpack" | "hashtable" | "intset" | "skiplist";

/** Receives what has to be written or removed so that the pieces on disk are the value again. */
export interface PieceSink {
  /** Asked before each piece: it wants no more for now. */
  readonly isFull: boolean;
  /** `content` is used again for the next piece: it is valid during the call only. */
  put(piece: string, content: ByteWriter): void;
  delete(piece: string): void;
}

/** One stored piece: its name (latin1) and its content. */
export interface StoredPiece {
  piece: string;
  content: Uint8Array;
}

/**
 * A list, set, sorted set or hash in memory. Elements are latin1 strings (one char a byte). Nothing removes an empty
 * collection: its owner does, as Redis keeps no empty keys.
 */
export interface Collection {
  readonly type: number;
  readonly length: number;
  /** About how many bytes of memory the value takes, elements included. Costs O(1). */
  readonly memoryBytes: number;
  readonly encoding: EncodingName;
  /** Writes the whole value with its encoding and its order, so that `decodeCollection` gives the same value again. */
  encode(writer: ByteWriter): void;
  /** Whether changes are tracked by piece. */
  readonly inPieces: boolean;
  /**
   * From now on changes are tracked by piece. All pieces count as dirty, and none is taken to be on disk: the owner
   * removes what an earlier value of the key left there.
   */
  beginPieces(): void;
  /** Writes what is kept in the key's record beside the pieces: a byte that tells the encoding and the layout. */
  encodeHeader(writer: ByteWriter): void;
  /**
   * Reports pieces that changed and forgets that they did, until there are none or the sink is full. A delete may name a piece that
   * was never put. Only when none is left are the pieces that were reported the value.
   */
  takeDirtyPieces(sink: PieceSink): void;
  /** How many pieces `takeDirtyPieces` would report. 0 while the value is not in pieces. */
  readonly dirtyPieces: number;
}
