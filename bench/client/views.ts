import type { Column } from "../table.ts";
import type { View } from "../views.ts";
import type { Row } from "./measure.ts";

const right = (heading: string): Column => ({ heading, align: "right" });
const left = (heading: string): Column => ({ heading, align: "left" });

/** What the library is to reach: its rate by that of ioredis, and others of the same kind. */
export interface Floor {
  readonly name: string;
  readonly bound: "at least" | "at most";
  readonly limit: number;
  readonly actual: number;
}

const cachedFloor = 1_000_000;
const onceCeiling = 1.1;
const evenCeiling = 1.1;

/** Each rate of the library by that of ioredis with the same concurrency. */
export function ioredisFloors(rows: readonly Row[]): Floor[] {
  return rows
    .filter(({ library }) => library === "holdfast")
    .flatMap((row) => {
      const { operation, concurrency, perSecond } = row;
      const other = rows.find(
        (each) => each.library === "ioredis" && each.operation === operation && each.concurrency === concurrency,
      );
      if (other === undefined) return [];
      const name = `${operation}, ${concurrency} at a time: rate by that of ioredis`;
      return [{ name, bound: "at least", limit: 1, actual: perSecond / other.perSecond }];
    });
}

/** What exactly-once costs: time of a write with it by that of one without. */
export function onceFloors(rows: readonly Row[]): Floor[] {
  return rows
    .filter(({ library }) => library === "holdfast, not exactly once")
    .flatMap(({ concurrency, perSecond }) => {
      const once = rows.find((each) => each.library === "holdfast" && each.concurrency === concurrency);
      if (once === undefined) return [];
      const name = `put, ${concurrency} at a time: time with exactly-once by that without`;
      return [{ name, bound: "at most", limit: onceCeiling, actual: perSecond / once.perSecond }];
    });
}

export function cachedFloorOf(perSecond: number): Floor {
  return { name: "cached reads a second", bound: "at least", limit: cachedFloor, actual: perSecond };
}

/** `parts`: how many reads each replica of one group has answered. */
export function evenFloorOf(parts: readonly number[]): Floor {
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const worst = Math.max(...parts.map((part) => Math.max(part / mean, mean / part)));
  return {
    name: "reads at three replicas: most uneven one by the mean",
    bound: "at most",
    limit: evenCeiling,
    actual: worst,
  };
}

export function floorsView(floors: readonly Floor[]): View {
  return {
    title: "Floors of the client library",
    columns: [left("floor"), right("wanted"), right("measured"), left("verdict")],
    rows: floors.map(({ name, bound, limit, actual }) => [
      name,
      `${bound === "at least" ? "≥" : "≤"} ${limit}`,
      actual >= 1000 ? actual.toFixed(0) : actual.toFixed(2),
      (bound === "at least" ? actual >= limit : actual <= limit) ? "pass" : "FAIL",
    ]),
  };
}

export function ratesView(rows: readonly Row[]): View {
  return {
    title: "Calls of one program",
    columns: [
      ...[left("call"), right("at a time"), left("library"), right("k/s"), right("p50 ms"), right("p99 ms")],
      ...[right("client µs"), right("nodes µs")],
    ],
    rows: rows.map((row) => [
      ...[row.operation, String(row.concurrency), row.library, (row.perSecond / 1000).toFixed(1)],
      ...[row.p50Millis.toFixed(3), row.p99Millis.toFixed(2), row.clientMicros.toFixed(1), row.serverMicros.toFixed(1)],
    ]),
  };
}
