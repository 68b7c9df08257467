import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RespClient } from "../../support/respClient.ts";
import { formatReply, type Reply } from "../../support/respReply.ts";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";

const PASSWORD = "open sesame";

/** Commands of one connection each, in order, on a server that asks for a password. */
const CONVERSATIONS: readonly (readonly (readonly string[])[])[] = [
  [["PING"], ["GET", "a"], ["NOSUCH"], ["GET"], ["ECHO", "x"], ["HELLO"], ["HELLO", "3"], ["RESET"], ["QUIT"]],
  [
    ["AUTH", "wrong"],
    ["AUTH", "default", "wrong"],
    ["AUTH", "nobody", PASSWORD],
    ["AUTH"],
    ["AUTH", "a", "b", "c"],
    ["PING"],
  ],
  [["AUTH", PASSWORD], ["PING"], ["AUTH", "wrong"], ["PING"], ["RESET"], ["PING"]],
  [
    ["AUTH", "default", PASSWORD],
    ["SET", "a", "1"],
    ["GET", "a"],
  ],
  [["MULTI"], ["EXEC"], ["WATCH", "a"], ["CLIENT", "SETNAME", "x"], ["COMMAND", "COUNT"], ["AUTH", PASSWORD], ["EXEC"]],
  [
    ["HELLO", "3", "AUTH", "default", "wrong"],
    ["HELLO", "3", "SETNAME", "x"],
    ["GET", "none"],
  ],
  [["HELLO", "4", "AUTH", "default", PASSWORD], ["PING"], ["HELLO", "2", "AUTH", "default"], ["PING"]],
];

describe("a server with a password, against redis-server", () => {
  let servers: readonly RunningServer[] = [];
  before(async () => {
    servers = await startServersToCompare({ password: PASSWORD });
  });
  after(() => Promise.all(servers.map((server) => server.removeData())));

  for (const conversation of CONVERSATIONS) {
    it(conversation.map((command) => command.join(" ")).join(", "), async () => {
      const [expected, actual] = await Promise.all(servers.map((server) => converse(server, conversation)));
      assert.deepEqual(actual, expected);
    });
  }

  it("HELLO with the right password switches the protocol", async () => {
    const replies = await Promise.all(
      servers.map(async (server) => {
        const client = await RespClient.connect(server);
        const hello = await client.call("HELLO", "3", "AUTH", "default", PASSWORD, "SETNAME", "me");
        const name = await client.call("CLIENT", "GETNAME");
        const none = await client.call("GET", "none");
        await client.close();
        return [hello.type, formatReply(name), formatReply(none)];
      }),
    );
    assert.deepEqual(replies, [
      ["map", '$"me"', "_"],
      ["map", '$"me"', "_"],
    ]);
  });

  it("strangers may not send many or long arguments", async () => {
    for (const request of ["*11\r\n", "*1\r\n$16385\r\n", "*10\r\n", "*1\r\n$16384\r\n"]) {
      const replies = await Promise.all(servers.map((server) => firstWords(server, request)));
      assert.equal(replies[1], replies[0], JSON.stringify(request));
    }
  });
});

async function converse(server: RunningServer, conversation: readonly (readonly string[])[]): Promise<string[]> {
  const client = await RespClient.connect(server);
  const replies: Reply[] = [];
  for (const command of conversation) {
    replies.push(await client.call(...command));
  }
  await client.close();
  return replies.map(formatReply);
}

/** The reply to a request that only has begun, if the server refuses it at once; the PING behind it tells. */
async function firstWords(server: RunningServer, request: string): Promise<string> {
  const client = await RespClient.connect(server);
  client.write(`${request}PING\r\n`);
  const reply = await client.nextReply(300).then(formatReply, () => "(waits for the rest)");
  await client.close();
  return reply;
}
