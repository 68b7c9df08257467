import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { plain, RespClient } from "../../support/respClient.ts";
import { formatReply } from "../../support/respReply.ts";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";

const DEADLINE_MILLIS = 5_000;

/** Some connections to one server, by name, and what they have heard. */
class Stage {
  readonly heard: string[] = [];
  readonly #server: RunningServer;
  readonly #clients = new Map<string, RespClient>();

  constructor(server: RunningServer) {
    this.#server = server;
  }

  async client(name: string): Promise<RespClient> {
    const client = this.#clients.get(name) ?? (await RespClient.connect(this.#server));
    this.#clients.set(name, client);
    return client;
  }

  /** Sends lines as inline commands, in one write, and waits for nothing. */
  async send(name: string, ...lines: string[]): Promise<void> {
    (await this.client(name)).write(lines.map((line) => `${line}\r\n`).join(""));
  }

  /** Hears the next replies of a connection. */
  async hear(name: string, count = 1): Promise<void> {
    const client = await this.client(name);
    for (let heard = 0; heard < count; heard += 1) {
      const text = await client.nextReply(DEADLINE_MILLIS).then(formatReply, () => "(closed)");
      this.heard.push(`${name}: ${text}`);
    }
  }

  async ask(name: string, ...lines: string[]): Promise<void> {
    await this.send(name, ...lines);
    await this.hear(name, lines.length);
  }

  /** Waits until so many connections are held back by a blocking command. */
  async untilBlocked(count: number): Promise<void> {
    const watcher = await this.client("(watcher)");
    const deadline = Date.now() + DEADLINE_MILLIS;
    while (!String(plain(await watcher.call("INFO", "clients"))).includes(`blocked_clients:${count}\r\n`)) {
      assert.ok(Date.now() < deadline, `${count} blocked clients were expected`);
    }
  }

  async idOf(name: string): Promise<string> {
    return String(plain(await (await this.client(name)).call("CLIENT", "ID")));
  }

  async leave(): Promise<void> {
    for (const client of this.#clients.values()) {
      await client.close();
    }
  }
}

type Scene = readonly [name: string, play: (stage: Stage) => Promise<void>];

