import type { Owners } from "../../worker/api/kvError.ts";
import type { KvTable } from "../../worker/api/kvTable.ts";
import type { WatchNode } from "../../worker/api/kvWatch.ts";
import type { Positions } from "../../worker/api/position.ts";
import type { Executor } from "../../worker/executor.ts";
import type { WatchBell } from "./watchBell.ts";

/** What bounds the streams of a node. They are clients like those of Redis: one setting counts both. */
export interface StreamLimits {
  /** The setting `maxclients`. */
  readonly clientsMax: () => number;
  /** Connections of Redis clients. */
  readonly redisClients: () => number;
  /** The setting `client-output-buffer-limit normal`, in bytes. */
  readonly outputBytesMax: () => number;
  /** A stream is turned away. */
  readonly onRejected: () => void;
}

/** The node behind the API. */
export interface KvBackend {
  readonly executor: Executor;
  readonly table: KvTable;
  readonly positions: Positions;
  readonly watchNode: WatchNode;
  readonly owners: Owners;
  /** Everything up to here is committed, and what is read here takes it into account. */
  readonly settledSeq: () => number;
  /** Milliseconds. */
  readonly wallClock: () => number;
  /** Empty: none is wanted. */
  readonly password: () => string;
  /** Whether a client from elsewhere than this machine is turned away. */
  readonly isProtected: () => boolean;
  readonly limits: StreamLimits;
  readonly bell: WatchBell;
}
