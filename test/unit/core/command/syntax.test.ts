import assert from "node:assert/strict";
import { test } from "node:test";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { type Argument, readSyntax } from "../../../../src/core/command/syntax.ts";

test("every form of the notation", () => {
  const [key, group, option, pairs, old] = readSyntax(
    "key#0 when(NX|CH=change<pure-token>@3.0.2) [PX=milliseconds<integer>@2.6.12] pair{score<double> member}** [ip:port!2.8.12*]",
  );
  assert.deepEqual(key, { name: "key", type: "key", keySpec: 0, inner: [], flags: [] });
  assert.deepEqual(group?.type, "oneof");
  assert.deepEqual(group?.inner, [
    { name: "nx", type: "pure-token", token: "NX", inner: [], flags: [] },
    { name: "change", type: "pure-token", token: "CH", inner: [], since: "3.0.2", flags: [] },
  ]);
  assert.deepEqual(option, {
    name: "milliseconds",
    type: "integer",
    token: "PX",
    since: "2.6.12",
    inner: [],
    flags: ["optional"],
  });
  assert.deepEqual(
    pairs?.inner.map(({ name, type }) => [name, type]),
    [
      ["score", "double"],
      ["member", "string"],
    ],
  );
  assert.deepEqual(pairs?.flags, ["multiple", "multiple_token"]);
  assert.deepEqual(old, {
    name: "ip:port",
    type: "string",
    deprecatedSince: "2.8.12",
    inner: [],
    flags: ["optional", "multiple"],
  });
});

test("what is not the notation is a bug of the table", () => {
  for (const text of ["", "a b)", "a  b", "[a", "a(b", "a<", "a{b", "X=", "a@", "a]"])
    assert.throws(() => readSyntax(text), text);
});

test("the syntax of every command is read and names key specifications that there are", () => {
  for (const spec of commandTable.all()) {
    for (const each of [spec, ...(spec.subcommands ?? [])]) {
      const name = commandTable.fullName(each);
      const all = each.syntax === undefined ? [] : readSyntax(each.syntax);
      const keySpecs = all.flatMap(keySpecsOf);
      for (const index of keySpecs) assert.ok(index < (each.keys?.length ?? 0), `${name}: key#${index}`);
    }
  }
});

function keySpecsOf({ keySpec, inner }: Argument): readonly number[] {
  return [...(keySpec === undefined ? [] : [keySpec]), ...inner.flatMap(keySpecsOf)];
}
