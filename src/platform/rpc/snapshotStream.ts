import { SNAPSHOT_CHUNK_BYTES_MAX, type SnapshotSink, type SnapshotTotal } from "../../ports/workerCalls.ts";
import { nodeChecksum } from "../diskChecksum.ts";
import type { SnapshotPart } from "./workerMessages.ts";

/** Cuts a snapshot into parts of the stream. Each chunk has the CRC of everything so far: none can be lost or change places. */
export class SnapshotCutter {
  #bytes = 0;
  #chunks = 0;
  #crc = 0;

  *cut(piece: Uint8Array): Generator<SnapshotPart> {
    for (let at = 0; at < piece.length; at += SNAPSHOT_CHUNK_BYTES_MAX) {
      const data = piece.subarray(at, at + SNAPSHOT_CHUNK_BYTES_MAX);
      this.#crc = nodeChecksum.crc32(data, 0, data.length, this.#crc);
      this.#bytes += data.length;
      this.#chunks++;
      yield { chunk: { data, crc: this.#crc } };
    }
  }

  end(): SnapshotPart {
    return { end: { bytes: this.#bytes, chunks: this.#chunks } };
  }
}

/** Puts the parts together again. */
export class SnapshotAssembler {
  /** Set when the end has come and everything was there. */
  total: SnapshotTotal | undefined;
  readonly #sink: SnapshotSink;
  #bytes = 0;
  #chunks = 0;
  #crc = 0;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** Hands a part on; returns what is wrong with it. */
  async take({ chunk, end }: SnapshotPart): Promise<string | undefined> {
    if (this.total !== undefined) return "the snapshot goes on after its end";
    if (chunk) {
      const { data, crc } = chunk;
      if (data.length > SNAPSHOT_CHUNK_BYTES_MAX) return `a chunk has ${data.length} bytes`;
      this.#crc = nodeChecksum.crc32(data, 0, data.length, this.#crc);
      if (this.#crc !== crc) return `chunk ${this.#chunks} does not have its checksum`;
      this.#bytes += data.length;
      this.#chunks++;
      await this.#sink.take(data);
      return undefined;
    }
    if (!end) return "a part is neither a chunk nor the end";
    if (end.bytes !== this.#bytes || end.chunks !== this.#chunks)
      return `the snapshot has ${this.#bytes} bytes in ${this.#chunks} chunks, not ${end.bytes} in ${end.chunks}`;
    this.total = { bytes: end.bytes, chunks: end.chunks };
    return undefined;
  }
}
