import { invariant } from "../../base/invariant.ts";
import { KEY_BYTES_MAX } from "../state/record.ts";
import { isSessionKeyBytes } from "../state/sessionKey.ts";
import type { Args } from "./args.ts";
import { type Call, NOT_YET } from "./call.ts";
import { fail, hasRoom, KEY_TOO_LONG, quoted, RESERVED_KEY, wrongArity } from "./errors.ts";
import type { CommandSpec } from "./spec.ts";
import type { CommandTable } from "./table.ts";
import { endTransaction, queueCommand } from "./transactions/queue.ts";

/** The command was not evaluated: an error was written (or the session marked as closing). */
export const REFUSED = 0;
/** The command was evaluated and its reply, perhaps an error, is written. */
export const DONE = 1;
/** The command waits for `EXEC`. */
export const QUEUED = 2;
/** No reply was written: `call.blockRequest` says what the session waits for. */
export const BLOCKED = 3;
/** No reply was written: the request may be executed later, not now. */
export const HELD = 4;
export type Outcome = typeof REFUSED | typeof DONE | typeof QUEUED | typeof BLOCKED | typeof HELD;

/** A call as its owner sees it: commands may only read most of it. */
export type MutableCall = { -readonly [Field in keyof Call]: Call[Field] };

/** What `execute` needs of the object that is filled anew for every request. */
export interface DispatchedCall extends MutableCall {
  /** The command that was found; undefined when there is none of this name. */
  spec: CommandSpec | undefined;
}

/** What tells a client where to ask, or to ask again: `EXEC` answers it as any command does (`clusterRedirectClient` of Redis 7.0). */
const REDIRECTS = /^(?:MOVED|ASK|CROSSSLOT|CLUSTERDOWN|TRYAGAIN) /;
const NO_AUTH = "NOAUTH Authentication required.";
/** How much of a name and of arguments an error repeats, in bytes. */
const ECHO_BYTES_MAX = 128;
/** What an open transaction does not queue. */
const NEVER_QUEUED: ReadonlySet<string> = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);

/**
 * Runs one request: finds the command, refuses it or queues it or evaluates it, in the order of Redis's checks. Everything
 * that one `execute` changes, a whole `EXEC` too, belongs to one entry of the log.
 */
export function execute(call: DispatchedCall, table: CommandTable): Outcome {
  const { args, session } = call;
  let spec = table.find(args);
  call.spec = spec;
  if (spec === undefined) return refuseUnknown(call);
  if (spec.subcommands !== undefined && args.length > 1) {
    spec = table.findSubcommand(spec, args);
    if (spec === undefined) return refuse(call, unknownSubcommand(args));
    call.spec = spec;
  }
  session.lastCommand = spec;
  const { arity, evaluate } = spec;
  if (arity >= 0 ? args.length !== arity : args.length < -arity) return refuse(call, wrongArity(table.fullName(spec)));
  if (!session.authenticated && !spec.flags.includes("no_auth")) return refuse(call, NO_AUTH);
  if (session.transaction !== undefined && spec.flags.includes("no_multi")) {
    return refuse(call, "ERR Command not allowed inside a transaction");
  }
  if (call.access !== undefined) {
    const verdict = call.access(call, spec);
    if (verdict === NOT_YET) return HELD;
    if (verdict !== undefined) return refuse(call, verdict);
  }
  if (call.writesRefused !== undefined && mayWrite(call, spec) && !isRepeated(call, spec)) {
    return refuse(call, call.writesRefused);
  }
  if (mayNameSession(args) && namesSession(args, spec, table)) return refuse(call, RESERVED_KEY);
  if (args.payloadBytes > KEY_BYTES_MAX && writesLongKey(args, spec, table)) return refuse(call, KEY_TOO_LONG);
  if (session.transaction !== undefined && !NEVER_QUEUED.has(spec.name)) return queue(call, spec);
  invariant(evaluate !== undefined, "a command that passes its arity check can be evaluated");
  evaluateIfRoom(call, spec);
  return call.blockRequest === undefined ? DONE : BLOCKED;
}

