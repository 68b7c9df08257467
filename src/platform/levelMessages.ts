import type { MessagePort } from "node:worker_threads";
import type { EngineRange, SnapshotRange } from "../ports/engine.ts";

/** What the main thread asks of LevelDB's thread. */
export type LevelRequest =
  | { readonly kind: "apply"; readonly id: number; readonly bytes: Uint8Array; readonly sync: boolean }
  | { readonly kind: "clear"; readonly id: number; readonly gte: Uint8Array; readonly lt: Uint8Array }
  | { readonly kind: "close"; readonly id: number }
  /** A snapshot is named by the id of the request that made it. */
  | { readonly kind: "snapshot"; readonly id: number }
  | { readonly kind: "snapshotPage"; readonly id: number; readonly snapshot: number; readonly range: SnapshotRange }
  | { readonly kind: "snapshotClose"; readonly id: number; readonly snapshot: number }
  | { readonly kind: "scan"; readonly range: EngineRange };

export interface LevelReply {
  readonly id: number;
  readonly error: string | undefined;
  /** Of a snapshot: keys and values in turn, each behind its length (u32). */
  readonly page?: Uint8Array;
}

/** The answer to a scan, sent over a port of its own on which the main thread waits. */
export type LevelPage = { readonly pairs: readonly (readonly [Uint8Array, Uint8Array])[] } | { readonly error: string };

export interface LevelOptions {
  readonly multithreading: true;
  readonly writeBufferSize: number;
  readonly cacheSize: number;
  readonly maxFileSize: number;
}

export interface LevelThreadData {
  readonly location: string;
  readonly options: LevelOptions;
  readonly wake: Int32Array;
  readonly pages: MessagePort;
}
