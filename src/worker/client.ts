import type { Args } from "../core/command/args.ts";
import type { BlockRequest } from "../core/command/call.ts";
import type { Session } from "../core/command/session.ts";
import type { CommandTable } from "../core/command/table.ts";
import type { Timer } from "../ports/clock.ts";
import type { Lane } from "./forwarding/lane.ts";

/** Replies: short ones as a latin1 string, which costs less to make and to write than an array of bytes. */
export type Output = string | Uint8Array;

/** The connection behind a session, as the executor sees it. */
export interface ClientSink {
  /** Takes replies that may go out now; bytes belong to the sink from here on. */
  send(output: Output): void;
  /** Closes after what was sent is out. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** The session's requests may be executed again: a blocking command is answered, or the node goes on after a pause. */
  resume(): void;
}

/** A blocking command that waits. */
export interface Parked {
  readonly args: Args;
  readonly request: BlockRequest;
  readonly timer: Timer | undefined;
  /** Monotonic clock. */
  readonly since: number;
}

/** A session with its connection and what the executor holds back for it. */
export class Client {
  readonly session: Session;
  readonly sink: ClientSink;
  /** The commands it can name; undefined for those of Redis. */
  readonly table: CommandTable | undefined;
  /** The newest seq that replies written in this turn depend on. */
  dependsOn = 0;
  /** Replies written in this turn. */
  replies = 0;
  /** How many pieces of output wait for their commit. */
  held = 0;
  heldBytes = 0;
  /** Of those, how many have no place in a lane: they came before everything that has. */
  heldDirect = 0;
  /** Replies in order, once requests of this client were executed at other nodes. */
  lane: Lane | undefined;
  parked: Parked | undefined;
  /** A request that waits for the end of a `CLIENT PAUSE`, or for this replica to be allowed to execute it. */
  postponed: Args | undefined;
  /** It is postponed for seconds at most, for replies to earlier requests or for access: a client that says no more still wants its reply. */
  waitsBriefly = false;
  /** When a request was first held for want of access (monotonic clock), and the entry whose fate it waits for. */
  heldSince: number | undefined;
  awaits = 0;
  gone = false;

  constructor(session: Session, sink: ClientSink, table?: CommandTable) {
    this.session = session;
    this.sink = sink;
    this.table = table;
  }

  /** Whether it waits for something of its own: keys, or the end of a pause. */
  get waits(): boolean {
    return this.parked !== undefined || (this.postponed !== undefined && !this.waitsBriefly);
  }
}
