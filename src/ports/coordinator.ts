import type { Result } from "../base/result.ts";

/** A session's name, in hexadecimal: the owner of the znodes that live as long as it. */
export type SessionId = string;

/** A znode: its content, how often it was replaced, and whose it is. */
export interface Znode {
  readonly data: string;
  /** 0 when it was made. A znode that was deleted and made again starts at 0 again. */
  readonly version: number;
  /** The session with which the znode ends; nothing if it is durable. */
  readonly owner?: SessionId;
}

/**
 * Why an operation did not do what was asked.
 * - `exists`, `no_node`, `bad_version`, `not_empty`, `no_children_for_ephemerals`, `no_auth`: the coordinator's answer;
 *   nothing was changed. `no_node` from `create` is about the parent, `not_empty` from `delete` about children.
 * - `invalid`: a path or data that cannot be; nothing was sent.
 * - `unavailable`: certainly not executed, or a read without an answer. It may be tried again.
 * - `unknown`: a change that **may have happened, or may still happen**. Only a read that shows another version decides it.
 * - `session_lost`: certainly not executed, since the session it was asked in is over.
 * - `closed`: certainly not executed, since `close` was called.
 */
export type CoordinatorError =
  | { readonly code: "exists" }
  | { readonly code: "no_node" }
  | { readonly code: "bad_version" }
  | { readonly code: "not_empty" }
  | { readonly code: "no_children_for_ephemerals" }
  | { readonly code: "no_auth" }
  | { readonly code: "invalid"; readonly message: string }
  | { readonly code: "unavailable"; readonly message: string }
  | { readonly code: "unknown"; readonly message: string }
  | { readonly code: "session_lost" }
  | { readonly code: "closed" };

/** An error of `multi`, and which of its operations was refused: none of them was executed. */
export type MultiError = CoordinatorError & {
  /** Nothing if it is no single operation's. */
  readonly index?: number;
};

export interface ReadOptions {
  /**
   * Answers what is true at the time of the call or later. Without it, the answer may be old, but never older than what this
   * session saw before. Even then: decide by the version of a change, never by a read alone.
   */
  readonly sync?: boolean;
  /**
   * Called at most once: when the answer to this read may have become another, or the session was lost. It is a hint: it may
   * be late, and says nothing about what is there now. It is left only by a read that succeeded; so a znode that is not there
   * yet is watched by `exists`. The same function left twice for the same is called once. `close` calls nobody.
   */
  readonly watch?: () => void;
}

export interface CreateOptions {
  /** `session`: the znode ends with the session, and has no children. */
  readonly kind: "durable" | "session";
  /** Appends ten digits to the path, higher than those of every earlier one under the same parent. */
  readonly sequential?: boolean;
}

/** One operation of a `multi`. */
export type MultiOperation =
  | { readonly op: "check"; readonly path: string; readonly version: number }
  | ({ readonly op: "create"; readonly path: string; readonly data: string } & CreateOptions)
  | { readonly op: "replace"; readonly path: string; readonly data: string; readonly version: number }
  | { readonly op: "delete"; readonly path: string; readonly version: number };

/** What an operation of a `multi` would have answered by itself. */
export type MultiResult =
  | { readonly op: "check" }
  | { readonly op: "create"; readonly path: string }
  | { readonly op: "replace"; readonly version: number }
  | { readonly op: "delete" };

/**
 * - `connected`: the first session is there, or the present one has a server again.
 * - `suspended`: no server for now; the session and its znodes may outlast it.
 * - `lost`: the session is over, and its znodes are gone, or go before `renewed`.
 * - `renewed`: there is a new session: write your session's znodes again.
 */
export type SessionEvent = "connected" | "suspended" | "lost" | "renewed";

export interface CoordinatorSession {
  /** Nothing before the first session, and between `lost` and `renewed`. */
  readonly id: SessionId | undefined;
  /** `connecting`: there is no session yet, or none again. */
  readonly state: "connecting" | "connected" | "suspended" | "closed";
}

/**
 * Where everybody agrees on the little that must be agreed on: what ZooKeeper offers, and no more (DESIGN.md 2). Paths are like
 * `/groups/g1/config`, data are Unicode text of at most `ZNODE_BYTES_MAX` bytes in UTF-8. A parent must be there before its
 * children. A change is decided by the version it replaces, which is always given: nothing is overwritten blindly.
 *
 * An operation belongs to the session of the call and is never executed in a later one; what is asked while there is no session
 * waits for the next. Operations are executed in the order of the calls, but for those whose outcome is `unknown`, which may come
 * late. Each is answered in bounded time.
 */
export interface Coordinator {
  /** Fails with `no_node` if there is none. */
  get(path: string, options?: ReadOptions): Promise<Result<Znode, CoordinatorError>>;
  exists(path: string, options?: ReadOptions): Promise<Result<boolean, CoordinatorError>>;
  /** Names of the children, sorted. The watch is about the set of names, not about what is in them. */
  children(path: string, options?: ReadOptions): Promise<Result<readonly string[], CoordinatorError>>;
  /** Makes a znode of version 0; answers the path made. */
  create(path: string, data: string, options: CreateOptions): Promise<Result<string, CoordinatorError>>;
  /** Replaces the data if the znode still has `version`; answers the new version. */
  replace(path: string, data: string, version: number): Promise<Result<number, CoordinatorError>>;
  /** Removes a znode without children if it still has `version`. */
  delete(path: string, version: number): Promise<Result<void, CoordinatorError>>;
  /** All or nothing, at one instant. Operations see what those before them did. */
  multi(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>>;
  /** How it stands with the session now. */
  readonly session: CoordinatorSession;
  /** Calls `listener` with everything that happens to the session from now on; answers how to end that. */
  onSession(listener: (event: SessionEvent) => void): () => void;
  /** Ends the session, so that its znodes go at once. What is asked later fails with `closed`. */
  close(): Promise<void>;
}
