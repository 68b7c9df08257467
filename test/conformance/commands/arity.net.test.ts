import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { RespClient } from "../../support/respClient.ts";
import { formatReply, type Reply } from "../../support/respReply.ts";
import { inScopeCommands } from "../commandScope.ts";
import { type ServerPair, startServerPair } from "./serverPair.ts";

describe("wrong numbers of arguments, for every in-scope command", () => {
  let pair: ServerPair;
  before(async () => {
    pair = await startServerPair();
  });
  after(() => pair?.end());

  for (const name of inScopeCommands) {
    it(name.replace("|", " "), async () => {
      const arity = await arityOf(pair.expected, name);
      const words = name.split("|");
      for (const count of wrongCounts(arity, words.length)) {
        const command = [...words, ...Array.from({ length: count - words.length }, () => "x")];
        for (const spelling of [command, [(command[0] ?? "").toUpperCase(), ...command.slice(1)]]) {
          const [expected, actual] = await pair.both((client) => client.call(...spelling));
          assert.match(formatReply(expected), /wrong number of arguments for|unknown subcommand/, spelling.join(" "));
          assert.equal(formatReply(actual), formatReply(expected), spelling.join(" "));
        }
      }
    });
  }

  it("unknown commands and subcommands", async () => {
    const containers = [
      ...new Set(inScopeCommands.filter((name) => name.includes("|")).map((name) => name.split("|")[0] ?? "")),
    ];
    const commands = [
      ...containers.map((name) => [name, "nosuch"]),
      ...containers.map((name) => [name.toUpperCase(), "NoSuch", "a", "b"]),
      ...containers.map((name) => [name, "x".repeat(300)]),
      ...containers.map((name) => [name, "a\r\nb"]),
      ...[
        ["nosuch"],
        ["NoSuch", "a"],
        ["x".repeat(300), "y".repeat(300), "z"],
        ["nosuch", "a\r\nb"],
        ["nosuch", "a".repeat(100), "b".repeat(100)],
      ],
    ];
    for (const command of commands) {
      const [expected, actual] = await pair.both((client) => client.call(...command));
      assert.equal(formatReply(actual), formatReply(expected), command.join(" "));
    }
  });
});

/** All the numbers of words below a least number; around an exact one. The command's own name counts. */
function wrongCounts(arity: number, least: number): number[] {
  const needed = Math.abs(arity);
  const tooFew = Array.from({ length: Math.max(0, needed - least) }, (_, index) => least + index);
  return arity < 0 ? tooFew : [...tooFew, needed + 1, needed + 2];
}

async function arityOf(client: RespClient, name: string): Promise<number> {
  const reply = await client.call("COMMAND", "INFO", name);
  const info: Reply | undefined = reply.type === "array" ? reply.items[0] : undefined;
  const arity = info?.type === "array" ? info.items[1] : undefined;
  if (arity?.type !== "integer") {
    throw new Error(`redis-server does not know the arity of ${name}`);
  }
  return Number(arity.value);
}