const SCENES: readonly Scene[] = [
  [
    "what a client has sent behind a blocking command is executed after it",
    async (stage) => {
      await stage.send("a", "BLPOP q 0", "PING", "SET x 1", "GET x");
      await stage.untilBlocked(1);
      await stage.ask("b", "EXISTS x", "RPUSH q v w", "LLEN q");
      await stage.hear("a", 4);
    },
  ],
  [
    "and when its time is over, too",
    async (stage) => {
      await stage.send("a", "BLPOP q 0.02", "ECHO a", "BLMOVE q r LEFT LEFT 0.02", "ECHO b", "BZPOPMIN z 0.02", "PING");
      await stage.hear("a", 6);
    },
  ],
  [
    "several blocking commands in one write",
    async (stage) => {
      await stage.send("a", "BLPOP q 0", "BRPOP q 0", "BLMOVE q r LEFT RIGHT 0", "BZPOPMAX z 0", "LRANGE r 0 -1");
      await stage.untilBlocked(1);
      await stage.ask("b", "RPUSH q 1 2 3 4", "ZADD z 1 m 2 n");
      await stage.hear("a", 5);
      await stage.ask("b", "LRANGE q 0 -1", "ZRANGE z 0 -1");
    },
  ],
  [
    "a blocking command inside MULTI does not block what follows",
    async (stage) => {
      await stage.ask("a", "MULTI", "BLPOP q 0", "SET x 1", "BRPOPLPUSH q r 0", "BZMPOP 0 1 z MIN", "EXEC", "GET x");
    },
  ],
  [
    "clients are served in the order of their coming, in one write or in two",
    async (stage) => {
      for (const name of ["a", "b", "c"]) {
        await stage.send(name, "BLPOP q 0");
        await stage.untilBlocked(name.charCodeAt(0) - 96);
      }
      await stage.ask("d", "LPUSH q 1 2", "LPUSH q 3", "LLEN q");
      for (const name of ["a", "b", "c"]) {
        await stage.hear(name);
      }
    },
  ],
  [
    "a chain of moves",
    async (stage) => {
      await stage.send("a", "BLMOVE q r LEFT RIGHT 0");
      await stage.untilBlocked(1);
      await stage.send("b", "BLMOVE r s LEFT RIGHT 0");
      await stage.untilBlocked(2);
      await stage.send("c", "BLPOP s t 0", "EXISTS q r s");
      await stage.untilBlocked(3);
      await stage.ask("d", "RPUSH q v", "EXISTS q r s");
      await stage.hear("a");
      await stage.hear("b");
      await stage.hear("c", 2);
    },
  ],
  [
    "a pair of clients that move to each other come to rest",
    async (stage) => {
      await stage.send("a", "BLMOVE q r LEFT RIGHT 0");
      await stage.untilBlocked(1);
      await stage.send("b", "BLMOVE r q LEFT RIGHT 0");
      await stage.untilBlocked(2);
      await stage.ask("d", "RPUSH q v w", "LRANGE q 0 -1", "LRANGE r 0 -1");
      await stage.hear("a");
      await stage.hear("b");
    },
  ],
  [
    "a BLMOVE whose target is no list ends with an error and takes nothing",
    async (stage) => {
      await stage.send("a", "BLMOVE q s LEFT RIGHT 0", "PING");
      await stage.untilBlocked(1);
      await stage.send("b", "BLPOP q 0");
      await stage.untilBlocked(2);
      await stage.ask("d", "SET s text", "RPUSH q v", "LLEN q");
      await stage.hear("a", 2);
      await stage.hear("b");
    },
  ],
  [
    "what a transaction pushes and takes away again wakes nobody",
    async (stage) => {
      await stage.send("a", "BLPOP q 0");
      await stage.untilBlocked(1);
      await stage.ask("b", "MULTI", "RPUSH q 1", "DEL q", "EXEC", "MULTI", "RPUSH q 2", "LPOP q", "RPUSH q 3", "EXEC");
      await stage.hear("a");
    },
  ],
  [
    "a transaction is over before anybody is served",
    async (stage) => {
      await stage.send("a", "BLPOP p q 0", "PING");
      await stage.untilBlocked(1);
      await stage.ask("b", "MULTI", "LPUSH q 1", "LPUSH q 2", "SET p x", "DEL p", "RPUSH p 3", "LRANGE q 0 -1", "EXEC");
      await stage.hear("a", 2);
      await stage.ask("b", "LRANGE q 0 -1", "LRANGE p 0 -1");
    },
  ],
  [
    "a client that goes while it waits takes nothing with it",
    async (stage) => {
      await stage.send("a", "BLPOP q 0", "SET x 1");
      await stage.untilBlocked(1);
      await (await stage.client("a")).close();
      await stage.untilBlocked(0);
      await stage.ask("b", "RPUSH q v", "LLEN q", "EXISTS x");
    },
  ],
  [
    "a client that is killed while it waits takes nothing with it",
    async (stage) => {
      const id = await stage.idOf("a");
      await stage.send("a", "BLPOP q 0", "SET x 1");
      await stage.untilBlocked(1);
      await stage.send("b", `CLIENT KILL ID ${id}`, "RPUSH q v", "LLEN q", "EXISTS x");
      await stage.hear("b", 4);
      await stage.hear("a");
    },
  ],
  [
    "CLIENT UNBLOCK ends the wait, and what was sent behind it goes on",
    async (stage) => {
      const id = await stage.idOf("a");
      for (const how of ["", " TIMEOUT", " ERROR"]) {
        await stage.send("a", "BLPOP q 0", "ECHO next");
        await stage.untilBlocked(1);
        await stage.ask("b", `CLIENT UNBLOCK ${id}${how}`, `CLIENT UNBLOCK ${id}${how}`);
        await stage.hear("a", 2);
      }
    },
  ],
  [
    "CLIENT REPLY OFF while waiting",
    async (stage) => {
      await stage.send("a", "CLIENT REPLY OFF", "BLPOP q 0", "SET x 1", "CLIENT REPLY ON", "GET x");
      await stage.untilBlocked(1);
      await stage.ask("b", "RPUSH q v w", "LLEN q");
      await stage.hear("a", 2);
    },
  ],
  [
    "CLIENT REPLY SKIP in front of a blocking command",
    async (stage) => {
      await stage.send("a", "CLIENT REPLY SKIP", "BLPOP q 0", "ECHO heard");
      await stage.untilBlocked(1);
      await stage.ask("b", "RPUSH q v");
      await stage.hear("a");
    },
  ],
  [
    "RESP3 and RESP2 beside each other on one key",
    async (stage) => {
      await stage.send("a", "HELLO 3 SETNAME three", "BZPOPMIN z 0", "BZMPOP 0.02 1 z MIN", "BLPOP q 0.02");
      await (await stage.client("a")).nextReply();
      await stage.untilBlocked(1);
      await stage.send("b", "BZPOPMAX z 0", "BZMPOP 0.02 1 z MIN", "BLPOP q 0.02");
      await stage.untilBlocked(2);
      await stage.ask("c", "ZADD z 1.5 m 2.5 n");
      await stage.hear("a", 3);
      await stage.hear("b", 3);
    },
  ],
  [
    "a watched key that a served client takes from is a touched one",
    async (stage) => {
      await stage.send("a", "BLPOP q 0");
      await stage.untilBlocked(1);
      await stage.ask("b", "WATCH q", "MULTI", "PING");
      await stage.ask("c", "RPUSH q v");
      await stage.ask("b", "EXEC");
      await stage.hear("a");
    },
  ],
  [
    "CLIENT PAUSE WRITE holds writes back and lets reads through",
    async (stage) => {
      await stage.ask("b", "SET x 1", "CLIENT PAUSE 100000 WRITE");
      await stage.send("a", "GET x", "SET x 2", "GET x");
      await stage.hear("a");
      await stage.ask("b", "GET x", "CLIENT UNPAUSE");
      await stage.hear("a", 2);
    },
  ],
  [
    "CLIENT PAUSE of everything, a transaction among it",
    async (stage) => {
      await stage.ask("a", "MULTI", "SET x 5");
      await stage.ask("b", "CLIENT PAUSE 60");
      await stage.send("a", "EXEC", "GET x");
      await stage.hear("a", 2);
      await stage.ask("b", "GET x");
    },
  ],
  [
    "a transaction is undone with its connection",
    async (stage) => {
      await stage.ask("a", "WATCH x", "MULTI", "SET x 1");
      await (await stage.client("a")).close();
      await stage.ask("b", "EXISTS x", "SET x 2", "GET x");
    },
  ],
];

describe("clients that wait, on redis-server and on the server under test", () => {
  let servers: readonly RunningServer[] = [];
  before(async () => {
    servers = await startServersToCompare({ skipsSync: true });
  });
  after(() => Promise.all(servers.map((server) => server.removeData())));

  for (const [name, play] of SCENES) {
    it(name, async () => {
      const [expected, actual] = await Promise.all(servers.map((server) => playOn(server, play)));
      assert.deepEqual(actual, expected);
    });
  }
});

async function playOn(server: RunningServer, play: Scene[1]): Promise<readonly string[]> {
  const stage = new Stage(server);
  try {
    await (await stage.client("(watcher)")).call("FLUSHALL");
    await play(stage);
  } finally {
    await stage.leave();
  }
  return stage.heard;
}
