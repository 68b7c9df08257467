import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { lookup } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { oneKey, twoKeys } from "./keySpecs.ts";
import { copyValue } from "./transfer.ts";

const SAME_OBJECT = "ERR source and destination objects are the same";
const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

export const copy: CommandSpec = {
  name: "copy",
  arity: -3,
  flags: ["write", "denyoom"],
  group: "generic",
  since: "6.2.0",
  summary: "Copy a key",
  syntax: "source#0 destination#1 [DB=destination-db<integer>] [REPLACE]",
  complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
  keys: twoKeys(["RO", "access"], ["OW", "update"]),
  evaluate(call: Call): void {
    const replace = parseReplace(call);
    if (replace === undefined) return;
    const [from, to] = [call.args.text(1), call.args.text(2)];
    if (from === to) return fail(call, SAME_OBJECT);
    const isPossible = lookup(call, from) !== 0 && (lookup(call, to) === 0 || replace);
    if (isPossible && !copyValue(call, call.state.find(from), from, to)) return;
    call.reply.integer(isPossible ? 1 : 0);
  },
};

export const move: CommandSpec = {
  name: "move",
  arity: 3,
  flags: ["write", "fast"],
  group: "generic",
  since: "1.0.0",
  summary: "Move a key to another database",
  syntax: "key#0 db<integer>",
  complexity: "O(1)",
  keys: oneKey(["RW", "access", "update"]),
  evaluate(call: Call): void {
    // There is no other database than 0, where the key is.
    if (isDatabase(call, 2)) fail(call, SAME_OBJECT);
  },
};

/** Whether an existing key may be replaced; undefined after an error reply. */
function parseReplace(call: Call): boolean | undefined {
  const { args } = call;
  let replace = false;
  for (let i = 3; i < args.length; i++) {
    if (args.is(i, "replace")) replace = true;
    else if (args.is(i, "db") && i + 1 < args.length) {
      if (!isDatabase(call, ++i)) return undefined;
    } else {
      fail(call, SYNTAX_ERROR);
      return undefined;
    }
  }
  return replace;
}

/** Whether argument `i` is the number of the only database; false after an error reply. */
function isDatabase(call: Call, i: number): boolean {
  const database = argInteger(call, i);
  if (database === undefined) return false;
  if (database < INT_MIN || database > INT_MAX) {
    fail(call, `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`);
  } else if (database !== 0) fail(call, "ERR DB index is out of range");
  return database === 0;
}
