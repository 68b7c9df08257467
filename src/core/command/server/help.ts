import { quoted } from "../errors.ts";
import type { CommandGroup, CommandSpec } from "../spec.ts";

/** The `HELP` subcommand of a container: its subcommands, one line each, explanations indented below. */
export function helpSubcommand(
  container: string,
  group: CommandGroup,
  since: string,
  lines: readonly string[],
  categories: readonly string[] = [],
): CommandSpec {
  const all = [
    `${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    "HELP",
    "    Prints this help.",
  ];
  return {
    name: "help",
    arity: 2,
    flags: ["loading", "stale"],
    group,
    since,
    summary: "Show helpful text about the different subcommands",
    complexity: "O(1)",
    categories,
    evaluate: ({ reply }) => {
      reply.array(all.length);
      for (const line of all) reply.simple(line);
    },
  };
}

/** What a container answers when a subcommand is there but its arguments make no sense. */
export function subcommandSyntaxError(container: string, subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${quoted(subcommand, 128)}'. Try ${container.toUpperCase()} HELP.`;
}
