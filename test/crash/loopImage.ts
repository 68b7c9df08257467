import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const MEBIBYTE = 1_048_576;
const COPY_ATTEMPTS_MAX = 50;

/** No commit of the journal for five minutes, so that only what somebody syncs reaches the image. */
const MOUNT_OPTIONS = "commit=300";

/** Why there can be no loop images here, or undefined: they take root, Linux and free loop devices. */
export async function loopImagesMissing(): Promise<string | undefined> {
  if (process.platform !== "linux") return `loop devices are Linux's, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "mounting an image takes root";
  const directory = await mkdtemp(join(tmpdir(), "holdfast-probe-"));
  try {
    const image = await LoopImage.create(directory, "probe", 16);
    await image.detach();
    return undefined;
  } catch (error) {
    return `no ext4 image can be mounted: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A file system of its own in a file. What was written there but never synced is in the machine's memory only, so a copy of the
 * file is what a disk would hold had the power gone at that moment. (What it does not show: sectors that the drive itself reorders.)
 */
export class LoopImage {
  readonly mountPoint: string;
  readonly #file: string;
  readonly #device: string;

  private constructor(file: string, mountPoint: string, device: string) {
    this.#file = file;
    this.mountPoint = mountPoint;
    this.#device = device;
  }

  /** Makes an empty ext4 file system and mounts it. */
  static async create(directory: string, name: string, mebibytes: number): Promise<LoopImage> {
    const file = join(directory, `${name}.img`);
    await writeFile(file, "");
    await truncate(file, mebibytes * MEBIBYTE);
    // Without lazy initialisation, or the kernel would write to the image for a while by itself.
    run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", file);
    return LoopImage.#attach(file);
  }

  static async #attach(file: string): Promise<LoopImage> {
    const mountPoint = `${file}.mounted`;
    await mkdir(mountPoint);
    const device = run("losetup", "--find", "--show", file).trim();
    try {
      run("mount", "-t", "ext4", "-o", MOUNT_OPTIONS, device, mountPoint);
    } catch (error) {
      run("losetup", "--detach", device);
      throw error;
    }
    return new LoopImage(file, mountPoint, device);
  }

  /**
   * Copies the image as it is, which is the power cut, and mounts the copy, which replays its journal. Whoever writes to the image must
   * have been stopped. The copy is taken again if the device was written to meanwhile, so it is the state of one instant.
   */
  async afterPowerCut(name: string): Promise<LoopImage> {
    const copy = join(this.#file, "..", `${name}.img`);
    for (let attempt = 0; attempt < COPY_ATTEMPTS_MAX; attempt++) {
      const before = this.#writesDone();
      run("cp", "--sparse=always", this.#file, copy);
      if (before !== undefined && this.#writesDone() === before) return LoopImage.#attach(copy);
    }
    throw new Error(`${this.#device} is never quiet`);
  }

  /** Unmounts and removes the image. */
  async detach(): Promise<void> {
    run("umount", this.mountPoint);
    run("losetup", "--detach", this.#device);
    await rm(this.mountPoint, { recursive: true });
    await rm(this.#file);
  }

  /** Counts completed writes and flushes of the device; undefined while some are under way. */
  #writesDone(): string | undefined {
    const fields = readFileSync(`/sys/block/${basename(this.#device)}/stat`, "utf8")
      .trim()
      .split(/\s+/);
    const [WRITES, UNDER_WAY, FLUSHES] = [4, 8, 15];
    return fields[UNDER_WAY] === "0" ? `${fields[WRITES]} ${fields[FLUSHES]}` : undefined;
  }
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}
