import { readFileSync } from "node:fs";

const TICK_MILLIS = 10;
const PAGE_BYTES = 4096;

/** CPU time that the main thread of a process has used. Unlike the time of day it says nothing about other processes. */
export function mainThreadMillis(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MILLIS;
}

/** Memory that a process has in RAM. */
export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
}
