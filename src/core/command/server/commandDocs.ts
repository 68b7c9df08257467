import type { Reply } from "../reply.ts";
import type { CommandSpec } from "../spec.ts";
import type { CommandTable } from "../table.ts";
import { writeSimpleSet } from "./commandInfo.ts";

/** One command's name and what `COMMAND DOCS` tells of it, its subcommands included. */
export function writeCommandDocs(reply: Reply, table: CommandTable, spec: CommandSpec): void {
  const { complexity, deprecated, history, subcommands } = spec;
  const facts: (readonly [string, () => void])[] = [
    ["summary", () => reply.bulk(spec.summary)],
    ["since", () => reply.bulk(spec.since)],
    ["group", () => reply.bulk(spec.group)],
  ];
  if (complexity !== undefined) facts.push(["complexity", () => reply.bulk(complexity)]);
  if (deprecated !== undefined) {
    facts.push(
      ["doc_flags", () => writeSimpleSet(reply, ["deprecated"])],
      ["deprecated_since", () => reply.bulk(deprecated.since)],
      ["replaced_by", () => reply.bulk(deprecated.replacedBy)],
    );
  }
  if (history !== undefined) facts.push(["history", () => writeHistory(reply, history)]);
  if (subcommands !== undefined) facts.push(["subcommands", () => writeAll(reply, table, subcommands)]);
  reply.bulk(table.fullName(spec));
  reply.map(facts.length);
  for (const [name, write] of facts) {
    reply.bulk(name);
    write();
  }
}

function writeHistory(reply: Reply, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length);
  for (const change of history) reply.bulks(change);
}

function writeAll(reply: Reply, table: CommandTable, specs: readonly CommandSpec[]): void {
  reply.map(specs.length);
  for (const spec of specs) writeCommandDocs(reply, table, spec);
}
