import { close, fdatasync, fstat, fsync, ftruncate, open, read, type Stats, write, writeSync } from "node:fs";
import { invariant } from "../base/invariant.ts";
import type { DiskFile } from "../ports/disk.ts";
import { diskCall, diskError } from "./diskErrors.ts";

/** Linux moves at most 2 GiB - 4 KiB in one call, and Node refuses more than 2 GiB - 1. */
const CALL_BYTES_MAX = 1 << 30;

/** A file descriptor as a `DiskFile`. Every write and read goes on until all is done, however little a call moves. */
export class NodeDiskFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;
  #length: number;
  #truncated = false;

  private constructor(path: string, descriptor: number, length: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#length = length;
  }

  /** Opens with a flag of `node:fs`: `r+`, `w+`, `wx+`. */
  static async open(path: string, flag: string): Promise<NodeDiskFile> {
    const descriptor = await diskCall<number>("open", path, (done) => open(path, flag, 0o600, done));
    try {
      const stats = await diskCall<Stats>("open", path, (done) => fstat(descriptor, done));
      return new NodeDiskFile(path, descriptor, stats.size);
    } catch (error) {
      await diskCall("close", path, (done) => close(descriptor, done));
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const count = Math.min(into.length - filled, CALL_BYTES_MAX);
      const got = await diskCall<number>("read", this.#path, (done) =>
        read(this.#descriptor, into, filled, count, at + filled, done),
      );
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    this.#assertNoHole(at);
    return diskCall("write", this.#path, (done) => {
      let written = 0;
      const next = (): void => {
        const count = Math.min(bytes.length - written, CALL_BYTES_MAX);
        write(this.#descriptor, bytes, written, count, at + written, (error, moved) => {
          if (error) return done(error);
          written += moved;
          if (written < bytes.length) return next();
          this.#length = Math.max(this.#length, at + written);
          done(null);
        });
      };
      next();
    });
  }

  writeNow(bytes: Uint8Array, at: number): void {
    this.#assertNoHole(at);
    try {
      let written = 0;
      while (written < bytes.length) {
        const count = Math.min(bytes.length - written, CALL_BYTES_MAX);
        written += writeSync(this.#descriptor, bytes, written, count, at + written);
      }
    } catch (error) {
      throw diskError("write", this.#path, error);
    }
    this.#length = Math.max(this.#length, at + bytes.length);
  }

  /**
   * `fdatasync`, which writes the length too where it has grown; `fsync` after a cut, for POSIX does not say that it
   * does there.
   */
  sync(): Promise<void> {
    const flush = this.#truncated ? fsync : fdatasync;
    this.#truncated = false;
    return diskCall("sync", this.#path, (done) => flush(this.#descriptor, done));
  }

  async truncate(length: number): Promise<void> {
    await diskCall("truncate", this.#path, (done) => ftruncate(this.#descriptor, length, done));
    this.#length = length;
    this.#truncated = true;
  }

  close(): Promise<void> {
    return diskCall("close", this.#path, (done) => close(this.#descriptor, done));
  }

  #assertNoHole(at: number): void {
    invariant(
      at <= this.#length,
      () => `a write at ${at} would leave a hole after ${this.#length} bytes of ${this.#path}`,
    );
  }
}
