import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RespClient } from "../../support/respClient.ts";
import { formatReply, type Reply } from "../../support/respReply.ts";
import { inScopeCommands, outOfScopeCommands } from "../commandScope.ts";
import { type ServerPair, startServerPair } from "./serverPair.ts";

const topLevel = inScopeCommands.filter((name) => !name.includes("|"));

describe("the command table, against redis-server's", () => {
  let pair: ServerPair;
  before(async () => {
    pair = await startServerPair();
    await pair.both((client) => client.call("HELLO", "3"));
  });
  after(() => pair?.end());

  it("the scope lists name every command of redis-server once", async () => {
    const all = [...inScopeCommands, ...outOfScopeCommands].sort();
    assert.deepEqual(all, [...new Set(all)], "a command is in both lists");
    assert.deepEqual(all, await namesInDocs(pair.expected));
  });

  it("COMMAND LIST and COMMAND COUNT name the in-scope commands", async () => {
    const names = itemsOf(await pair.actual.call("COMMAND", "LIST")).map(textOf);
    assert.deepEqual(
      topLevel.filter((name) => !names.includes(name)),
      [],
      "missing in COMMAND LIST",
    );
    const counted = names.filter((name) => !name.includes("|"));
    assert.equal(formatReply(await pair.actual.call("COMMAND", "COUNT")), `:${counted.length}`);
    const infos = itemsOf(await pair.actual.call("COMMAND"));
    assert.deepEqual(infos.map((info) => textOf(itemsOf(info)[0])).sort(), counted.sort());
  });

  it("COMMAND LIST FILTERBY PATTERN and ACLCAT", async () => {
    for (const filter of [
      ["PATTERN", "z*"],
      ["PATTERN", "*get*"],
      ["ACLCAT", "hash"],
      ["ACLCAT", "transaction"],
      ["ACLCAT", "blocking"],
    ]) {
      const [expected, actual] = await pair.both((client) => client.call("COMMAND", "LIST", "FILTERBY", ...filter));
      assert.deepEqual(inScopeOnly(actual), inScopeOnly(expected), filter.join(" "));
    }
  });

  for (const name of topLevel) {
    it(`COMMAND INFO ${name}`, async () => {
      const [expected, actual] = await pair.both((client) => client.call("COMMAND", "INFO", name));
      assert.deepEqual(infoOf(itemsOf(actual)[0]), infoOf(itemsOf(expected)[0]));
    });

    it(`COMMAND DOCS ${name}`, async () => {
      const [expected, actual] = await pair.both((client) => client.call("COMMAND", "DOCS", name));
      assert.deepEqual(docsOf(actual, name), docsOf(expected, name));
    });
  }

  it("COMMAND INFO and COMMAND DOCS in RESP2 have RESP2's shape", async () => {
    const clients = await Promise.all(pair.servers.map((server) => RespClient.connect(server)));
    for (const command of [
      ["COMMAND", "INFO", "get", "nosuch"],
      ["COMMAND", "DOCS", "zadd", "nosuch"],
      ["COMMAND", "INFO"],
    ]) {
      const [expected, actual] = await Promise.all(clients.map((client) => client.call(...command)));
      assert.equal(shapeOf(actual, command), shapeOf(expected, command), command.join(" "));
    }
    await Promise.all(clients.map((client) => client.close()));
  });
});

/** Every command and subcommand that redis-server documents, sorted. */
async function namesInDocs(client: RespClient): Promise<string[]> {
  const docs = entriesOf(await client.call("COMMAND", "DOCS"));
  const names = [...docs].flatMap(([name, doc]) => [name, ...entriesOf(entriesOf(doc).get("subcommands")).keys()]);
  return names.sort();
}

type Info = Readonly<Record<string, unknown>>;

/** What clients act upon: arity, flags, key positions, key specifications; and the same of in-scope subcommands. */
function infoOf(info: Reply | undefined): Info {
  const [name, arity, flags, first, last, step, , tips, keySpecs, subcommands] = itemsOf(info);
  const kept = itemsOf(subcommands).filter((each) => inScopeCommands.includes(textOf(itemsOf(each)[0])));
  return {
    name: textOf(name),
    arity: textOf(arity),
    flags: itemsOf(flags).map(textOf).sort(),
    positions: [first, last, step].map(textOf),
    tipsType: tips?.type,
    keySpecs: itemsOf(keySpecs).map(keySpecOf),
    subcommands: kept.map(infoOf).sort((left, right) => (String(left["name"]) < String(right["name"]) ? -1 : 1)),
  };
}

/** Begin and keys are for machines; the flags are a set; notes are prose. */
function keySpecOf(keySpec: Reply): unknown {
  const entries = entriesOf(keySpec);
  return {
    flags: itemsOf(entries.get("flags")).map(textOf).sort(),
    begin: formatReply(entries.get("begin_search") ?? { type: "null" }),
    find: formatReply(entries.get("find_keys") ?? { type: "null" }),
  };
}

/** Everything that is told of a command and its in-scope subcommands; the order of subcommands means nothing. */
function docsOf(reply: Reply, name: string): unknown {
  return docOf(entriesOf(reply).get(name));
}

function docOf(doc: Reply | undefined): unknown {
  const facts = [...entriesOf(doc)].map(([fact, value]) => [
    fact,
    fact === "subcommands" ? subcommandDocs(value) : formatReply(value),
  ]);
  return Object.fromEntries(facts);
}

function subcommandDocs(reply: Reply): unknown {
  const kept = [...entriesOf(reply)].filter(([subcommand]) => inScopeCommands.includes(subcommand));
  return Object.fromEntries(kept.map(([subcommand, doc]) => [subcommand, docOf(doc)]));
}

function inScopeOnly(reply: Reply): string[] {
  return itemsOf(reply)
    .map(textOf)
    .filter((name) => topLevel.includes(name))
    .sort();
}

/** The reply's types and nesting with all contents blanked, two levels deep (deeper, the contents decide the shape). */
function shapeOf(reply: Reply | undefined, command: readonly string[]): string {
  if (command.length === 2) {
    return reply?.type ?? "";
  }
  return itemsOf(reply)
    .map(
      (item) =>
        `${item.type}(${itemsOf(item)
          .map((inner) => inner.type)
          .join(" ")})`,
    )
    .join(" ");
}

function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply !== undefined && (reply.type === "array" || reply.type === "set") ? reply.items : [];
}

function entriesOf(reply: Reply | undefined): Map<string, Reply> {
  const entries = reply?.type === "map" ? reply.entries : [];
  return new Map(entries.map(([key, value]) => [textOf(key), value]));
}

function textOf(reply: Reply | undefined): string {
  switch (reply?.type) {
    case "bulk":
      return reply.bytes.toString("latin1");
    case "simple":
    case "error":
      return reply.text;
    case "integer":
      return String(reply.value);
    default:
      return "";
  }
}
