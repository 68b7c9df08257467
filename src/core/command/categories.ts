import type { CommandGroup, CommandSpec } from "./spec.ts";

/** Redis's order of categories, as in `ACL CAT` and `COMMAND INFO`. */
const ACL_CATEGORIES = [
  "@keyspace",
  "@read",
  "@write",
  "@set",
  "@sortedset",
  "@list",
  "@hash",
  "@string",
  "@bitmap",
  "@hyperloglog",
  "@geo",
  "@stream",
  "@pubsub",
  "@admin",
  "@fast",
  "@slow",
  "@blocking",
  "@dangerous",
  "@connection",
  "@transaction",
  "@scripting",
] as const;

const CATEGORY_OF_GROUP: Partial<Record<CommandGroup, string>> = {
  string: "@string",
  generic: "@keyspace",
  hash: "@hash",
  list: "@list",
  set: "@set",
  "sorted-set": "@sortedset",
  transactions: "@transaction",
  connection: "@connection",
};
const GROUP_CATEGORIES: ReadonlySet<string> = new Set(Object.values(CATEGORY_OF_GROUP));

/**
 * What flags and group imply, and what the command adds. A group's category that is named explicitly takes the place of
 * the implied one (`SORT` is of the generic group but not `@keyspace`), and a bare container has none.
 */
export function aclCategories(spec: CommandSpec): readonly string[] {
  const named = spec.categories ?? [];
  const categories = new Set(named);
  const implied = CATEGORY_OF_GROUP[spec.group];
  const isBareContainer = spec.subcommands !== undefined && spec.evaluate === undefined;
  if (implied && !isBareContainer && !named.some((name) => GROUP_CATEGORIES.has(name))) categories.add(implied);
  const { flags } = spec;
  if (flags.includes("write")) categories.add("@write");
  if (flags.includes("readonly")) categories.add("@read");
  if (flags.includes("admin")) categories.add("@admin").add("@dangerous");
  if (flags.includes("pubsub")) categories.add("@pubsub");
  if (flags.includes("blocking")) categories.add("@blocking");
  categories.add(flags.includes("fast") ? "@fast" : "@slow");
  return ACL_CATEGORIES.filter((name) => categories.has(name));
}
