import { Glob } from "../../../base/glob.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { argInteger } from "../numbers.ts";
import { argCursor, replyScanStep } from "../sets/elementScan.ts";
import type { CommandSpec } from "../spec.ts";
import { typeName } from "./exists.ts";
import { dependOnAll, isExpired, peek } from "./peek.ts";
import { isVisible } from "./visible.ts";

const COUNT_DEFAULT = 10;

interface ScanOptions {
  count: number;
  /** Undefined: all. */
  glob: Glob | undefined;
  /** A type's name in lower case; undefined: all. */
  type: string | undefined;
}

export const scan: CommandSpec = {
  name: "scan",
  arity: -2,
  flags: ["readonly"],
  group: "generic",
  since: "2.8.0",
  summary: "Incrementally iterate the keys space",
  syntax: "cursor<integer> [MATCH=pattern<pattern>] [COUNT=count<integer>] [TYPE=type@6.0.0]",
  complexity:
    "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. " +
    "N is the number of elements inside the collection.",
  hints: ["nondeterministic_output", "request_policy:special"],
  history: [["6.0.0", "Added the `TYPE` subcommand."]],
  evaluate(call: Call): void {
    const cursor = argCursor(call, 1);
    if (cursor === undefined) return;
    const options = parseOptions(call);
    if (options === undefined) return;
    const { glob, type } = options;
    const found: string[] = [];
    const next = call.state.scan(Math.min(cursor, Number.MAX_SAFE_INTEGER), options.count, (key) => {
      if ((glob === undefined || glob.matches(key)) && isVisible(call, key)) found.push(key);
    });
    dependOnAll(call);
    const shown = found.filter((key) => (type === undefined ? !isExpired(call, key) : hasType(call, key, type)));
    replyScanStep(call, next, shown);
  },
};

function hasType(call: Call, key: string, type: string): boolean {
  const ref = peek(call, key);
  return ref !== 0 && type === typeName(call.state.type(ref));
}

/** The options of `SCAN`, the last of each kind; undefined after an error reply. */
function parseOptions(call: Call): ScanOptions | undefined {
  const { args } = call;
  const options: ScanOptions = { count: COUNT_DEFAULT, glob: undefined, type: undefined };
  for (let i = 2; i < args.length; i += 2) {
    const hasValue = i + 1 < args.length;
    if (hasValue && args.is(i, "count")) {
      const count = argInteger(call, i + 1);
      if (count === undefined) return undefined;
      if (count < 1) return refuse(call);
      options.count = count;
    } else if (hasValue && args.is(i, "match")) {
      const glob = new Glob(args.text(i + 1));
      options.glob = glob.all ? undefined : glob;
    } else if (hasValue && args.is(i, "type")) options.type = args.text(i + 1).toLowerCase();
    else return refuse(call);
  }
  return options;
}

function refuse(call: Call): undefined {
  fail(call, SYNTAX_ERROR);
  return undefined;
}
