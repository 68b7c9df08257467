import type { MessagePort } from "node:worker_threads";
import type { EngineRange } from "../ports/engine.ts";

/** What the main thread asks of LevelDB's thread. */
export type LevelRequest =
  | { readonly kind: "apply"; readonly id: number; readonly bytes: Uint8Array; readonly sync: boolean }
  | { readonly kind: "clear"; readonly id: number; readonly gte: Uint8Array; readonly lt: Uint8Array }
  | { readonly kind: "close"; readonly id: number }
  | { readonly kind: "scan"; readonly range: EngineRange };

export interface LevelReply {
  readonly id: number;
  readonly error: string | undefined;
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
