import type { Reply } from "../reply.ts";
import type { CommandSpec, KeySpec } from "../spec.ts";
import type { CommandTable } from "../table.ts";

/** One command as `COMMAND INFO` tells of it, its subcommands included. */
export function writeCommandInfo(reply: Reply, table: CommandTable, spec: CommandSpec): void {
  reply.array(10);
  reply.bulk(table.fullName(spec));
  reply.integer(spec.arity);
  writeSimpleSet(reply, spec.flags);
  for (const position of table.keyRange(spec)) reply.integer(position);
  writeSimpleSet(reply, table.categories(spec));
  const hints = spec.hints ?? [];
  reply.set(hints.length);
  for (const hint of hints) reply.bulk(hint);
  const keys = spec.keys ?? [];
  reply.set(keys.length);
  for (const key of keys) writeKeySpec(reply, key);
  writeSubcommands(reply, table, spec);
}

function writeSubcommands(reply: Reply, table: CommandTable, spec: CommandSpec): void {
  const { subcommands } = spec;
  if (subcommands === undefined) return reply.set(0);
  reply.array(subcommands.length);
  for (const subcommand of subcommands) writeCommandInfo(reply, table, subcommand);
}

export function writeSimpleSet(reply: Reply, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function writeKeySpec(reply: Reply, spec: KeySpec): void {
  reply.map(spec.notes === undefined ? 3 : 4);
  if (spec.notes !== undefined) {
    reply.bulk("notes");
    reply.bulk(spec.notes);
  }
  reply.bulk("flags");
  writeSimpleSet(reply, spec.flags);
  reply.bulk("begin_search");
  writeBegin(reply, spec.begin);
  reply.bulk("find_keys");
  writeFind(reply, spec.find);
}

function writeBegin(reply: Reply, begin: KeySpec["begin"]): void {
  if ("index" in begin) writeTyped(reply, "index", [["index", begin.index]]);
  else {
    writeTyped(reply, "keyword", [
      ["keyword", begin.keyword],
      ["startfrom", begin.startFrom],
    ]);
  }
}

function writeFind(reply: Reply, find: KeySpec["find"]): void {
  if ("lastKey" in find) {
    writeTyped(reply, "range", [
      ["lastkey", find.lastKey],
      ["keystep", find.keyStep],
      ["limit", find.limit],
    ]);
  } else {
    writeTyped(reply, "keynum", [
      ["keynumidx", find.keyNumIndex],
      ["firstkey", find.firstKey],
      ["keystep", find.keyStep],
    ]);
  }
}

function writeTyped(reply: Reply, type: string, facts: readonly (readonly [string, string | number])[]): void {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(facts.length);
  for (const [name, value] of facts) {
    reply.bulk(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulk(value);
  }
}
