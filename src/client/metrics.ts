import type { HoldfastErrorCode } from "./errors.ts";

interface NodeMetrics {
  readonly address: string;
  /** What carries calls there now; undefined if nothing does. */
  readonly carrier: "redis" | "grpc" | undefined;
  /** Calls without an answer. */
  readonly inFlight: number;
  /** Since the beginning: calls, those that only read, and messages that took them there. */
  readonly calls: number;
  readonly reads: number;
  readonly messages: number;
  readonly latencyMillis: number;
}

export interface CacheMetrics {
  readonly hits: number;
  readonly misses: number;
  /** Answers that were marked stale. */
  readonly stale: number;
  readonly invalidations: number;
  readonly evictions: number;
  readonly entries: number;
  readonly bytes: number;
  /** Groups whose changes are told to this client now. */
  readonly feeds: number;
}

/** Figures of a client, counted since it was made. */
export interface ClientMetrics {
  readonly calls: number;
  readonly retries: number;
  readonly redirects: number;
  readonly errors: { readonly [code in HoldfastErrorCode]?: number };
  readonly inFlight: number;
  readonly slotsVersion: number;
  readonly nodes: readonly NodeMetrics[];
  readonly cache: CacheMetrics | undefined;
}

/** What a client tells about itself while it works. */
export interface ClientEvents {
  /** Who has what has changed. */
  topology: { readonly slotsVersion: number; readonly groups: number; readonly from: string };
  /** Nobody tells the topology now; another one is asked. */
  topologyLost: { readonly from: string; readonly message: string };
  /** An attempt has failed, and another is made. */
  retry: { readonly kind: string; readonly message: string; readonly pauseMillis: number; readonly attempts: number };
  redirect: { readonly slot: number; readonly address: string };
  /** Writes happen exactly once from now on; or, if it is not open, they do not, or wait for somebody who makes sure of that. */
  session: { readonly isOpen: boolean; readonly from: string; readonly message: string };
  /** Changes of a group are told to the cache, or are not any more. */
  cache: { readonly group: string; readonly isLive: boolean; readonly message: string };
}
