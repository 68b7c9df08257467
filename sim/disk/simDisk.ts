import type { Prng } from "../../src/base/prng.ts";
import type { Disk, DiskError, DiskErrorCode, DiskFile } from "../../src/ports/disk.ts";
import { MountedFile } from "./mountedFile.ts";
import { never, simError } from "./simError.ts";
import { SimFile } from "./simFile.ts";
import { SimNames } from "./simNames.ts";

export type SimOperation =
  | "list"
  | "open"
  | "read"
  | "replace"
  | "remove"
  | "syncDirectory"
  | "write"
  | "sync"
  | "truncate"
  | "close";

export interface SimDiskOptions {
  /** Decides what a crash leaves and where a failing write stops. */
  readonly prng: Prng;
  /** Runs the end of an operation later; by default as soon as the present turn of promises allows. */
  readonly schedule?: (run: () => void) => void;
}

/**
 * One directory of a disk that loses power, tears, forgets, fills up and fails as its seed says. A process works on
 * what `mount` returns; after `crash` or `kill` that mount is dead: whatever it was asked never ends.
 */
export class SimDisk {
  /** Bytes that the files may have together. */
  capacityBytes = Number.MAX_SAFE_INTEGER;
  readonly prng: Prng;
  readonly names = new SimNames();
  readonly #schedule: (run: () => void) => void;
  readonly #planned = new Map<SimOperation, { code: DiskErrorCode; after: number }>();
  #generation = 0;

  constructor(options: SimDiskOptions) {
    this.prng = options.prng;
    this.#schedule = options.schedule ?? ((run) => void Promise.resolve().then(run));
  }

  /** The disk as the present process sees it. */
  mount(): Disk {
    return new MountedDisk(this, this.#generation);
  }

  /** The power goes, and comes back. */
  crash(): void {
    this.kill();
    for (const file of this.names.everyFile()) file.crash(this.prng);
    this.names.crash(this.prng);
  }

  /** The process dies, the machine does not: nothing that was written is lost. */
  kill(): void {
    this.#generation++;
    this.#planned.clear();
  }

  /**
   * Lets an operation fail once, after `after` more of its kind succeeded. A failing write has written a shorter
   * prefix; a failing sync has lost what it should have kept, while reads go on showing it.
   */
  failNext(operation: SimOperation, code: DiskErrorCode, after = 0): void {
    this.#planned.set(operation, { code, after });
  }

  /** What was planned to fail does not. */
  failNever(): void {
    this.#planned.clear();
  }

  /** Copies of all files, as a process would see them. */
  contents(): Map<string, Uint8Array> {
    return new Map(this.names.sorted().map((name) => [name, this.names.get(name)!.shown().slice()]));
  }

  /** Turns one bit over, if there is such a file and it is that long. */
  flipBit(name: string, at: number, bit: number): void {
    this.names.get(name)?.flipBit(at, bit);
  }

  /** Bytes that the files have together. */
  get usedBytes(): number {
    let used = 0;
    for (const file of this.names.files()) used += file.length;
    return used;
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes);
  }

  /** The planned failure of this operation, if it is its turn. */
  failure(operation: SimOperation, name: string): DiskError | undefined {
    const planned = this.#planned.get(operation);
    if (planned === undefined || planned.after-- > 0) return undefined;
    this.#planned.delete(operation);
    return simError(planned.code, operation, name);
  }

  /** Ends an operation of a mount later, unless its process is dead by then. */
  end<T>(generation: number, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#schedule(() => {
        if (generation !== this.#generation) return;
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  isCurrent(generation: number): boolean {
    return generation === this.#generation;
  }
}

class MountedDisk implements Disk {
  readonly #disk: SimDisk;
  readonly #generation: number;

  constructor(disk: SimDisk, generation: number) {
    this.#disk = disk;
    this.#generation = generation;
  }

  list(): Promise<readonly string[]> {
    return this.#run("list", "", () => this.#disk.names.sorted());
  }

  read(name: string): Promise<Uint8Array> {
    return this.#run("read", name, () => this.#file("read", name).shown().slice());
  }

  open(name: string, options: { readonly create: boolean }): Promise<DiskFile> {
    return this.#run("open", name, () => {
      if (options.create) {
        if (this.#disk.names.get(name) !== undefined) throw simError("exists", "open", name);
        this.#disk.names.link(name, new SimFile());
      }
      return new MountedFile(this.#disk, this.#generation, name, this.#file("open", name));
    });
  }

  replace(name: string, content: Uint8Array): Promise<void> {
    if (!this.#disk.isCurrent(this.#generation)) return never();
    const failure = this.#disk.failure("replace", name);
    const room = this.#disk.freeBytes >= content.length;
    if (failure?.code === "disk_full" || !room) return this.#fail(failure ?? simError("disk_full", "replace", name));
    const file = new SimFile();
    file.write(0, content);
    file.persist(file.mark());
    this.#disk.names.link(name, file);
    if (failure !== undefined) return this.#fail(failure);
    const mark = this.#disk.names.mark();
    return this.#disk.end(this.#generation, () => this.#disk.names.persist(mark));
  }

  remove(name: string): Promise<void> {
    return this.#run("remove", name, () => {
      this.#file("remove", name);
      this.#disk.names.unlink(name);
    });
  }

  syncDirectory(): Promise<void> {
    if (!this.#disk.isCurrent(this.#generation)) return never();
    const failure = this.#disk.failure("syncDirectory", "");
    const { names, prng } = this.#disk;
    const mark = names.mark();
    return this.#disk.end(this.#generation, () => {
      if (failure === undefined) return names.persist(mark);
      names.persistInPart(mark, prng);
      throw failure;
    });
  }

  async freeBytes(): Promise<number> {
    return this.#disk.freeBytes;
  }

  /** An operation that takes effect when it ends. */
  #run<T>(operation: SimOperation, name: string, effect: () => T): Promise<T> {
    if (!this.#disk.isCurrent(this.#generation)) return never();
    const failure = this.#disk.failure(operation, name);
    return failure === undefined ? this.#disk.end(this.#generation, effect) : this.#fail(failure);
  }

  #fail(failure: DiskError): Promise<never> {
    return this.#disk.end(this.#generation, () => {
      throw failure;
    });
  }

  #file(operation: string, name: string): SimFile {
    const file = this.#disk.names.get(name);
    if (file === undefined) throw simError("not_found", operation, name);
    return file;
  }
}
