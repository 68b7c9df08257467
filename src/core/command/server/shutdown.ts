import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

export const shutdown: CommandSpec = {
  name: "shutdown",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  group: "server",
  since: "1.0.0",
  summary: "Synchronously save the dataset to disk and then shut down the server",
  syntax: "[nosave_save(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
  complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
  history: [["7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."]],
  evaluate: evaluateShutdown,
};

/** Nothing that was acknowledged is lost, whatever the options. There is no reply: the connection is closed. */
function evaluateShutdown(call: Call): void {
  const { args } = call;
  const options = new Set(args.texts(1).map((text) => text.toLowerCase()));
  const known = [...options].every((option) => ["save", "nosave", "now", "force", "abort"].includes(option));
  const contradicts = options.has("save") && options.has("nosave");
  if (!known || contradicts || (options.has("abort") && options.size > 1)) return fail(call, SYNTAX_ERROR);
  if (options.has("abort")) return fail(call, "ERR No shutdown in progress.");
  call.node.shutdown();
}
