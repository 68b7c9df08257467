import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningNode, start } from "../../src/main/server.ts";
import { plain, RespClient } from "../support/respClient.ts";

/** Long enough for a reply that is not held back, on a machine that others use too. */
const SOON_MILLIS = 150;

describe("connections of a running node", () => {
  let node: RunningNode;
  const clients: RespClient[] = [];
  before(async () => {
    node = await start({ durability: "memory" });
  });
  beforeEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await node?.stop();
  });

  async function connect(): Promise<RespClient> {
    const client = await RespClient.connect(node);
    clients.push(client);
    return client;
  }

  async function ask(client: RespClient, line: string): Promise<unknown> {
    return plain(await client.call(...line.split(" ")));
  }

  /** What the client has been sent by now; undefined when it still waits. */
  async function soon(client: RespClient): Promise<unknown> {
    await sleep(SOON_MILLIS);
    const reply = client.takeReply();
    return reply === undefined ? undefined : plain(reply);
  }

  it("CLIENT PAUSE WRITE holds back what may write, and EXEC; reads go on; UNPAUSE ends it", async () => {
    const [admin, writer, reader] = await Promise.all([connect(), connect(), connect()]);
    await ask(writer, "SET k 1");
    assert.equal(await ask(admin, "CLIENT PAUSE 60000 WRITE"), "OK");
    writer.write("INCR k\r\nGET k\r\n");
    assert.equal(await soon(writer), undefined);
    assert.equal(await ask(reader, "GET k"), "1");
    await ask(reader, "MULTI");
    await ask(reader, "GET k");
    assert.deepEqual(await ask(reader, "EXEC"), ["1"]);
    assert.equal(await ask(admin, "CLIENT UNPAUSE"), "OK");
    assert.equal(plain(await writer.nextReply()), 2);
    assert.equal(plain(await writer.nextReply()), "2");
  });

  it("CLIENT PAUSE ALL holds back everything until its time is over, in the order of arrival", async () => {
    const [admin, one, other] = await Promise.all([connect(), connect(), connect()]);
    await ask(admin, "DEL order");
    await ask(admin, "CLIENT PAUSE 400");
    one.write("RPUSH order a\r\nQUIT\r\nRPUSH order never\r\n");
    await sleep(20);
    other.write("RPUSH order b\r\n");
    admin.write("PING\r\n");
    assert.equal(await soon(admin), undefined);
    assert.equal(plain(await admin.nextReply()), "PONG");
    assert.equal(plain(await one.nextReply()), 1);
    assert.equal(plain(await one.nextReply()), "OK");
    await one.closed();
    assert.equal(plain(await other.nextReply()), 2);
    assert.deepEqual(await ask(admin, "LRANGE order 0 -1"), ["a", "b"]);
  });

  it("a pause is made neither shorter nor weaker by another", async () => {
    const [admin, writer] = await Promise.all([connect(), connect()]);
    await ask(admin, "CLIENT PAUSE 500 WRITE");
    await ask(admin, "CLIENT PAUSE 1 WRITE");
    const started = Date.now();
    assert.equal(await ask(writer, "SET k 1"), "OK");
    assert.ok(Date.now() - started > 300);
  });

  it("keys do not expire during a pause, and what somebody who was killed had asked for is forgotten", async () => {
    const [admin, gone, writer] = await Promise.all([connect(), connect(), connect()]);
    await ask(admin, "SET short 1 PX 100");
    const before = await ask(admin, "DBSIZE");
    await ask(admin, "CLIENT PAUSE 60000 WRITE");
    const id = String(await ask(gone, "CLIENT ID"));
    gone.write("SET left behind\r\n");
    writer.write("SET k 1\r\n");
    await sleep(300);
    assert.equal(await ask(admin, "DBSIZE"), before);
    assert.equal(await ask(admin, `CLIENT KILL ID ${id}`), 1);
    await ask(admin, "CLIENT UNPAUSE");
    assert.equal(plain(await writer.nextReply()), "OK");
    assert.equal(await ask(admin, "EXISTS left"), 0);
  });

  it("CLIENT KILL ends others at once: a blocked one takes nothing any more", async () => {
    const [admin, blocked, transaction] = await Promise.all([connect(), connect(), connect()]);
    const id = String(await ask(blocked, "CLIENT ID"));
    blocked.write("BLPOP queue 0\r\n");
    await sleep(SOON_MILLIS);
    assert.match(String(await ask(admin, `CLIENT LIST ID ${id}`)), / flags=b .* cmd=blpop /);
    assert.equal(await ask(admin, `CLIENT KILL ID ${id}`), 1);
    assert.equal(await ask(admin, `CLIENT LIST ID ${id}`), "");
    assert.equal(await ask(admin, "RPUSH queue a"), 1);
    await blocked.closed();
    assert.deepEqual(await ask(admin, "LRANGE queue 0 -1"), ["a"]);
    await ask(transaction, "MULTI");
    assert.equal(await ask(admin, "CLIENT KILL TYPE normal"), 1);
    await transaction.closed();
    assert.equal(await ask(admin, "PING"), "PONG");
  });

  it("CLIENT UNBLOCK ends a wait; what was sent behind it is answered, to nobody else", async () => {
    const [admin, blocked] = await Promise.all([connect(), connect()]);
    const id = String(await ask(blocked, "CLIENT ID"));
    for (const [how, expected] of [
      ["TIMEOUT", null],
      ["ERROR", { error: "UNBLOCKED client unblocked via CLIENT UNBLOCK" }],
    ] as const) {
      blocked.write("BLPOP none 0\r\nECHO behind\r\n");
      await sleep(SOON_MILLIS);
      assert.equal(await ask(admin, `CLIENT UNBLOCK ${id} ${how}`), 1);
      assert.deepEqual(plain(await blocked.nextReply()), expected);
      assert.equal(plain(await blocked.nextReply()), "behind");
      assert.equal(await ask(admin, `CLIENT UNBLOCK ${id} ${how}`), 0);
    }
  });

  it("whoever wakes a blocked client hears only what is its own", async () => {
    const [waker, blocked] = await Promise.all([connect(), connect()]);
    blocked.write("BLPOP wake 0\r\nECHO one\r\nBLPOP wake 0\r\nECHO two\r\n");
    await sleep(SOON_MILLIS);
    const replies = await waker.pipeline([["RPUSH", "wake", "a"], ["PING"], ["RPUSH", "wake", "b"], ["ECHO", "mine"]]);
    assert.deepEqual(replies.map(plain), [1, "PONG", 1, "mine"]);
    for (const expected of [["wake", "a"], "one", ["wake", "b"], "two"]) {
      assert.deepEqual(plain(await blocked.nextReply()), expected);
    }
  });

  it("timeout closes who is idle, not who waits", async () => {
    const [admin, idle, blocked] = await Promise.all([connect(), connect(), connect()]);
    await ask(idle, "PING");
    blocked.write("BLPOP none 0\r\n");
    await ask(admin, "CONFIG SET timeout 1");
    const pings = setInterval(() => admin.write("PING\r\n"), 200);
    await idle.closed();
    clearInterval(pings);
    assert.ok(blocked.isOpen);
    assert.ok(admin.isOpen);
    const last = await connect();
    await ask(last, "CONFIG SET timeout 0");
  });

  it("maxclients turns away who is one too many", async () => {
    const admin = await connect();
    await ask(admin, "CONFIG SET maxclients 1");
    const tooMany = await connect();
    assert.deepEqual(plain(await tooMany.nextReply()), { error: "ERR max number of clients reached" });
    await tooMany.closed();
    await ask(admin, "CONFIG SET maxclients 10000");
    assert.match(String(await ask(admin, "INFO stats")), /rejected_connections:1\r\n/);
  });

  it("client-output-buffer-limit ends who does not read", async () => {
    const [admin, deaf] = await Promise.all([connect(), connect()]);
    await ask(admin, `SET big ${"x".repeat(1 << 20)}`);
    const setting = ["CONFIG", "SET", "client-output-buffer-limit", "normal 512kb 0 0"] as const;
    assert.equal(plain(await admin.call(...setting)), "OK");
    deaf.pauseReading();
    for (let i = 0; i < 60; i++) deaf.write("GET big\r\n");
    const id = async () =>
      String(await ask(admin, "CLIENT LIST"))
        .trim()
        .split("\n").length;
    for (let i = 0; i < 50 && (await id()) > 1; i++) await sleep(50);
    assert.equal(await id(), 1);
    await admin.call("CONFIG", "SET", "client-output-buffer-limit", "normal 256mb 0 0");
  });

  it("requirepass asks new sessions, not those that are there", async () => {
    const admin = await connect();
    await ask(admin, "CONFIG SET requirepass secret");
    const stranger = await connect();
    assert.deepEqual(await ask(stranger, "PING"), { error: "NOAUTH Authentication required." });
    assert.equal(await ask(stranger, "AUTH secret"), "OK");
    assert.equal(await ask(admin, "PING"), "PONG");
    await admin.call("CONFIG", "SET", "requirepass", "");
  });

  it("slow commands are in SLOWLOG and LATENCY, and counted in INFO", async () => {
    const admin = await connect();
    await ask(admin, "CONFIG SET slowlog-log-slower-than 0 latency-monitor-threshold 1");
    await ask(admin, "CONFIG RESETSTAT");
    await ask(admin, "SLOWLOG RESET");
    await ask(admin, "AUTH nobody secret");
    await ask(admin, "SET k 1");
    await ask(admin, "GET k");
    const [newest, , oldest] = (await ask(admin, "SLOWLOG GET 3")) as unknown[][];
    assert.deepEqual(
      [newest![3], oldest![3]],
      [
        ["GET", "k"],
        ["AUTH", "(redacted)", "(redacted)"],
      ],
    );
    const info = String(await ask(admin, "INFO everything"));
    assert.match(info, /cmdstat_get:calls=1,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=0\r\n/);
    assert.match(info, /cmdstat_auth:calls=1,.*,failed_calls=1\r\n/);
    assert.match(info, /errorstat_WRONGPASS:count=1\r\n/);
    assert.match(info, /latency_percentiles_usec_get:p50=[0-9.]+,p99=[0-9.]+,p99.9=[0-9.]+\r\n/);
    assert.match(info, /keyspace_hits:1\r\nkeyspace_misses:0\r\n/);
    await ask(admin, "CONFIG SET slowlog-log-slower-than 10000 latency-monitor-threshold 0");
  });

  it("INFO tells the truth about persistence, replication and keys", async () => {
    const admin = await connect();
    await ask(admin, "FLUSHALL");
    await ask(admin, "SET k 1 EX 100");
    await ask(admin, "SET l 1");
    const facts = factsOf(String(await ask(admin, "INFO")));
    assert.equal(facts.get("db0"), "keys=2,expires=1,avg_ttl=0");
    assert.equal(facts.get("redis_version"), "7.0.15");
    assert.equal(facts.get("tcp_port"), String(node.port));
    assert.equal(facts.get("role"), "master");
    assert.equal(facts.get("aof_enabled"), "1");
    assert.equal(facts.get("master_repl_offset"), facts.get("log_commit_seq"));
    assert.equal(facts.get("connected_clients"), "1");
    assert.ok(Number(facts.get("rdb_changes_since_last_save")) > 0);
    await ask(admin, "BGSAVE");
    for (let i = 0; i < 50; i++) {
      const later = factsOf(String(await ask(admin, "INFO persistence")));
      if (later.get("rdb_changes_since_last_save") === "0") return;
      await sleep(50);
    }
    assert.fail("BGSAVE brings all changes to the store");
  });
});

function factsOf(info: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}
