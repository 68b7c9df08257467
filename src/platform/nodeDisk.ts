import { close, fsync, mkdir, open, readdir, readFile, rename, statfs, unlink } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { invariant } from "../base/invariant.ts";
import { type Disk, DiskError, type DiskFile } from "../ports/disk.ts";
import { diskCall } from "./diskErrors.ts";
import { NodeDiskFile } from "./diskFile.ts";

const TEMPORARY = ".tmp";

/** A directory of the machine as a `Disk`; makes the directory, and those above it, if they are missing. */
export async function openNodeDisk(directory: string): Promise<Disk> {
  const path = resolve(directory);
  const options = { recursive: true, mode: 0o700 } as const;
  const topmost = await diskCall<string | undefined>("mkdir", path, (done) => mkdir(path, options, done));
  // A new directory survives the power once its name in the directory above was synced.
  if (topmost !== undefined) {
    for (let made = path; made.length >= topmost.length; made = dirname(made)) await syncDirectory(dirname(made));
  }
  return new NodeDisk(path);
}

/** Works on descriptors with callbacks: `fs/promises` costs a wrapped object and several promises for each call. */
class NodeDisk implements Disk {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<readonly string[]> {
    const entries = await diskCall<string[]>("list", this.#directory, (done) => readdir(this.#directory, done));
    return entries.filter((name) => !name.endsWith(TEMPORARY)).sort();
  }

  async read(name: string): Promise<Uint8Array> {
    const path = this.#path(name);
    const content = await diskCall<Buffer>("read", path, (done) => readFile(path, done));
    return new Uint8Array(content.buffer, content.byteOffset, content.length);
  }

  async open(name: string, options: { readonly create: boolean }): Promise<DiskFile> {
    return NodeDiskFile.open(this.#path(name), options.create ? "wx+" : "r+");
  }

  async replace(name: string, content: Uint8Array): Promise<void> {
    const path = this.#path(name);
    const temporary = path + TEMPORARY;
    await this.#writeWhole(temporary, content);
    await diskCall("rename", path, (done) => rename(temporary, path, done));
    await this.syncDirectory();
  }

  async #writeWhole(path: string, content: Uint8Array): Promise<void> {
    const file = await NodeDiskFile.open(path, "w+");
    try {
      await file.write(content, 0);
      await file.sync();
    } catch (error) {
      await file.close();
      // What was written of it holds space that others need; a later attempt starts it anew in any case.
      if (error instanceof DiskError && error.code === "disk_full")
        await diskCall("remove", path, (done) => unlink(path, done)).catch(() => undefined);
      throw error;
    }
    await file.close();
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    await diskCall("remove", path, (done) => unlink(path, done));
  }

  syncDirectory(): Promise<void> {
    return syncDirectory(this.#directory);
  }

  async freeBytes(): Promise<number> {
    const path = this.#directory;
    const stats = await diskCall<{ bavail: number; bsize: number }>("freeBytes", path, (done) => statfs(path, done));
    return stats.bavail * stats.bsize;
  }

  #path(name: string): string {
    invariant(/^[a-z0-9.-]+$/.test(name) && !name.endsWith(TEMPORARY), `${name} is no name of a file on a disk`);
    return join(this.#directory, name);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const descriptor = await diskCall<number>("syncDirectory", path, (done) => open(path, "r", done));
  try {
    await diskCall("syncDirectory", path, (done) => fsync(descriptor, done));
  } finally {
    await diskCall("syncDirectory", path, (done) => close(descriptor, done));
  }
}
