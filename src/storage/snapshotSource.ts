import { ByteWriter } from "../base/byteWriter.ts";
import { type Epoch, type Seq, seq } from "../base/ids.ts";
import { invariant } from "../base/invariant.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Engine, EngineSnapshot } from "../ports/engine.ts";
import { intact } from "./engineStore.ts";
import {
  CONTENT_RANGE,
  META_KEY,
  NAME_AT,
  ORPHANS_RANGE,
  pieceIdOfOrphanKey,
  pieceIdOfPieceKey,
  piecesRange,
  recordsRange,
  SLOTS_KEY,
} from "./keyLayout.ts";
import type { Log } from "./log/log.ts";
import type { Retention } from "./log/retention.ts";
import { decodeMeta, type EngineMeta, newMeta } from "./meta.ts";
import {
  CHUNK_BYTES_MAX,
  ENTRY_END,
  ENTRY_ORPHAN,
  ENTRY_PIECE,
  ENTRY_RECORD,
  ENTRY_SLOTS,
  writeSnapshotHeader,
} from "./snapshotFormat.ts";

/** About a millisecond of the main thread. */
const PAGE_BYTES = 64 * 1024;
const PIECE_ID_BYTES = 6;

export interface SnapshotSourceParts {
  readonly engine: Engine;
  readonly log: Log;
  readonly checksum: Checksum;
  /** So much log may gather behind the snapshot before the receiver is given up. */
  readonly logBytesMax: number;
}

/**
 * A replica's store at one instant, for another replica to begin with. It is read in the background while the store changes;
 * what the store then lacks, the log has from `seq` on. What is not committed is not in it, for it is not in the store.
 */
export class SnapshotSource {
  /** The receiver's log begins behind this entry … */
  readonly seq: Seq;
  /** … which is of this epoch. */
  readonly epoch: Epoch;
  /** Keeps the log behind `seq`. It stays until somebody releases it: the receiver needs that log next. */
  readonly retention: Retention;
  readonly #snapshot: EngineSnapshot;
  readonly #meta: EngineMeta;
  readonly #checksum: Checksum;
  readonly #writer = new ByteWriter(CHUNK_BYTES_MAX);
  #crc = 0;
  #entries = 0;

  private constructor(
    parts: SnapshotSourceParts,
    snapshot: EngineSnapshot,
    meta: EngineMeta,
    at: { readonly epoch: Epoch; readonly retention: Retention },
  ) {
    this.#checksum = parts.checksum;
    this.#snapshot = snapshot;
    this.#meta = meta;
    this.seq = meta.applied;
    this.epoch = at.epoch;
    this.retention = at.retention;
  }

  /** Throws `MalformedBytes` if the store is damaged, and what the engine rejects with. */
  static async open(parts: SnapshotSourceParts): Promise<SnapshotSource> {
    const { engine, log, checksum, logBytesMax } = parts;
    // First: a cut between the two would take away what the snapshot lacks.
    const retention = log.retain("snapshot", seq(log.firstSeq - 1), logBytesMax);
    let snapshot: EngineSnapshot | undefined;
    try {
      snapshot = await engine.snapshot();
      const [pair] = await snapshot.page({ gte: META_KEY, lt: CONTENT_RANGE.gte, bytesMax: 1 });
      const meta = pair === undefined ? newMeta() : decodeMeta(intact(pair.key, pair.value, checksum));
      invariant(meta?.installing === false, "a store that is not whole is not copied");
      const epoch = log.epochAt(meta.applied);
      invariant(epoch !== undefined, "the log goes back to what the store has");
      retention.advance(meta.applied);
      return new SnapshotSource(parts, snapshot, meta, { epoch, retention });
    } catch (error) {
      retention.release();
      await snapshot?.close();
      throw error;
    }
  }

  /**
   * The snapshot in chunks of at most 256 KiB. The next is read when it is asked for. Throws `MalformedBytes` if the store is
   * damaged, and what the engine rejects with.
   */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { seq: at, epoch } = this;
    const { cleared, generation, nextPieceId } = this.#meta;
    writeSnapshotHeader(this.#writer, { seq: at, epoch, cleared, nextPieceId });
    // The next key behind that of the table is its own with a zero byte.
    yield* this.#table({ gte: SLOTS_KEY, lt: Uint8Array.of(...SLOTS_KEY, 0) }, (_key, valueBytes) => {
      this.#begin(ENTRY_SLOTS, 0, valueBytes);
    });
    yield* this.#table(recordsRange(generation), (key, valueBytes) => {
      this.#begin(ENTRY_RECORD, key.length - NAME_AT, valueBytes);
      this.#writer.copy(key, NAME_AT, key.length);
    });
    yield* this.#table(piecesRange(generation), (key, valueBytes) => {
      this.#begin(ENTRY_PIECE, PIECE_ID_BYTES + key.length - NAME_AT, valueBytes);
      this.#writer.u48(pieceIdOfPieceKey(key));
      this.#writer.copy(key, NAME_AT, key.length);
    });
    yield* this.#table(ORPHANS_RANGE, (key, valueBytes) => {
      this.#begin(ENTRY_ORPHAN, PIECE_ID_BYTES, valueBytes);
      this.#writer.u48(pieceIdOfOrphanKey(key));
    });
    yield* this.#takeAll();
    this.#writer.u8(ENTRY_END);
    this.#writer.u48(this.#entries);
    this.#crc = this.#checksum.crc32(this.#writer.bytes, 0, this.#writer.length, this.#crc);
    this.#writer.u32(this.#crc);
    yield this.#writer.slice();
  }

  async *#table(
    range: { readonly gte: Uint8Array; readonly lt: Uint8Array },
    writeKey: (key: Uint8Array, valueBytes: number) => void,
  ): AsyncGenerator<Uint8Array> {
    const { lt } = range;
    let page = await this.#snapshot.page({ ...range, bytesMax: PAGE_BYTES });
    while (page.length > 0) {
      for (const pair of page) {
        const value = intact(pair.key, pair.value, this.#checksum);
        writeKey(pair.key, value.length);
        this.#writer.copy(value, 0, value.length);
        this.#entries++;
      }
      yield* this.#takeAll();
      page = await this.#snapshot.page({ gt: page.at(-1)!.key, lt, bytesMax: PAGE_BYTES });
    }
  }

  #begin(kind: number, keyBytes: number, valueBytes: number): void {
    this.#writer.u8(kind);
    this.#writer.u32(keyBytes);
    this.#writer.u32(valueBytes);
  }

  *#takeAll(): Generator<Uint8Array> {
    const { bytes, length } = this.#writer;
    this.#crc = this.#checksum.crc32(bytes, 0, length, this.#crc);
    for (let at = 0; at < length; at += CHUNK_BYTES_MAX) yield bytes.slice(at, Math.min(length, at + CHUNK_BYTES_MAX));
    this.#writer.reset();
  }

  close(): Promise<void> {
    return this.#snapshot.close();
  }
}
