import type { MicrosHistogram } from "../microsHistogram.ts";
import type { Snapshot } from "./snapshot.ts";

/** What one command has cost so far. */
export interface CommandFigures {
  /** As clients see it: `config|get`. */
  readonly name: string;
  readonly calls: number;
  readonly micros: number;
  readonly rejected: number;
  readonly failed: number;
}

/** A node in numbers, for whoever scrapes it. */
export interface NodeMetrics {
  readonly version: string;
  readonly snapshot: Snapshot;
  readonly commands: readonly CommandFigures[];
  readonly commits: Pick<MicrosHistogram, "buckets" | "count" | "totalMicros">;
}
