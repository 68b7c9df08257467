import type { Result } from "../base/result.ts";

/** A znode's content and how often it was replaced. */
export interface Znode {
  readonly data: string;
  readonly version: number;
}

export type CoordinatorError =
  | { readonly code: "exists" }
  | { readonly code: "no_node" }
  | { readonly code: "bad_version" };

/**
 * Where everybody agrees on the little that must be agreed on: what ZooKeeper offers, as far as it is needed. Paths are like
 * `/groups/g1/config`. A change is decided by the version it replaces, never by an earlier read alone.
 */
export interface Coordinator {
  get(path: string): Promise<Znode | undefined>;
  /** Makes a durable znode, version 0. */
  create(path: string, data: string): Promise<Result<void, CoordinatorError>>;
  /** Replaces the data if the znode still has `version`; answers the new version. */
  replace(path: string, data: string, version: number): Promise<Result<number, CoordinatorError>>;
}
