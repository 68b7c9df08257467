import type { CommandSpec } from "../src/core/command/spec.ts";

const BEGIN = "<!-- commands: written by npm run docs -->";
const END = "<!-- /commands -->";

/** A Markdown table of the commands, by group in the order of the table, subcommands behind their container. */
export function commandSection(commands: readonly CommandSpec[]): string {
  const groups = new Map<string, CommandSpec[]>();
  for (const spec of commands) groups.set(spec.group, [...(groups.get(spec.group) ?? []), spec]);
  const rows = [...groups].map(([group, specs]) => {
    const names = byName(specs).map(described);
    return `| ${group} | ${specs.length} | ${names.join(" ")} |`;
  });
  return ["| group | | commands |", "|---|---|---|", ...rows].join("\n");
}

function described({ name, subcommands = [] }: CommandSpec): string {
  const upper = `\`${name.toUpperCase()}\``;
  if (subcommands.length === 0) return upper;
  return `${upper} (${byName(subcommands)
    .map((sub) => `\`${sub.name.toUpperCase()}\``)
    .join(" ")})`;
}

function byName(specs: readonly CommandSpec[]): readonly CommandSpec[] {
  return specs.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** The document with the section in its place, between two comments. */
export function withSection(document: string, section: string): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the document has no "${BEGIN}" … "${END}"`);
  return `${document.slice(0, from)}${BEGIN}\n${section}\n${document.slice(to)}`;
}
