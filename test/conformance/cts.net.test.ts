import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { RespClient } from "../support/respClient.ts";
import { formatReply, type Reply } from "../support/respReply.ts";
import { type RunningServer, startServerUnderTest, testsRedis } from "../support/serverUnderTest.ts";
import { isInScope, isOutOfScope } from "./commandScope.ts";
import { splitWords } from "./differential/script.ts";

/** The newest version whose cases are taken. */
const VERSION = [7, 0, 0] as const;
/** Cases that need a second database, which neither Holdfast nor any Redis Cluster has. */
const SEVERAL_DATABASES = ["move command", "swapdb command"];

type Expected = string | number | null | readonly Expected[];

type Case = {
  readonly name: string;
  readonly command: readonly string[];
  readonly result: readonly Expected[];
  readonly since: string;
  readonly tags?: string;
  readonly sort_result?: boolean;
  readonly float_result?: boolean;
};

const table: Case[] = JSON.parse(readFileSync(new URL("./cts.json", import.meta.url), "utf8"));
const selected = table.filter((each) => isOldEnough(each.since) && !(each.tags ?? "").includes("cluster"));
const notImplemented = selected.filter(needsWhatIsMissing);
const implemented = selected.filter((each) => !notImplemented.includes(each));

describe("the compatibility table of resp-compatibility", () => {
  let server: RunningServer;
  let client: RespClient;
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true });
    client = await RespClient.connect(server);
  });
  after(async () => {
    await client?.close();
    await server?.removeData();
  });

  it("every command of the selected cases is in one of the scope lists", (test) => {
    const unknown = selected.flatMap((each) => each.command.filter((line) => !isKnown(splitWords(line))));
    assert.deepEqual(unknown, []);
    const { length } = selected;
    test.diagnostic(
      `${length} cases up to ${VERSION.join(".")}: ${implemented.length} run, ${notImplemented.length} not implemented`,
    );
    for (const [command, count] of countBy(notImplemented.map(missingCommand))) {
      test.diagnostic(`not implemented: ${command} (${count})`);
    }
    assert.equal(implemented.length + notImplemented.length, length);
  });

  it("tells which missing commands the server has by now", { skip: testsRedis }, async (test) => {
    for (const [command] of countBy(notImplemented.map(missingCommand))) {
      const reply = await client.call("COMMAND", "INFO", command);
      if (reply.type === "array" && reply.items[0]?.type === "array") {
        test.diagnostic(`${command} exists: it can move to IN_SCOPE in commandScope.ts`);
      }
    }
  });

  for (const each of implemented) {
    it(`${each.name}: ${each.command.at(-1)}`, async () => {
      // Some cases mean \xNN as one byte, others as four characters: either reading may hold.
      const readings = each.command.some((line) => line.includes("\\x")) ? [splitWords, splitLiterally] : [splitWords];
      const reports: string[] = [];
      for (const split of readings) {
        const report = await play(client, each, split);
        if (report === undefined) {
          return;
        }
        reports.push(report);
      }
      assert.fail(reports.join("\n"));
    });
  }
});

async function play(client: RespClient, each: Case, split: (line: string) => string[]): Promise<string | undefined> {
  await client.call("FLUSHALL");
  for (const [index, line] of each.command.entries()) {
    const reply = await client.call(...split(line).map((word) => Buffer.from(word, "latin1")));
    const expected = each.result[index] as Expected;
    if (!agrees(expected, reply, each)) {
      return `${line}: expected ${JSON.stringify(expected)}, got ${formatReply(reply)}`;
    }
  }
  return undefined;
}

function agrees(expected: Expected, reply: Reply, each: Case): boolean {
  switch (reply.type) {
    case "array":
      return Array.isArray(expected) && agreeItems(expected, reply.items, each);
    case "integer":
      return expected === Number(reply.value);
    case "nilBulk":
    case "nilArray":
      return expected === null;
    case "simple":
      return expected === reply.text;
    case "bulk":
      return typeof expected === "string" && agreeTexts(expected, reply.bytes.toString("utf8"), each);
    default:
      return false;
  }
}

function agreeItems(expected: readonly Expected[], items: readonly Reply[], each: Case): boolean {
  if (expected.length !== items.length) {
    return false;
  }
  const rest = [...items];
  return expected.every((item, index) => {
    if (each.sort_result !== true) {
      return agrees(item, items[index] as Reply, each);
    }
    const found = rest.findIndex((other) => agrees(item, other, each));
    rest.splice(Math.max(found, 0), 1);
    return found >= 0;
  });
}

function agreeTexts(expected: string, actual: string, each: Case): boolean {
  const isFloat = each.float_result === true && expected !== "" && Number.isFinite(Number(expected));
  return expected === actual || (isFloat && Math.abs(Number(expected) - Number(actual)) < 1e-6);
}

function splitLiterally(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}

function needsWhatIsMissing(each: Case): boolean {
  return SEVERAL_DATABASES.includes(each.name) || each.command.some((line) => isOutOfScope(splitWords(line)));
}

function missingCommand(each: Case): string {
  const line = each.command.find((command) => isOutOfScope(splitWords(command)));
  return line === undefined ? "a second database" : (splitWords(line)[0] ?? "").toLowerCase();
}

function isKnown(words: readonly string[]): boolean {
  return isInScope(words[0] ?? "") || isOutOfScope(words);
}

function isOldEnough(since: string): boolean {
  const [major = 0, minor = 0, patch = 0] = since.split(".").map(Number);
  const difference = major - VERSION[0] || minor - VERSION[1] || patch - VERSION[2];
  return difference <= 0;
}

function countBy(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
}
