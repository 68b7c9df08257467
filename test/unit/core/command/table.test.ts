import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../../src/core/command/args.ts";
import type { CommandSpec } from "../../../../src/core/command/spec.ts";
import { CommandTable } from "../../../../src/core/command/table.ts";
import { groups, table } from "./dispatchNode.ts";

const base = { arity: -1, flags: [], group: "server", since: "1.0.0", summary: "" } as const;
const evaluate: NonNullable<CommandSpec["evaluate"]> = (call) => call.reply.ok();

describe("the command table", () => {
  it("finds every command by its bytes, in any case", () => {
    for (const spec of groups.flat()) {
      const mixed = [...spec.name].map((char, i) => (i % 2 === 0 ? char.toUpperCase() : char)).join("");
      for (const name of [spec.name, spec.name.toUpperCase(), mixed]) assert.equal(table.find(Args.of(name)), spec);
    }
    assert.equal(table.all().length, groups.flat().length);
  });

  it("finds nothing else", () => {
    for (const name of ["", "g", "ge", "gett", "g\0t", "\x47\x45\x54\x20", "\x07\x05\x14", "zrangebyscor", "\xe7et"]) {
      assert.equal(table.find(Args.of(name)), undefined, JSON.stringify(name));
    }
  });

  it("finds names of any byte exactly", () => {
    const odd = new CommandTable([
      [
        { ...base, name: "a_b" },
        { ...base, name: "a-b" },
        { ...base, name: "a|b" },
      ],
    ]);
    assert.equal(odd.find(Args.of("A_B"))?.name, "a_b");
    assert.equal(odd.find(Args.of("A-B"))?.name, "a-b");
    assert.equal(odd.find(Args.of("a\x7fb")), undefined);
    assert.equal(odd.find(Args.of("a\rb")), undefined);
  });

  it("knows subcommands by their full name", () => {
    const object = table.byName("OBJECT")!;
    const encoding = table.findSubcommand(object, Args.of("object", "ENCODING", "k"))!;
    assert.equal(table.fullName(encoding), "object|encoding");
    assert.equal(table.byName("object|Encoding"), encoding);
    assert.equal(table.fullName(object), "object");
    assert.equal(table.findSubcommand(object, Args.of("object", "nosuch")), undefined);
    assert.equal(table.byName("object|nosuch"), undefined);
  });

  it("refuses two commands of one name, and names that are not in lower case", () => {
    assert.throws(() => new CommandTable([[{ ...base, name: "a" }], [{ ...base, name: "a" }]]), /once/);
    assert.throws(() => new CommandTable([[{ ...base, name: "A" }]]), /lower case/);
  });

  it("derives the range of keys that COMMAND shows", () => {
    const ranges: Record<string, readonly number[]> = {
      get: [1, 1, 1],
      mset: [1, -1, 2],
      bzpopmin: [1, -2, 1],
      zrangestore: [1, 2, 1],
      zunionstore: [1, 1, 1],
      zunion: [0, 0, 0],
      multi: [0, 0, 0],
    };
    for (const [name, range] of Object.entries(ranges))
      assert.deepEqual(table.keyRange(table.byName(name)!), range, name);
    const fixed: CommandSpec = { ...base, name: "fixed", keyRange: [2, 3, 1] };
    assert.deepEqual(new CommandTable([[fixed]]).keyRange(fixed), [2, 3, 1]);
  });

  it("finds the keys of a request", () => {
    const keys: Record<string, string> = {
      "get a": "a",
      multi: "",
      "mset a 1 b 2": "a b",
      "bzpopmin a b c 0": "a b c",
      "zunionstore d 2 a b weights 1 2": "d a b",
      "zunionstore d 3 a b": "",
      "zunion 0 a": "",
      "zunion x a": "",
      "zunion 1000000000000 a": "",
      "bzmpop 0 2 a b min": "a b",
      "object encoding k": "k",
    };
    for (const [line, expected] of Object.entries(keys)) {
      const args = Args.of(...line.split(" "));
      let spec = table.find(args)!;
      if (spec.subcommands !== undefined) spec = table.findSubcommand(spec, args)!;
      assert.deepEqual(table.getKeys(spec, args), expected === "" ? [] : expected.split(" "), line);
    }
  });

  it("finds keys behind a keyword, from either end, and in parts of a request", () => {
    const find = { lastKey: -1, keyStep: 1, limit: 0 };
    const forward: CommandSpec = {
      ...base,
      name: "f",
      keys: [{ flags: ["RO"], begin: { keyword: "KEYS", startFrom: 1 }, find }],
    };
    const backward: CommandSpec = {
      ...base,
      name: "b",
      keys: [{ flags: ["RO"], begin: { keyword: "KEYS", startFrom: -2 }, find }],
    };
    const half: CommandSpec = {
      ...base,
      name: "h",
      keys: [{ flags: ["RO"], begin: { index: 1 }, find: { lastKey: -1, keyStep: 1, limit: 2 } }],
    };
    const notKey: CommandSpec = { ...base, name: "n", keys: [{ flags: ["not_key"], begin: { index: 1 }, find }] };
    const special = new CommandTable([[forward, backward, half, notKey]]);
    const keysOf = (spec: CommandSpec, line: string) => special.getKeys(spec, Args.of(...line.split(" "))).join(" ");
    assert.equal(keysOf(forward, "f x keys keys b"), "keys b");
    assert.equal(keysOf(backward, "b x keys keys b"), "b");
    assert.equal(keysOf(forward, "f x y"), "");
    assert.equal(keysOf(forward, "f x keys"), "");
    assert.equal(keysOf(half, "h a b 0 1"), "a b");
    assert.equal(keysOf(notKey, "n a"), "");
  });

  it("says what SET does with its key by its options", () => {
    const flagsOf = (...words: string[]) => table.keyPositions(table.byName("set")!, Args.of(...words))![0]!.flags;
    assert.deepEqual(flagsOf("set", "k", "v"), ["OW", "update"]);
    assert.deepEqual(flagsOf("set", "k", "v", "GET"), ["RW", "access", "update"]);
  });

  it("derives ACL categories from flags, group and what is named", () => {
    const categories: Record<string, string> = {
      get: "@read @string @fast",
      zadd: "@write @sortedset @fast",
      bzmpop: "@write @sortedset @slow @blocking",
      object: "@slow",
      "object|encoding": "@keyspace @read @slow",
      multi: "@fast @transaction",
      wait: "@slow @connection",
    };
    for (const [name, expected] of Object.entries(categories)) {
      assert.equal(table.categories(table.byName(name)!).join(" "), expected, name);
    }
    const admin: CommandSpec = { ...base, name: "admin", flags: ["admin", "pubsub"], evaluate };
    assert.deepEqual(table.categories(admin), ["@pubsub", "@admin", "@slow", "@dangerous"]);
  });
});
