import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { StringsNode } from "./stringsNode.ts";

// Replies are those of redis-server 7.0.15.
describe("generic commands", () => {
  let node: StringsNode;
  beforeEach(() => {
    node = new StringsNode();
  });

  function putCollections(): void {
    node.change(() => {
      node.mutate.listPush("list", false, ["a", "b"]);
      node.mutate.setAdd("set", ["1", "2"]);
      node.mutate.zsetAdd("zset", ["a", "b"], [1, 2.5]);
      node.mutate.hashSet("hash", ["f", "v"]);
    });
  }

  it("DEL, EXISTS, TOUCH and TYPE", () => {
    putCollections();
    node.follow(`
      SET k v → +OK
      EXISTS k k no list → :3
      TOUCH k no → :1
      TYPE k → +string
      TYPE list → +list
      TYPE set → +set
      TYPE zset → +zset
      TYPE hash → +hash
      TYPE no → +none
      DEL k k no → :1
      UNLINK list set → :2
      EXISTS k list set → :0
    `);
    assert.equal(node.line("DEL no"), ":0");
    assert.equal(node.mutations, 0);
  });

  it("EXPIRE and its conditions", () => {
    node.line("SET k v");
    node.follow(`
      EXPIRE k 100 XX → :0
      EXPIRE k 100 GT → :0
      EXPIRE k 100 LT → :1
      EXPIRE k 100 NX → :0
      EXPIRE k 50 GT → :0
      EXPIRE k 100 GT → :0
      EXPIRE k 200 GT XX → :1
      EXPIRE k 300 LT → :0
      TTL k → :200
      PTTL k → :200000
      EXPIRETIME k → :1700000200
      PEXPIRETIME k → :1700000200000
      PERSIST k → :1
      PERSIST k → :0
      TTL k → :-1
      TTL no → :-2
      EXPIRE k abc FOO → -ERR Unsupported option FOO
      EXPIRE k 10 NX XX → -ERR NX and XX, GT or LT options at the same time are not compatible
      EXPIRE k 10 GT LT → -ERR GT and LT options at the same time are not compatible
      EXPIRE no 99999999999999999 → -ERR invalid expire time in 'expire' command
      EXPIRE k -99999999999999999 → -ERR invalid expire time in 'expire' command
      PEXPIRE k 9223372036854775807 → -ERR invalid expire time in 'pexpire' command
      PEXPIREAT k 1700000000501 → :1
      TTL k → :1
      EXPIREAT k 0 → :1
      EXISTS k → :0
    `);
  });

  it("keeps a time beyond the year 10889 as that year", () => {
    node.line("SET k v");
    assert.equal(node.line("PEXPIREAT k 9223372036854775807"), ":1");
    assert.equal(node.line("PEXPIRETIME k"), `:${2 ** 48 - 1}`);
  });

  it("writes nothing where nothing changes", () => {
    node.line("SET k v EX 100");
    for (const line of ["EXPIRE k 100", "EXPIRE k 50 GT", "PERSIST no", "RENAME k k", "COPY no x", "TTL k", "KEYS *"]) {
      node.line(line);
      assert.equal(node.mutations, 0, line);
    }
  });

  it("RENAME moves every type with its time to live", () => {
    putCollections();
    node.line("SET string 007");
    for (const name of ["string", "list", "set", "zset", "hash"]) {
      node.line(`EXPIRE ${name} 100`);
      const before = [node.line(`TYPE ${name}`), node.line(`OBJECT ENCODING ${name}`), node.line(`TTL ${name}`)];
      node.line("SET target x");
      assert.equal(node.line(`RENAME ${name} target`), "+OK");
      const after = [node.line("TYPE target"), node.line("OBJECT ENCODING target"), node.line("TTL target")];
      assert.deepEqual(after, before);
      assert.equal(node.line(`EXISTS ${name}`), ":0");
    }
    node.follow(`
      RENAME no x → -ERR no such key
      RENAME no no → -ERR no such key
      RENAMENX target target → :0
      SET other x → +OK
      RENAMENX target other → :0
      RENAMENX target free → :1
    `);
  });

  it("COPY makes a value of its own", () => {
    putCollections();
    assert.equal(node.line("COPY list twin"), ":1");
    node.change(() => node.mutate.listPush("list", false, ["c"]));
    assert.equal(node.state.collection(node.state.find("twin")).length, 2);
    node.follow(`
      COPY list twin → :0
      COPY list twin REPLACE DB 0 → :1
      COPY list list → -ERR source and destination objects are the same
      COPY list x DB 1 → -ERR DB index is out of range
      COPY list x DB abc → -ERR value is not an integer or out of range
      COPY list x DB → -ERR syntax error
      COPY no x → :0
      MOVE list 0 → -ERR source and destination objects are the same
      MOVE list 1 → -ERR DB index is out of range
      MOVE list 99999999999 → -ERR value is out of range, value must between -2147483648 and 2147483647
    `);
  });

  it("OBJECT", () => {
    node.follow(`
      SET i 9999 → +OK
      OBJECT ENCODING i → $3 int
      OBJECT REFCOUNT i → :2147483647
      INCR i → :10000
      OBJECT REFCOUNT i → :1
      APPEND i "" → :5
      OBJECT ENCODING i → $3 raw
      SET i 9223372036854775808 → +OK
      OBJECT ENCODING i → $6 embstr
      OBJECT ENCODING no → $-1
      OBJECT ENCODING → -ERR wrong number of arguments for 'object|encoding' command
      OBJECT FOO i → -ERR unknown subcommand 'FOO'. Try OBJECT HELP.
    `);
    assert.match(node.line("OBJECT FREQ i"), /^-ERR An LFU maxmemory policy is not selected/);
    node.run(["SET", "embstr", "x".repeat(44)]);
    node.run(["SET", "raw", "x".repeat(45)]);
    assert.equal(node.line("OBJECT ENCODING embstr"), "$6 embstr");
    assert.equal(node.line("OBJECT ENCODING raw"), "$3 raw");
  });

  it("tells how long a key was not used, and does not count looking as a use", () => {
    node.line("SET k v");
    node.state.useClock = (node.state.useClock + 3) & 0xff;
    for (const line of ["TTL k", "TYPE k", "EXISTS k", "OBJECT ENCODING k"]) node.line(line);
    assert.equal(node.line("OBJECT IDLETIME k"), ":180");
    node.line("TOUCH k");
    assert.equal(node.line("OBJECT IDLETIME k"), ":0");
  });

  it("KEYS, SCAN and RANDOMKEY pass over what has expired", () => {
    node.follow(`
      MSET user:1 a user:2 b other c → +OK
      SET user:3 d PX 10 → +OK
      KEYS user:1 → *1 $6 user:1
      KEYS nothing → *0
    `);
    node.now += 10;
    assert.deepEqual(wordsFrom(node.line("KEYS *")), ["other", "user:1", "user:2"]);
    assert.deepEqual(wordsFrom(node.line("KEYS user:?")), ["user:1", "user:2"]);
    assert.deepEqual(wordsFrom(node.line("SCAN 0 COUNT 1000 MATCH u*")), ["user:1", "user:2"]);
    node.line("DEL user:1 user:2 other");
    assert.equal(node.line("RANDOMKEY"), "$-1");
    assert.equal(node.state.size, 0);
  });

  it("SCAN goes over all keys", () => {
    for (let i = 0; i < 1000; i++) node.line(`SET key:${i} v`);
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const reply = node.line(`SCAN ${cursor} COUNT 50`).split(" ");
      cursor = reply[2]!;
      for (const word of reply.slice(4)) if (word.startsWith("key:")) seen.add(word);
    } while (cursor !== "0");
    assert.equal(seen.size, 1000);
  });

  it("SCAN's arguments", () => {
    putCollections();
    node.follow(`
      SCAN 0 COUNT 100 TYPE LIST → *2 $1 0 *1 $4 list
      SCAN 0 COUNT 100 TYPE nonsense → *2 $1 0 *0
      SCAN abc → -ERR invalid cursor
      SCAN 18446744073709551616 → -ERR invalid cursor
      SCAN 18446744073709551615 → *2 $1 0 *0
      SCAN 0 COUNT 0 → -ERR syntax error
      SCAN 0 COUNT abc → -ERR value is not an integer or out of range
      SCAN 0 COUNT → -ERR syntax error
    `);
  });

  it("waits for what was read of other commands, and for everything where all keys were read", () => {
    node.line("SET a 1");
    node.line("SET b 1");
    node.line("GET a");
    assert.equal(node.call!.dependsOn, 1);
    node.line("DEL a");
    node.line("EXISTS a");
    assert.equal(node.call!.dependsOn, 4);
    for (const line of ["KEYS *", "SCAN 0", "RANDOMKEY", "KEYS b"]) {
      node.line(line);
      assert.equal(node.call!.dependsOn, node.mutate.seq - 1, line);
    }
  });

  it("WAIT waits for replicas that there are not", () => {
    node.follow(`
      WAIT 0 0 → :0
      WAIT abc 0 → -ERR value is not an integer or out of range
      WAIT 0 abc → -ERR timeout is not an integer or out of range
      WAIT 0 -1 → -ERR timeout is negative
      WAIT 1 10 →
    `);
    assert.equal(node.call!.blockRequest?.timeoutMillis, 10);
  });
});

/** The bulk strings of a reply that are keys, sorted. */
function wordsFrom(reply: string): string[] {
  return reply
    .split(" ")
    .filter((word) => /^[a-z]/.test(word))
    .sort();
}
