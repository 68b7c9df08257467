import type { ThreadProfile } from "./cpuProfile.ts";
import type { ThreadCpu } from "./procfs.ts";
import { type Column, renderTable } from "./table.ts";

/** How much of a profile to print. `requests` undefined leaves the costs by request out. */
export interface ProfileFormat {
  top: number;
  sort: "self" | "total";
  requests: number | undefined;
}

/** Prints the CPU time of each thread by the kernel's count. */
export function printThreadCpus(threads: readonly ThreadCpu[], requests: number | undefined): void {
  const allMillis = threads.reduce((sum, thread) => sum + thread.cpuMillis, 0);
  console.log(`CPU by the kernel's count: ${cost(allMillis, requests)} in all threads`);
  for (const thread of threads) {
    if (thread.cpuMillis > 0)
      console.log(`  thread ${thread.threadId} ${thread.name}: ${cost(thread.cpuMillis, requests)}`);
  }
}

/** Prints one thread's functions with the most time. */
export function printThreadProfile(thread: ThreadProfile, format: ProfileFormat): void {
  const busyMillis = thread.windowMillis - thread.idleMillis;
  console.log(
    `\n${thread.file}: ${thread.windowMillis.toFixed(0)} ms, in JavaScript, its natives and garbage collection ` +
      cost(Math.round(busyMillis), format.requests),
  );
  const functions = thread.functions.filter((entry) => entry.totalMillis > 0);
  if (functions.length === 0) return;
  if (format.sort === "total") functions.sort((a, b) => b.totalMillis - a.totalMillis);
  const percent = (millis: number): string => ((millis / busyMillis) * 100).toFixed(1);
  const rows = functions
    .slice(0, format.top)
    .map((entry) => [
      entry.selfMillis.toFixed(1),
      percent(entry.selfMillis),
      format.requests === undefined ? "" : micros(entry.selfMillis, format.requests),
      percent(entry.totalMillis),
      entry.name,
      entry.place,
    ]);
  console.log(renderTable(columns, rows));
}

const columns: readonly Column[] = [
  { heading: "self ms", align: "right" },
  { heading: "self %", align: "right" },
  { heading: "µs/request", align: "right" },
  { heading: "total %", align: "right" },
  { heading: "function", align: "left" },
  { heading: "place", align: "left" },
];

function cost(millis: number, requests: number | undefined): string {
  return requests === undefined ? `${millis} ms` : `${millis} ms = ${micros(millis, requests)} µs/request`;
}

function micros(millis: number, requests: number): string {
  return ((millis * 1_000) / requests).toFixed(3);
}
