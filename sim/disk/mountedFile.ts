import { invariant } from "../../src/base/invariant.ts";
import type { DiskError, DiskFile } from "../../src/ports/disk.ts";
import type { SimDisk, SimOperation } from "./simDisk.ts";
import { never, simError } from "./simError.ts";
import type { SimFile } from "./simFile.ts";

/**
 * A file that one process has open. Writes take effect when they are called, as in a page cache, all else when it
 * ends.
 */
export class MountedFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #generation: number;
  readonly #name: string;
  readonly #file: SimFile;
  #length: number;
  #closed = false;

  constructor(disk: SimDisk, generation: number, name: string, file: SimFile) {
    this.#disk = disk;
    this.#generation = generation;
    this.#name = name;
    this.#file = file;
    this.#length = file.length;
  }

  get length(): number {
    return this.#length;
  }

  read(into: Uint8Array, at: number): Promise<number> {
    if (!this.#alive("read")) return never();
    const failure = this.#disk.failure("read", this.#name);
    return this.#disk.end(this.#generation, () => {
      if (failure !== undefined) throw failure;
      const found = this.#file.shown().subarray(at, at + into.length);
      into.set(found);
      return found.length;
    });
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    if (!this.#alive("write")) return never();
    const failure = this.#place(bytes, at);
    return this.#disk.end(this.#generation, () => {
      if (failure !== undefined) throw failure;
      this.#length = Math.max(this.#length, at + bytes.length);
    });
  }

  writeNow(bytes: Uint8Array, at: number): void {
    invariant(this.#alive("write"), `a dead process writes to ${this.#name}`);
    const failure = this.#place(bytes, at);
    if (failure !== undefined) throw failure;
    this.#length = Math.max(this.#length, at + bytes.length);
  }

  sync(): Promise<void> {
    if (!this.#alive("sync")) return never();
    const failure = this.#disk.failure("sync", this.#name);
    const mark = this.#file.mark();
    return this.#disk.end(this.#generation, () => {
      if (failure === undefined) return this.#file.persist(mark);
      this.#file.lose(mark, this.#disk.prng);
      throw failure;
    });
  }

  truncate(length: number): Promise<void> {
    return this.#run("truncate", () => {
      this.#file.truncate(length);
      this.#length = length;
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#disk.end(this.#generation, () => undefined);
  }

  #run(operation: SimOperation, effect: () => void): Promise<void> {
    if (!this.#alive(operation)) return never();
    const failure = this.#disk.failure(operation, this.#name);
    return this.#disk.end(this.#generation, () => {
      if (failure !== undefined) throw failure;
      effect();
    });
  }

  /** Writes all, or a shorter prefix and says why. */
  #place(bytes: Uint8Array, at: number): DiskError | undefined {
    invariant(at <= this.#length, `a write at ${at} would leave a hole after ${this.#length} bytes of ${this.#name}`);
    const planned = this.#disk.failure("write", this.#name);
    const room = this.#disk.freeBytes + this.#file.length - at;
    if (planned === undefined && bytes.length <= room) {
      this.#file.write(at, bytes);
      return undefined;
    }
    const prefix = Math.min(this.#disk.prng.below(bytes.length), Math.max(room, 0));
    if (prefix > 0) this.#file.write(at, bytes.subarray(0, prefix));
    return planned ?? simError("disk_full", "write", this.#name);
  }

  #alive(operation: SimOperation): boolean {
    if (!this.#disk.isCurrent(this.#generation)) return false;
    invariant(!this.#closed, `${operation} of ${this.#name}, which was closed`);
    return true;
  }
}
