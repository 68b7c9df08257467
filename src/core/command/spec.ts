import type { Call } from "./call.ts";

/** Redis's documentation groups, as in `COMMAND DOCS`. */
export type CommandGroup =
  | "string"
  | "generic"
  | "hash"
  | "list"
  | "set"
  | "sorted-set"
  | "transactions"
  | "connection"
  | "server"
  | "cluster";

/** Redis's command flags, as in `COMMAND INFO`. */
type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_mandatory_keys"
  | "allow_busy"
  | "no_async_loading"
  | "no_multi"
  | "movablekeys";

/** What a command does with the keys of a key specification (Redis, "Command key specifications"). */
export type KeyFlag =
  | "RW"
  | "RO"
  | "OW"
  | "RM"
  | "access"
  | "update"
  | "insert"
  | "delete"
  | "incomplete"
  | "variable_flags"
  | "not_key";

/** One key specification: where keys begin, and how to go on from there. Positions count the command's name as 0. */
export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number };
  readonly find:
    | { readonly lastKey: number; readonly keyStep: number; readonly limit: number }
    | { readonly keyNumIndex: number; readonly firstKey: number; readonly keyStep: number };
  readonly notes?: string;
}

/** Everything there is to know of one command: the only place that knows it. `COMMAND`, routing and documents read it. */
export interface CommandSpec {
  /** Lower case; of a subcommand only its own word. */
  readonly name: string;
  /** How many arguments, the name included; negative: at least so many. For a subcommand the container's name counts too. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly group: CommandGroup;
  /** The Redis version that brought the command. */
  readonly since: string;
  readonly summary: string;
  /** The arguments, in the notation of `readSyntax`; left out when there are none. */
  readonly syntax?: string;
  readonly complexity?: string;
  readonly keys?: readonly KeySpec[];
  /** `[first, last, step]` as `COMMAND` shows them; derived from `keys` when left out. */
  readonly keyRange?: readonly [number, number, number];
  /** ACL categories beyond those that flags and group imply, with the `@`. */
  readonly categories?: readonly string[];
  readonly history?: readonly (readonly [string, string])[];
  readonly hints?: readonly string[];
  /** Redis's own testing needs it; it is not for applications (`syscmd` in `COMMAND DOCS`). */
  readonly isInternal?: boolean;
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** Present in containers such as `CONFIG`; `evaluate` is then only called when no subcommand is given and arity allows it. */
  readonly subcommands?: readonly CommandSpec[];
  /**
   * Whether the request was carried out before and only its answer is given again. It changes nothing then, and is answered though writes
   * are refused. Asked only when it would be refused.
   */
  readonly isRepeated?: (call: Call) => boolean;
  /** Reads the state, writes the reply, and says what changes as mutations; validates everything before the first mutation. */
  readonly evaluate?: (call: Call) => void;
}
