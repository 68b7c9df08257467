import type { Args } from "./args.ts";
import type { CommandSpec } from "./spec.ts";

/** A request that waits between `MULTI` and `EXEC`. */
export interface QueuedCommand {
  readonly spec: CommandSpec;
  readonly args: Args;
}

/** An open transaction of a session. */
interface Transaction {
  readonly queue: QueuedCommand[];
  queuedBytes: number;
  /** A request was refused while queueing: `EXEC` answers `EXECABORT`. */
  aborted: boolean;
}

/** What the node remembers of one connection. It knows nothing of sockets. */
export interface Session {
  readonly id: number;
  /** `ip:port` of the client and of our end. */
  readonly address: string;
  readonly localAddress: string;
  readonly createdAt: number;
  lastUsedAt: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  protocol: 2 | 3;
  authenticated: boolean;
  transaction: Transaction | undefined;
  /** Keys under `WATCH`. */
  readonly watched: Set<string>;
  /** A watched key was touched: `EXEC` answers null. */
  watchBroken: boolean;
  /** `CLIENT REPLY`: `skipNext` swallows the next reply only. */
  replyMode: "on" | "off" | "skip" | "skipNext";
  noEvict: boolean;
  noTouch: boolean;
  /** `READONLY`: reads may be answered by a secondary. */
  readOnly: boolean;
  /** How new its reads at a secondary have to be; undefined: what the node's settings say. */
  consistency: "linearizable" | "eventual" | undefined;
  /** It is another node's, which forwards requests of its clients: they go no further (`CLIENT FORWARDED`). */
  isForwarded: boolean;
  /** The connection may not be parked by a blocking command. */
  denyBlocking: boolean;
  /** Parked by a blocking command. */
  blocked: boolean;
  /** Closed as soon as what was written is sent: `QUIT`, `CLIENT KILL`, a protocol error. */
  closing: boolean;
  /** `CALLS`: what comes next on the connection is calls in frames. */
  carriesCalls: boolean;
  /** The command it sent last, or is executing; undefined before the first, or when there is none of that name. */
  lastCommand: CommandSpec | undefined;
  /** Bytes received and not yet executed, free room in that buffer, and bytes of replies not yet sent; kept up by the gateway, shown by `CLIENT LIST`. */
  queryBytes: number;
  queryFreeBytes: number;
  outputBytes: number;
  commandsProcessed: number;
}

/** What is known of a connection when it is opened. */
export type SessionOrigin = Pick<
  Session,
  "id" | "address" | "localAddress" | "createdAt" | "protocol" | "authenticated"
>;

/** A session that has not asked for anything yet. */
export function openSession(origin: SessionOrigin): Session {
  const { id, address, localAddress, createdAt, protocol, authenticated } = origin;
  return {
    id,
    address,
    localAddress,
    createdAt,
    lastUsedAt: createdAt,
    name: "",
    libraryName: "",
    libraryVersion: "",
    protocol,
    authenticated,
    transaction: undefined,
    watched: new Set(),
    watchBroken: false,
    replyMode: "on",
    noEvict: false,
    noTouch: false,
    readOnly: false,
    consistency: undefined,
    isForwarded: false,
    denyBlocking: false,
    blocked: false,
    closing: false,
    carriesCalls: false,
    lastCommand: undefined,
    queryBytes: 0,
    queryFreeBytes: 0,
    outputBytes: 0,
    commandsProcessed: 0,
  };
}
