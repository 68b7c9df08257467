import type { Reply } from "../reply.ts";
import type { CommandSpec } from "../spec.ts";
import { type Argument, readSyntax } from "../syntax.ts";
import type { CommandTable } from "../table.ts";
import { writeSimpleSet } from "./commandInfo.ts";

/** One command's name and what `COMMAND DOCS` tells of it, its subcommands included. */
export function writeCommandDocs(reply: Reply, table: CommandTable, spec: CommandSpec): void {
  const { complexity, deprecated, history, isInternal, syntax, subcommands } = spec;
  const facts: Fact[] = [
    ["summary", () => reply.bulk(spec.summary)],
    ["since", () => reply.bulk(spec.since)],
    ["group", () => reply.bulk(spec.group)],
  ];
  if (complexity !== undefined) facts.push(["complexity", () => reply.bulk(complexity)]);
  if (isInternal) facts.push(["doc_flags", () => writeSimpleSet(reply, ["syscmd"])]);
  if (deprecated !== undefined) {
    facts.push(
      ["doc_flags", () => writeSimpleSet(reply, ["deprecated"])],
      ["deprecated_since", () => reply.bulk(deprecated.since)],
      ["replaced_by", () => reply.bulk(deprecated.replacedBy)],
    );
  }
  if (history !== undefined) facts.push(["history", () => writeHistory(reply, history)]);
  if (syntax !== undefined) facts.push(["arguments", () => writeArguments(reply, readSyntax(syntax))]);
  if (subcommands !== undefined) facts.push(["subcommands", () => writeAll(reply, table, subcommands)]);
  reply.bulk(table.fullName(spec));
  writeFacts(reply, facts);
}

type Fact = readonly [name: string, write: () => void];

function writeFacts(reply: Reply, facts: readonly Fact[]): void {
  reply.map(facts.length);
  for (const [name, write] of facts) {
    reply.bulk(name);
    write();
  }
}

function writeArguments(reply: Reply, all: readonly Argument[]): void {
  reply.array(all.length);
  for (const argument of all) writeFacts(reply, argumentFacts(reply, argument));
}

/** In Redis's order. */
function argumentFacts(reply: Reply, argument: Argument): readonly Fact[] {
  const { name, type, keySpec, token, since, deprecatedSince, flags, inner } = argument;
  const facts: Fact[] = [
    ["name", () => reply.bulk(name)],
    ["type", () => reply.bulk(type)],
  ];
  if (keySpec !== undefined) facts.push(["key_spec_index", () => reply.integer(keySpec)]);
  if (token !== undefined) facts.push(["token", () => reply.bulk(token)]);
  if (since !== undefined) facts.push(["since", () => reply.bulk(since)]);
  if (deprecatedSince !== undefined) facts.push(["deprecated_since", () => reply.bulk(deprecatedSince)]);
  if (flags.length > 0) facts.push(["flags", () => writeSimpleSet(reply, flags)]);
  if (inner.length > 0) facts.push(["arguments", () => writeArguments(reply, inner)]);
  return facts;
}

function writeHistory(reply: Reply, history: readonly (readonly [string, string])[]): void {
  reply.set(history.length);
  for (const change of history) reply.bulks(change);
}

function writeAll(reply: Reply, table: CommandTable, specs: readonly CommandSpec[]): void {
  reply.map(specs.length);
  for (const spec of specs) writeCommandDocs(reply, table, spec);
}
