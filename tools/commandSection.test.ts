import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandTable } from "../src/core/command/commandTable.ts";
import type { CommandSpec } from "../src/core/command/spec.ts";
import { commandSection, withSection } from "./commandSection.ts";

const spec = (name: string, subcommands?: readonly CommandSpec[]): CommandSpec => ({
  ...{ name, arity: 1, flags: [], group: "string", since: "1.0.0", summary: "" },
  ...(subcommands && { subcommands }),
});

it("lists commands by group, in order, with their subcommands", () => {
  const section = commandSection([spec("set"), spec("get", [spec("b"), spec("a")])]);
  assert.equal(section.split("\n").at(-1), "| string | 2 | `GET` (`A` `B`) `SET` |");
});

it("replaces what stands between the marks, and nothing else", () => {
  const document = "above\n<!-- commands: written by npm run docs -->\nold\n<!-- /commands -->\nbelow\n";
  const changed = withSection(document, "new");
  assert.equal(changed, document.replace("old", "new"));
  assert.equal(withSection(changed, "new"), changed);
  assert.throws(() => withSection("no marks", "new"));
});

it("docs/compatibility.md lists the commands that there are (npm run docs)", () => {
  const document = readFileSync(fileURLToPath(new URL("../docs/compatibility.md", import.meta.url)), "utf8");
  assert.equal(document, withSection(document, commandSection(commandTable.all())));
});
