import { execFile } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { median, percentile } from "./statistics.ts";

const run = promisify(execFile);

/** What a reader must know about the machine to compare figures. */
export interface Machine {
  cpuModel: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  nodeVersion: string;
  redisVersion: string;
  fileSystem: string;
  fsync: FsyncCost;
  /** Load average of the last minute before the run. */
  loadBefore: number;
}

/** Cost of appending 128 bytes to a file and syncing it, in milliseconds. */
interface FsyncCost {
  medianMillis: number;
  p99Millis: number;
}

/** `f_type` of a file system in memory, where a sync costs nothing (linux/magic.h). */
const tmpfsMagic = 0x01021994;

/** Above this load average something else competes with the servers. */
const busyLoad = 0.5;

/** The directory under which servers keep their data: a real disk if the temporary directory is one in memory. */
export function chooseDataRoot(wanted: string | undefined): string {
  if (wanted !== undefined) return resolve(wanted);
  return isInMemory(tmpdir()) ? "/var/tmp" : tmpdir();
}

/** Whether a directory lies on tmpfs. */
export function isInMemory(directory: string): boolean {
  return statfsSync(directory).type === tmpfsMagic;
}

export async function describeMachine(dataRoot: string): Promise<Machine> {
  const { stdout } = await run("redis-server", ["--version"]);
  const processors = cpus();
  return {
    cpuModel: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: totalmem() / 2 ** 30,
    kernel: release(),
    nodeVersion: process.version,
    redisVersion: /v=(\S+)/.exec(stdout)?.[1] ?? "unknown",
    fileSystem: fileSystemOf(dataRoot),
    fsync: measureFsync(dataRoot),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The machine as lines of text. */
export function machineLines(machine: Machine): string[] {
  const { fsync, loadBefore } = machine;
  return [
    `machine      ${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryGiB.toFixed(1)} GiB`,
    `system       Linux ${machine.kernel}, Node ${machine.nodeVersion}, Redis ${machine.redisVersion}`,
    `data         ${machine.fileSystem}; append of 128 bytes and fdatasync: ` +
      `median ${fsync.medianMillis.toFixed(3)} ms, p99 ${fsync.p99Millis.toFixed(3)} ms`,
    `load         ${loadBefore.toFixed(2)} before the run${loadBefore > busyLoad ? ": others use the machine, figures are blurred" : ""}`,
  ];
}

/** Type and device of the file system that holds a directory: the longest mount point that is a prefix of it. */
function fileSystemOf(directory: string): string {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point]) => point !== undefined && isInside(directory, point));
  mounts.sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0));
  const [device, , type] = mounts[0] ?? ["unknown", "", "unknown"];
  return `${type} on ${device}`;
}

function isInside(directory: string, mountPoint: string): boolean {
  return mountPoint === "/" || directory === mountPoint || directory.startsWith(`${mountPoint}/`);
}

/** Appends and syncs for a while; a first tenth is left out, in which the file gets its first blocks. */
function measureFsync(dataRoot: string): FsyncCost {
  const directory = mkdtempSync(join(dataRoot, "holdfast-fsync-"));
  const file = openSync(join(directory, "log"), "w");
  const record = Buffer.alloc(128, 120);
  const millis: number[] = [];
  try {
    for (let i = 0; i < 550; i++) {
      const start = performance.now();
      writeSync(file, record);
      fdatasyncSync(file);
      if (i >= 50) millis.push(performance.now() - start);
    }
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
  millis.sort((a, b) => a - b);
  return { medianMillis: median(millis), p99Millis: percentile(millis, 0.99) };
}
