import type { Operation } from "./history.ts";

const BAR_COLUMNS = 40;

/**
 * A short history that is still violated. Only what keeps the finding honest is done: the end is cut off where operations
 * still under way become unknown (a linearizable history stays so), and then reads, and values with all who met them,
 * are left out where that cannot make a good history bad.
 */
export function shrink(
  operations: readonly Operation[],
  isViolated: (operations: readonly Operation[]) => boolean,
): readonly Operation[] {
  let best = shortestPrefix(operations, isViolated);
  let units = removableUnits(best);
  for (let size = Math.ceil(units.length / 2); units.length > 0; ) {
    let at = 0;
    while (at < units.length) {
      const removed = new Set(units.slice(at, at + size).flat());
      const candidate = best.filter((it) => !removed.has(it));
      if (isViolated(candidate)) {
        best = candidate;
        units = units.filter((_, index) => index < at || index >= at + size);
      } else at += size;
    }
    if (size === 1) break;
    size = Math.ceil(size / 2);
  }
  return best;
}

function shortestPrefix(
  operations: readonly Operation[],
  isViolated: (operations: readonly Operation[]) => boolean,
): readonly Operation[] {
  const returns = operations.flatMap((it) => it.returnedMicros ?? []).sort((one, other) => one - other);
  let low = 0;
  let high = returns.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isViolated(until(operations, returns[middle]!))) high = middle;
    else low = middle + 1;
  }
  const prefix = until(operations, returns[low] ?? Number.POSITIVE_INFINITY);
  return isViolated(prefix) ? prefix : operations;
}

/** What had been seen at a time; reads under way say nothing, writes under way have an unknown outcome. */
function until(operations: readonly Operation[], micros: number): Operation[] {
  return operations.flatMap((operation): Operation[] => {
    if (operation.invokedMicros > micros) return [];
    if (operation.returnedMicros !== null && operation.returnedMicros <= micros) return [operation];
    return operation.kind === "get" ? [] : [{ ...operation, outcome: "unknown", reply: null, returnedMicros: null }];
  });
}

/** Groups of operations that may be left out together without making a linearizable history worse. */
function removableUnits(operations: readonly Operation[]): Operation[][] {
  // What changed nothing is never missed. A failed compare-and-set and a delete may owe their reply to any value before.
  if (operations.every((it) => it.kind === "get" || it.kind === "set")) return removableValues(operations);
  return operations.filter((it) => it.kind === "get" || it.reply === false).map((it) => [it]);
}

/** With sets and reads only, a value goes together with all reads of it; the reads also go one by one, after that. */
function removableValues(operations: readonly Operation[]): Operation[][] {
  const units = new Map<unknown, Operation[]>();
  for (const operation of operations) {
    const value = operation.kind === "set" ? operation.value : operation.reply;
    const unit = units.get(value);
    if (unit === undefined) units.set(value, [operation]);
    else unit.push(operation);
  }
  units.delete(null);
  return [...units.values(), ...operations.filter((it) => it.kind === "get").map((it) => [it])];
}

/**
 * Operations as a table with a timeline, times in milliseconds since the first call shown:
 *
 *     #7   c1  set "c1:3"            0.000 …    1.250  n1  [=====      ]
 *     #9   c2  get → "c1:2"          1.900 …    2.100  n2  [       ==  ]
 */
export function formatOperations(operations: readonly Operation[]): string {
  const start = Math.min(...operations.map((it) => it.invokedMicros));
  const end = Math.max(start + 1, ...operations.map((it) => it.returnedMicros ?? it.invokedMicros));
  const rows = operations.map((it) => [
    `#${it.id}`,
    it.process,
    describe(it),
    `${millis(it.invokedMicros - start)} … ${it.returnedMicros === null ? "?".padStart(10) : millis(it.returnedMicros - start)}`,
    `${it.servedBy ?? "-"}${it.consistency === "eventual" ? " (eventual)" : ""}`,
    bar(it, start, end),
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")).join("\n");
}

function describe(operation: Operation): string {
  const reply = operation.outcome === "ok" ? ` → ${JSON.stringify(operation.reply)}` : ` (${operation.outcome})`;
  switch (operation.kind) {
    case "get":
    case "delete":
      return `${operation.kind}${reply}`;
    case "set":
    case "append":
      return `${operation.kind} ${JSON.stringify(operation.value)}${operation.outcome === "ok" ? "" : reply}`;
    case "compareAndSet":
      return `cas ${JSON.stringify(operation.expected)} by ${JSON.stringify(operation.value)}${reply}`;
    case "increment":
      return `increment by ${operation.by}${reply}`;
  }
}

function millis(micros: number): string {
  return (micros / 1000).toFixed(3).padStart(10);
}

function bar({ invokedMicros, returnedMicros }: Operation, start: number, end: number): string {
  const column = (micros: number): number => Math.floor(((micros - start) / (end - start)) * (BAR_COLUMNS - 1));
  const from = column(invokedMicros);
  const to = returnedMicros === null ? BAR_COLUMNS - 1 : column(returnedMicros);
  const mark = returnedMicros === null ? "?" : "=";
  return `[${" ".repeat(from)}${mark.repeat(to - from + 1)}${" ".repeat(BAR_COLUMNS - 1 - to)}]`;
}
