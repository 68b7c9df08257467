import type { Operation } from "./history.ts";

/**
 * What even an eventual read promises: a value that somebody had asked to write before the read returned, and that was
 * not refused. Returns the reads that break it; unique values make it a strong check.
 */
export function findFalseEventualReads(history: readonly Operation[]): Operation[] {
  const written = new Map<string, number>();
  for (const operation of history) {
    if (!("value" in operation) || operation.outcome === "refused") continue;
    const name = nameOf(operation.key, operation.value);
    written.set(name, Math.min(written.get(name) ?? Number.POSITIVE_INFINITY, operation.invokedMicros));
  }
  const incremented = new Set(history.filter((it) => it.kind === "increment").map((it) => it.key));
  return history.filter((read) => {
    if (read.kind !== "get" || read.consistency !== "eventual" || read.outcome !== "ok") return false;
    if (read.reply === null || incremented.has(read.key)) return false;
    const since = written.get(nameOf(read.key, read.reply as string));
    return since === undefined || since > read.returnedMicros!;
  });
}

function nameOf(key: string, value: string): string {
  return JSON.stringify([key, value]);
}
