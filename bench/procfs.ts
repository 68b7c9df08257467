import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Resident memory of a process, in bytes, as `/proc/PID/status` tells it. */
export interface ResidentMemory {
  rssBytes: number;
  anonBytes: number;
  fileBytes: number;
}

/** Linux counts the CPU time of processes in ticks of 10 ms (`USER_HZ` is 100 on every supported architecture). */
const tickMillis = 10;

/** Reads the resident memory of a process. Throws if the process is gone. */
export function readResidentMemory(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const field = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status);
    return match === null ? 0 : Number(match[1]) * 1024;
  };
  return { rssBytes: field("VmRSS"), anonBytes: field("RssAnon"), fileBytes: field("RssFile") };
}

/**
 * CPU time that all threads of a process, and its children that have ended, have used so far, in milliseconds
 * (resolution 10 ms).
 */
export function readCpuMillis(pid: number): number {
  const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  return stat.cpuMillis + stat.childrenCpuMillis;
}

/** CPU time that everything on this machine has used so far, in milliseconds; interrupts and idling are left out. */
export function readMachineCpuMillis(): number {
  const [, user = 0, nice = 0, system = 0] = readFileSync("/proc/stat", "latin1").split(/\s+/, 4).map(Number);
  return (user + nice + system) * tickMillis;
}

/** One thread of a process: its name and the CPU time that it has used so far. */
export interface ThreadCpu {
  threadId: number;
  name: string;
  cpuMillis: number;
}

/** CPU times of all threads that run now; the main thread's id is that of the process. */
export function readThreadCpus(pid: number): ThreadCpu[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const { name, cpuMillis } = parseStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1"));
    return { threadId: Number(thread), name, cpuMillis };
  });
}

/** The name stands in parentheses as the second field and may contain blanks; the others are counted from behind it. */
function parseStat(stat: string): { name: string; cpuMillis: number; childrenCpuMillis: number } {
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  return {
    name: stat.slice(stat.indexOf("(") + 1, nameEnd),
    cpuMillis: (Number(fields[11]) + Number(fields[12])) * tickMillis,
    childrenCpuMillis: (Number(fields[13]) + Number(fields[14])) * tickMillis,
  };
}

/** Processes that a process has forked and that still run (Redis rewrites its log in one). */
function childProcessIds(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const list = readIfPresent(`/proc/${pid}/task/${thread}/children`).trim();
    return list === "" ? [] : list.split(" ").map(Number);
  });
}

/** A thread may end between the listing and the reading, and some kernels have no `children` files. */
function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** How quiet a process must be, and for how long, before `settle` believes that its background work is done. */
export interface SettleOptions {
  quietMillis: number;
  timeoutMillis: number;
}

/**
 * Waits until a process has used almost no CPU for `quietMillis` and has no children, so that one server's background
 * work (log rewrite, flush, compaction) is never paid by the next measurement. Returns false at the time-out.
 */
export async function settle(pid: number, options: SettleOptions): Promise<boolean> {
  const windowMillis = 100;
  const deadline = performance.now() + options.timeoutMillis;
  let quietMillis = 0;
  while (quietMillis < options.quietMillis) {
    if (performance.now() > deadline) return false;
    const before = readCpuMillis(pid);
    await sleep(windowMillis);
    const isQuiet = readCpuMillis(pid) - before <= tickMillis && childProcessIds(pid).length === 0;
    quietMillis = isQuiet ? quietMillis + windowMillis : 0;
  }
  return true;
}