/**
 * Evaluates a command unless its arguments are more than its entry has room for. A command that writes more than those (`COPY`,
 * `SUNIONSTORE`, …) looks for itself, by `hasRoom`.
 */
export function evaluateIfRoom(call: Call, spec: CommandSpec): void {
  const { args } = call;
  if (!spec.flags.includes("write") || hasRoom(call, args.payloadBytes, args.length)) spec.evaluate!(call);
}

/** Whether the command, or what an `EXEC` would run, is one that writes. */
export function mayWrite(call: Call, spec: CommandSpec): boolean {
  if (spec.flags.includes("write")) return true;
  if (spec.name !== "exec" || call.session.transaction === undefined) return false;
  return call.session.transaction.queue.some((queued) => queued.spec.flags.includes("write"));
}

/** Whether a request that may write is known to change nothing, because it was carried out before: see `CommandSpec.isRepeated`. */
export function isRepeated(call: Call, spec: CommandSpec): boolean {
  return spec.isRepeated?.(call) === true;
}

/** Whether an argument, perhaps no key, is one that only a session's row may have as its key. */
function mayNameSession({ bytes, starts, ends, length }: Args): boolean {
  for (let i = 1; i < length; i++) {
    if (bytes[starts[i]!] === 0 && isSessionKeyBytes(bytes, starts[i]!, ends[i]!)) return true;
  }
  return false;
}

function namesSession(args: Args, spec: CommandSpec, table: CommandTable): boolean {
  const keys = table.keyPositions(spec, args) ?? [];
  return keys.some(({ position }) => isSessionKeyBytes(args.bytes, args.starts[position]!, args.ends[position]!));
}

/** Whether the command writes and one of its keys is longer than a record takes. */
function writesLongKey(args: Args, spec: CommandSpec, table: CommandTable): boolean {
  if (!spec.flags.includes("write")) return false;
  let longest = 0;
  for (let i = 1; i < args.length; i++) longest = Math.max(longest, args.byteLength(i));
  if (longest <= KEY_BYTES_MAX) return false;
  const keys = table.keyPositions(spec, args) ?? [];
  return keys.some(({ position }) => args.byteLength(position) > KEY_BYTES_MAX);
}

function queue(call: DispatchedCall, spec: CommandSpec): Outcome {
  const refusal = queueCommand(call.session, spec, call.args);
  if (refusal !== undefined) return refuse(call, refusal);
  call.reply.simple("QUEUED");
  return QUEUED;
}

/** Writes the error of a command that is not evaluated; an open transaction is lost by it, at the latest at its `EXEC`. */
function refuse(call: DispatchedCall, text: string): Outcome {
  const { transaction } = call.session;
  if (transaction !== undefined) transaction.aborted = true;
  if (call.spec?.name !== "exec") fail(call, text);
  else {
    endTransaction(call);
    const isRedirect = REDIRECTS.test(text);
    fail(call, isRedirect ? text : `EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, "")}`);
  }
  return REFUSED;
}

function refuseUnknown(call: DispatchedCall): Outcome {
  const { args } = call;
  // The first words of an HTTP request: somebody makes a browser talk to us. Redis closes such a connection, too.
  if (args.is(0, "post") || args.is(0, "host:")) {
    call.session.closing = true;
    // What was answered before and is not sent yet is lost to it, too.
    call.reply.out.reset();
    return REFUSED;
  }
  return refuse(call, unknownCommand(args));
}

function unknownCommand(args: Args): string {
  let echo = "";
  for (let i = 1; i < args.length && echo.length < ECHO_BYTES_MAX; i++) {
    echo += `'${quoted(args.text(i), ECHO_BYTES_MAX - echo.length)}' `;
  }
  return `ERR unknown command '${quoted(args.text(0), ECHO_BYTES_MAX)}', with args beginning with: ${echo}`;
}

function unknownSubcommand(args: Args): string {
  return `ERR unknown subcommand '${quoted(args.text(1), ECHO_BYTES_MAX)}'. Try ${args.text(0).toUpperCase()} HELP.`;
}
