import type { CommandSpec } from "../spec.ts";

const OPEN_FLAGS = ["noscript", "loading", "stale"] as const;
const ADMIN_FLAGS = ["admin", "noscript", "loading", "stale"] as const;

type Facts = Pick<CommandSpec, "name" | "arity" | "since" | "summary" | "evaluate"> &
  Partial<Pick<CommandSpec, "syntax" | "complexity" | "hints" | "history">>;

/** A subcommand of `CLIENT` that concerns the caller's own connection. */
export function ownSubcommand(facts: Facts): CommandSpec {
  return { complexity: "O(1)", ...facts, flags: OPEN_FLAGS, group: "connection" };
}

/** A subcommand of `CLIENT` that concerns other connections, too. */
export function adminSubcommand(facts: Facts): CommandSpec {
  return { complexity: "O(1)", ...facts, flags: ADMIN_FLAGS, group: "connection" };
}
