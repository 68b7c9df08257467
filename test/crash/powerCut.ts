import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoopImage } from "./loopImage.ts";
import type { Launch } from "./target.ts";
import { until } from "./until.ts";

const STOP_DEADLINE_MILLIS = 10_000;
const IMAGE_MEBIBYTES = 512;

/** A machine whose power can be cut: a disk, and a directory on it for a server's data. */
export class CuttableDisk {
  #image: LoopImage;
  #cuts = 0;

  private constructor(image: LoopImage) {
    this.#image = image;
  }

  static async create(directory: string): Promise<CuttableDisk> {
    const disk = new CuttableDisk(await LoopImage.create(directory, "disk0", IMAGE_MEBIBYTES));
    await mkdir(disk.dataDirectory);
    return disk;
  }

  get dataDirectory(): string {
    return join(this.#image.mountPoint, "data");
  }

  /**
   * Cuts the power: the server is stopped in the middle of whatever it does, the disk is copied, and only then is the server killed, so
   * nothing it would still have written counts. Afterwards `dataDirectory` is on a new disk that holds what was synced.
   */
  async cutPower(server: Launch): Promise<void> {
    this.#cuts += 1;
    process.kill(server.process.pid, "SIGSTOP");
    await until("all threads are stopped", STOP_DEADLINE_MILLIS, () => isStopped(server.process.pid));
    const before = this.#image;
    this.#image = await before.afterPowerCut(`disk${this.#cuts}`);
    await server.process.kill();
    await before.detach();
  }

  async destroy(): Promise<void> {
    await this.#image.detach();
  }
}

/** Runs a test on a disk of its own, which is removed afterwards. */
export async function onCuttableDisk(body: (disk: CuttableDisk) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-power-"));
  const disk = await CuttableDisk.create(directory);
  try {
    await body(disk);
  } finally {
    await disk.destroy();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A thread in the middle of a sync stops only after it, as the kernel has no other way. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return /^[TtZX]/.test(status.slice(status.lastIndexOf(")") + 2));
  });
}
