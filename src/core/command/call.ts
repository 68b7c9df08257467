import type { Random } from "../../base/random.ts";
import type { KeySpace } from "../state/keySpace.ts";
import type { Mutator } from "../state/mutator.ts";
import type { Args } from "./args.ts";
import type { NodeServices } from "./nodeServices.ts";
import type { Reply } from "./reply.ts";
import type { Session } from "./session.ts";
import type { CommandSpec } from "./spec.ts";

/** Parks the session until one of the keys may serve it, or the time is over. */
export interface BlockRequest {
  readonly keys: readonly string[];
  /** What one of the keys must come to hold: `VALUE_LIST`, … */
  readonly valueType: number;
  /** Milliseconds from now; 0 waits for ever. */
  readonly timeoutMillis: number;
  /** Whether what it waits for has come, where that is no key: looked at whenever something is committed or the group changes. */
  readonly isOver?: () => boolean;
  /** Writes the reply of a command whose time is over. */
  readonly onTimeout: (reply: Reply) => void;
}

/** The request has to wait: for what is undecided, or for the replica to know what it is. */
export const NOT_YET = "";

/** Decides whether a replica executes a command: undefined, `NOT_YET`, or the error that answers it. */
export type Access = (call: Call, spec: CommandSpec) => string | undefined;

/**
 * One command being evaluated: what it may read, where it writes its reply, and where it says what changes. There is one
 * object for all commands of a node, filled anew for each.
 *
 * Rules: validate first, then mutate, then reply; a mutation takes effect at once on `state`, so read what the reply needs
 * before (or take what the mutator returns). Nothing here waits.
 */
export interface Call {
  readonly args: Args;
  readonly reply: Reply;
  /** Wall clock of this turn, milliseconds: the only time there is. */
  readonly now: number;
  /** Keys whose time came before this are gone: `now`, or 0 at a replica to which only the primary says what has expired. */
  readonly expiryNow: number;
  readonly state: KeySpace;
  readonly mutate: Mutator;
  readonly session: Session;
  readonly node: NodeServices;
  readonly random: Random;
  /** Inside `EXEC`: a command that would block answers as if its time were over. */
  readonly inTransaction: boolean;
  /** A parked command is tried again because this key holds now what it waits for: it looks at no other key of its list. */
  readonly wakingKey: string | undefined;
  /** The error that answers every command which may write, e.g. while the disk is full; no mutation may be made then. */
  readonly writesRefused: string | undefined;
  /** Whether this replica may execute the command now; undefined where it may execute all. */
  readonly access: Access | undefined;
  /** When the request was first told `NOT_YET` (monotonic clock); undefined if it comes for the first time. */
  readonly heldSince: number | undefined;
  /** The entry whose fate it then had to wait for; 0 for none. */
  awaits: number;
  /** What the command asked for by `block`; the executor acts on it. */
  blockRequest: BlockRequest | undefined;
  /** The reply may go out only when this seq is committed: the newest pending entry of what was read. */
  dependsOn: number;
}

/** Those of a blocking command's keys that may serve it now. */
export function keysToTry(call: Call, keys: readonly string[]): readonly string[] {
  return call.wakingKey === undefined ? keys : [call.wakingKey];
}

/** Parks the session, or, where it must not wait, answers as if the time were over. */
export function block(call: Call, request: BlockRequest): void {
  if (call.inTransaction || call.session.denyBlocking) request.onTimeout(call.reply);
  else call.blockRequest = request;
}
