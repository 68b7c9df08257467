import type { Call } from "../call.ts";
import { fail, NO_SUCH_KEY } from "../errors.ts";
import { lookup } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { twoKeys } from "./keySpecs.ts";
import { copyValue } from "./transfer.ts";

export const rename: CommandSpec = {
  name: "rename",
  arity: 3,
  flags: ["write"],
  group: "generic",
  since: "1.0.0",
  summary: "Rename a key",
  syntax: "key#0 newkey#1",
  complexity: "O(1)",
  keys: twoKeys(["RW", "access", "delete"], ["OW", "update"]),
  evaluate(call: Call): void {
    const [from, to] = [call.args.text(1), call.args.text(2)];
    if (lookup(call, from) === 0) return fail(call, NO_SUCH_KEY);
    if (from === to || move(call, from, to)) call.reply.ok();
  },
};

export const renamenx: CommandSpec = {
  name: "renamenx",
  arity: 3,
  flags: ["write", "fast"],
  group: "generic",
  since: "1.0.0",
  summary: "Rename a key, only if the new key does not exist",
  syntax: "key#0 newkey#1",
  complexity: "O(1)",
  keys: twoKeys(["RW", "access", "delete"], ["OW", "insert"]),
  history: [["3.2.0", "The command no longer returns an error when source and destination names are the same."]],
  evaluate(call: Call): void {
    const [from, to] = [call.args.text(1), call.args.text(2)];
    if (lookup(call, from) === 0) return fail(call, NO_SUCH_KEY);
    const isFree = lookup(call, to) === 0;
    if (isFree && !move(call, from, to)) return;
    call.reply.integer(isFree ? 1 : 0);
  },
};

/** False after an error reply. */
function move(call: Call, from: string, to: string): boolean {
  const isCopied = copyValue(call, call.state.find(from), from, to);
  if (isCopied) call.mutate.delete(from);
  return isCopied;
}
