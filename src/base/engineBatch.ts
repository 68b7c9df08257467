import { ByteReader } from "./byteReader.ts";
import { ByteWriter } from "./byteWriter.ts";

const PUT = 1;
const DELETE = 0;

/** Puts and deletes in one run of bytes: operation (1 byte), key length, key, and for a put value length, value. */
export class EngineBatchWriter {
  readonly writer = new ByteWriter(64 * 1024);
  operations = 0;
  #valueAt = 0;

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
    writer.copy(key, 0, key.length);
    writer.u32(0);
    this.#valueAt = writer.length;
    this.operations++;
  }

  endPut(): void {
    this.writer.setU32(this.#valueAt - 4, this.writer.length - this.#valueAt);
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
    const batch = { bytes: this.writer.slice(), operations: this.operations };
    this.writer.reset();
    this.operations = 0;
    return batch;
  }
}

/** Goes through a batch in order; a delete has no value. The arrays are views. */
export function forEachOperation(
  bytes: Uint8Array,
  visit: (key: Uint8Array, value: Uint8Array | undefined) => void,
): void {
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const operation = reader.u8();
    const key = reader.view(reader.u32());
    visit(key, operation === PUT ? reader.view(reader.u32()) : undefined);
  }
}
