import { Glob } from "../../../base/glob.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

export const commandList: CommandSpec = {
  name: "list",
  arity: -2,
  flags: ["loading", "stale"],
  group: "server",
  since: "7.0.0",
  summary: "Get an array of Redis command names",
  syntax: "[FILTERBY=filterby(MODULE=module-name|ACLCAT=category|PATTERN=pattern<pattern>)]",
  complexity: "O(N) where N is the total number of Redis commands",
  categories: ["@connection"],
  hints: ["nondeterministic_output_order"],
  evaluate: evaluateList,
};

/** Without a filter subcommands are left out. */
function evaluateList(call: Call): void {
  const { args, node, reply } = call;
  const { commands } = node;
  const top = commands.all();
  if (args.length === 2) return reply.bulks(top.map((spec) => spec.name));
  const filter = args.length === 5 && args.is(2, "filterby") ? parseFilter(call) : undefined;
  if (filter === undefined) return fail(call, SYNTAX_ERROR);
  const all = top.flatMap((spec) => [spec, ...(spec.subcommands ?? [])]);
  reply.bulks(all.filter(filter).map((spec) => commands.fullName(spec)));
}

function parseFilter(call: Call): ((spec: CommandSpec) => boolean) | undefined {
  const { args, node } = call;
  const { commands } = node;
  const wanted = args.text(4);
  // There are no modules, so no command is of the one that is asked for.
  if (args.is(3, "module")) return () => false;
  if (args.is(3, "aclcat")) return (spec) => commands.categories(spec).includes(`@${wanted.toLowerCase()}`);
  if (!args.is(3, "pattern")) return undefined;
  const glob = new Glob(wanted, true);
  return (spec) => glob.all || glob.matches(commands.fullName(spec));
}
