import { ByteReader } from "./byteReader.ts";
import { ByteWriter } from "./byteWriter.ts";

const PUT = 1;
const DELETE = 0;
const CRC_BYTES = 4;
const INITIAL_BYTES = 64 * 1024;
/** A batch of more bytes is handed over with its buffer, which nobody needs so large again. */
const COPIED_BYTES_MAX = 1 << 20;

/** CRC-32 of a range, going on from `seed`; see the `Checksum` port. */
export type Crc = (bytes: Uint8Array, start: number, end: number, seed?: number) => number;

/**
 * Puts and deletes in one run of bytes: operation (1 byte), key length, key, and for a put value length, value. Each value is
 * followed by a checksum of key, length and value, for LevelDB does not look at its own when it reads.
 */
export class EngineBatchWriter {
  readonly writer = new ByteWriter(INITIAL_BYTES);
  operations = 0;
  readonly #crc: Crc;
  #keyAt = 0;
  #valueAt = 0;

  constructor(crc: Crc) {
    this.#crc = crc;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.beginPut(key);
    this.writer.copy(value, 0, value.length);
    this.endPut();
  }

  /** The value is what is written to `writer` before `endPut`. */
  beginPut(key: Uint8Array): void {
    const { writer } = this;
    writer.u8(PUT);
    writer.u32(key.length);
    this.#keyAt = writer.length;
    writer.copy(key, 0, key.length);
    writer.u32(0);
    this.#valueAt = writer.length;
    this.operations++;
  }

  endPut(): void {
    const { writer } = this;
    const length = writer.length - this.#valueAt;
    writer.setU32(this.#valueAt - 4, length);
    writer.u32(this.#crc(writer.bytes, this.#keyAt, writer.length));
    writer.setU32(this.#valueAt - 4, length + CRC_BYTES);
  }

  delete(key: Uint8Array): void {
    this.writer.u8(DELETE);
    this.writer.u32(key.length);
    this.writer.copy(key, 0, key.length);
    this.operations++;
  }

  get byteLength(): number {
    return this.writer.length;
  }

  /** The batch, in bytes of its own; the writer begins anew. */
  take(): { readonly bytes: Uint8Array; readonly operations: number } {
    const { writer } = this;
    const isLarge = writer.length > COPIED_BYTES_MAX;
    const batch = { bytes: isLarge ? writer.view() : writer.slice(), operations: this.operations };
    if (isLarge) writer.bytes = new Uint8Array(INITIAL_BYTES);
    writer.reset();
    this.operations = 0;
    return batch;
  }
}

/** A delete has no value. The arrays are views. */
type VisitOperation = (key: Uint8Array, value: Uint8Array | undefined) => void;

/** Goes through a batch in order. */
export function forEachOperation(bytes: Uint8Array, visit: VisitOperation): void {
  new EngineBatchReader(bytes).visit(Number.POSITIVE_INFINITY, visit);
}

/** Goes through a batch in order, a part at a time. */
export class EngineBatchReader {
  readonly #reader: ByteReader;

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes);
  }

  /** Visits the next operations, at most `operationsMax`; false when there are no more behind them. */
  visit(operationsMax: number, visit: VisitOperation): boolean {
    const reader = this.#reader;
    for (let visited = 0; visited < operationsMax && reader.remaining > 0; visited++) {
      const operation = reader.u8();
      const key = reader.view(reader.u32());
      visit(key, operation === PUT ? reader.view(reader.u32()) : undefined);
    }
    return reader.remaining > 0;
  }
}

/** The value that was put, a view without its checksum; undefined when key or value are not what was written. */
export function openValue(key: Uint8Array, stored: Uint8Array, crc: Crc): Uint8Array | undefined {
  const length = stored.length - CRC_BYTES;
  if (length < 0) return undefined;
  const lengthBytes = Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24);
  const sum = crc(stored, 0, length, crc(lengthBytes, 0, 4, crc(key, 0, key.length)));
  const said = new ByteReader(stored, length).u32();
  return said === sum ? stored.subarray(0, length) : undefined;
}
