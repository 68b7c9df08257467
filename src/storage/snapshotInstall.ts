import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import { ByteWriter } from "../base/byteWriter.ts";
import { EngineBatchWriter } from "../base/engineBatch.ts";
import type { Epoch, Seq } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import { SlotTable } from "../core/slots/slotTable.ts";
import { isSessionKey } from "../core/state/sessionKey.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Engine } from "../ports/engine.ts";
import { CONTENT_RANGE, expiryKey, META_KEY, orphanKey, pieceKey, recordKey, SLOTS_KEY } from "./keyLayout.ts";
import { expireAtOfRecord } from "./keyRecord.ts";
import type { Log } from "./log/log.ts";
import { encodeMeta, newMeta } from "./meta.ts";
import {
  ENTRY_END,
  ENTRY_ORPHAN,
  ENTRY_PIECE,
  ENTRY_RECORD,
  ENTRY_SLOTS,
  readSnapshotHeader,
  SNAPSHOT_END_BYTES,
  SNAPSHOT_ENTRY_BYTES_MAX,
  SNAPSHOT_ENTRY_HEAD_BYTES,
  SNAPSHOT_HEADER_BYTES,
  type SnapshotHeader,
} from "./snapshotFormat.ts";

const BATCH_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);

export interface SnapshotInstallParts {
  readonly engine: Engine;
  readonly log: Log;
  /** The hash of this replica's key space. */
  readonly hashOf: (key: string) => number;
  readonly checksum: Checksum;
}

/** `malformed`: these are not the bytes that a source has sent, or not all of them. `newer_format`: a later version sent them. */
export interface SnapshotError {
  readonly code: "malformed" | "newer_format";
  readonly message: string;
}

/**
 * Takes the store of another replica in place of one's own. The order of the steps makes every crash recognisable: first the
 * store says, synced, that it is not whole; then it is emptied and filled; then the log is emptied; and only the last batch,
 * synced, says that the store is whole and up to where. Until then whoever opens it has to learn all again.
 */
export class SnapshotInstall {
  readonly #parts: SnapshotInstallParts;
  readonly #meta = newMeta();
  readonly #batch: EngineBatchWriter;
  /** What came and was not taken yet, less than an entry between two chunks. */
  readonly #pending = new ByteWriter();
  #header: SnapshotHeader | undefined;
  #crc = 0;
  #entries = 0;
  #isWhole = false;
  #failure: SnapshotError | undefined;

  private constructor(parts: SnapshotInstallParts) {
    this.#parts = parts;
    this.#batch = new EngineBatchWriter(parts.checksum.crc32);
    this.#meta.installing = true;
  }

  /** Empties the store. Nobody may read or flush it from here on until it is whole. Rejects with what the engine does. */
  static async begin(parts: SnapshotInstallParts): Promise<SnapshotInstall> {
    const install = new SnapshotInstall(parts);
    await install.#applyMeta();
    await parts.engine.clear(CONTENT_RANGE.gte, CONTENT_RANGE.lt);
    return install;
  }

  /** Takes the next chunk; done when the one after it may come. Rejects with what the engine does. */
  async add(chunk: Uint8Array): Promise<Result<void, SnapshotError>> {
    if (this.#failure === undefined) {
      this.#pending.copy(chunk, 0, chunk.length);
      this.#failure = this.#takePending();
    }
    if (this.#failure !== undefined) return err(this.#failure);
    if (this.#batch.byteLength >= BATCH_BYTES) await this.#parts.engine.apply(this.#batch.take(), { sync: false });
    return ok(undefined);
  }

  /** All has come: makes it the replica's data. Rejects with what the engine does, or with `LogWriteError`. */
  async finish(): Promise<Result<{ readonly seq: Seq; readonly epoch: Epoch }, SnapshotError>> {
    if (this.#failure !== undefined) return err(this.#failure);
    const header = this.#header;
    if (header === undefined || !this.#isWhole) return err(malformed("the end of the snapshot is missing"));
    const { engine, log } = this.#parts;
    await engine.apply(this.#batch.take(), { sync: false });
    await log.reset(header.seq, header.epoch);
    const { seq, epoch, cleared, nextPieceId } = header;
    Object.assign(this.#meta, { applied: seq, cleared, nextPieceId, installing: false });
    await this.#applyMeta();
    return ok({ seq, epoch });
  }

  #applyMeta(): Promise<void> {
    this.#batch.put(META_KEY, encodeMeta(this.#meta));
    return this.#parts.engine.apply(this.#batch.take(), { sync: true });
  }

  /** Takes what is there in whole. */
  #takePending(): SnapshotError | undefined {
    const pending = this.#pending;
    const { length } = pending;
    let at = 0;
    for (;;) {
      const next = this.#takeOne(pending.bytes, at, length);
      if (typeof next === "object") return next;
      if (next === at) break;
      this.#crc = this.#parts.checksum.crc32(pending.bytes, at, next, this.#crc);
      at = next;
    }
    pending.bytes.copyWithin(0, at, length);
    pending.length = length - at;
    return undefined;
  }

  /** Where what begins at `at` ends; `at` if it is not there as a whole. */
  #takeOne(bytes: Uint8Array, at: number, length: number): number | SnapshotError {
    const left = length - at;
    if (this.#isWhole) return left === 0 ? at : malformed("bytes follow the end of the snapshot");
    if (this.#header === undefined) {
      if (left < SNAPSHOT_HEADER_BYTES) return at;
      const header = readSnapshotHeader(new ByteReader(bytes, at, at + SNAPSHOT_HEADER_BYTES));
      if (header === "malformed") return malformed("this is no snapshot");
      if (header === "newer_format") return { code: header, message: "the snapshot was sent by a later version" };
      this.#header = header;
      return at + SNAPSHOT_HEADER_BYTES;
    }
    if (left === 0) return at;
    return bytes[at] === ENTRY_END ? this.#takeEnd(bytes, at, left) : this.#takeEntry(bytes, at, left);
  }

  #takeEnd(bytes: Uint8Array, at: number, left: number): number | SnapshotError {
    if (left < SNAPSHOT_END_BYTES) return at;
    const reader = new ByteReader(bytes, at + 1, at + SNAPSHOT_END_BYTES);
    const entries = reader.u48();
    const crc = this.#parts.checksum.crc32(bytes, at, at + SNAPSHOT_END_BYTES - 4, this.#crc);
    if (entries !== this.#entries || reader.u32() !== crc) return malformed("the snapshot does not match its checksum");
    this.#isWhole = true;
    return at + SNAPSHOT_END_BYTES;
  }

  #takeEntry(bytes: Uint8Array, at: number, left: number): number | SnapshotError {
    if (left < SNAPSHOT_ENTRY_HEAD_BYTES) return at;
    const head = new ByteReader(bytes, at, at + SNAPSHOT_ENTRY_HEAD_BYTES);
    const kind = head.u8();
    const keyBytes = head.u32();
    const valueBytes = head.u32();
    if (keyBytes + valueBytes > SNAPSHOT_ENTRY_BYTES_MAX) return malformed("an entry of the snapshot is too large");
    const start = at + SNAPSHOT_ENTRY_HEAD_BYTES;
    const end = start + keyBytes + valueBytes;
    if (end > at + left) return at;
    const key = new ByteReader(bytes, start, start + keyBytes);
    const value = bytes.subarray(start + keyBytes, end);
    try {
      if (!this.#put(kind, key, value)) return malformed(`${kind} is no kind of entry of a snapshot`);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      return malformed(`an entry of the snapshot cannot be read: ${error.message}`);
    }
    this.#entries++;
    return end;
  }

  #put(kind: number, key: ByteReader, value: Uint8Array): boolean {
    const { generation } = this.#meta;
    switch (kind) {
      case ENTRY_RECORD: {
        const name = key.text(key.remaining);
        const expireAt = expireAtOfRecord(value);
        this.#batch.put(recordKey(generation, name, this.#parts.hashOf(name)), value);
        if (expireAt !== 0) this.#batch.put(expiryKey(generation, expireAt, name), NOTHING);
        this.#meta.storedKeys++;
        if (isSessionKey(name)) this.#meta.storedSessionRows++;
        return true;
      }
      case ENTRY_PIECE: {
        const pieceId = key.u48();
        this.#batch.put(pieceKey(generation, pieceId, key.text(key.remaining)), value);
        return true;
      }
      case ENTRY_ORPHAN:
        this.#batch.put(orphanKey(key.u48()), NOTHING);
        return true;
      case ENTRY_SLOTS:
        new SlotTable().decode(new ByteReader(value));
        this.#batch.put(SLOTS_KEY, value);
        return true;
      default:
        return false;
    }
  }
}

function malformed(message: string): SnapshotError {
  return { code: "malformed", message };
}
