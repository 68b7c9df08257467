import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../../src/core/command/args.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { ServerNode } from "./serverNode.ts";

describe("commands of the server group answer as redis-server does", () => {
  it("config", () => {
    new ServerNode().follow(`
      > CONFIG
      -ERR wrong number of arguments for 'config' command
      > CONFIG BOGUS
      -ERR unknown subcommand 'BOGUS'. Try CONFIG HELP.
      > CONFIG GET
      -ERR wrong number of arguments for 'config|get' command
      > CONFIG GET nosuch
      *0
      > CONFIG SET maxmemory
      -ERR wrong number of arguments for 'config|set' command
      > CONFIG SET timeout 1 timeout
      -ERR syntax error
      > CONFIG SET nosuch 1
      -ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
      > CONFIG SET timeout 1 nosuch 1
      -ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
      > CONFIG GET timeout
      *2 $7 timeout $1 0
      > CONFIG SET timeout -1
      -ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive
      > CONFIG SET timeout abc
      -ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer
      > CONFIG SET TIMEOUT 5
      +OK
      > CONFIG GET timeOUT
      *2 $7 timeOUT $1 5
      > CONFIG SET maxmemory 1k
      +OK
      > CONFIG GET maxmemory
      *2 $9 maxmemory $4 1000
      > CONFIG SET maxmemory 1.5gb
      -ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value
      > CONFIG SET maxmemory-policy bogus
      -ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction
      > CONFIG SET maxmemory-policy ALLKEYS-LRU
      +OK
      > CONFIG GET maxmemory-policy
      *2 $16 maxmemory-policy $11 allkeys-lru
      > CONFIG SET lazyfree-lazy-user-del maybe
      -ERR CONFIG SET failed (possibly related to argument 'lazyfree-lazy-user-del') - argument must be 'yes' or 'no'
      > CONFIG SET slowlog-max-len 3 slowlog-max-len 4
      -ERR CONFIG SET failed (possibly related to argument 'slowlog-max-len') - duplicate parameter
      > CONFIG SET hash-max-ziplist-entries 7
      +OK
      > CONFIG GET hash-max-listpack-entries
      *2 $25 hash-max-listpack-entries $1 7
      > CONFIG SET hash-max-ziplist-entries 7 hash-max-listpack-entries 8
      +OK
      > CONFIG SET databases 2
      -ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config
      > CONFIG SET dir /
      -ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config
      > CONFIG SET maxmemory 0
      +OK
      > CONFIG REWRITE
      -ERR The server is running without a config file
      > CONFIG GET slowlog-max-len slowlog-max-len
      *2 $15 slowlog-max-len $3 128
    `);
  });

  it("data", () => {
    new ServerNode().follow(`
      > DBSIZE
      :0
      > SET a 1
      +OK
      > DBSIZE
      :1
      > FLUSHALL maybe
      -ERR syntax error
      > FLUSHALL ASYNC SYNC
      -ERR syntax error
      > FLUSHALL ASYNC
      +OK
      > DBSIZE
      :0
      > SET a 1
      +OK
      > FLUSHDB SYNC
      +OK
      > DBSIZE
      :0
      > SWAPDB 0 0
      +OK
      > SWAPDB x 0
      -ERR invalid first DB index
      > SWAPDB 0 x
      -ERR invalid second DB index
      > SWAPDB 0 99
      -ERR DB index is out of range
    `);
  });

  it("slowlog, latency and memory", () => {
    new ServerNode().follow(`
      > SLOWLOG GET x
      -ERR count should be greater than or equal to -1
      > SLOWLOG GET -2
      -ERR count should be greater than or equal to -1
      > SLOWLOG GET 1 2
      -ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.
      > SLOWLOG LEN
      :0
      > SLOWLOG RESET
      +OK
      > SLOWLOG GET
      *0
      > SLOWLOG BOGUS
      -ERR unknown subcommand 'BOGUS'. Try SLOWLOG HELP.
      > LATENCY LATEST
      *0
      > LATENCY HISTORY command
      *0
      > LATENCY GRAPH command
      -ERR No samples available for event 'command'
      > LATENCY RESET
      :0
      > LATENCY RESET command
      :0
      > LATENCY BOGUS
      -ERR unknown subcommand 'BOGUS'. Try LATENCY HELP.
      > SET a hello
      +OK
      > MEMORY USAGE none
      $-1
      > MEMORY USAGE a SAMPLES -1
      -ERR syntax error
      > MEMORY USAGE a SAMPLES x
      -ERR value is not an integer or out of range
      > MEMORY USAGE a SAMPLES
      -ERR syntax error
      > MEMORY USAGE a BOGUS 1
      -ERR syntax error
      > MEMORY PURGE
      +OK
      > MEMORY BOGUS
      -ERR unknown subcommand 'BOGUS'. Try MEMORY HELP.
    `);
  });

  it("command", () => {
    new ServerNode().follow(`
      > COMMAND BOGUS
      -ERR unknown subcommand 'BOGUS'. Try COMMAND HELP.
      > COMMAND INFO nosuch get
      *2 $-1 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 *1 *6 $5 flags *2 +RO +access $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0
      > COMMAND INFO config|get
      *1 *10 $10 config|get :-3 *4 +admin +noscript +loading +stale :0 :0 :0 *3 +@admin +@slow +@dangerous *0 *0 *0
      > COMMAND INFO config|nosuch
      *1 $-1
      > COMMAND DOCS nosuch
      *0
      > COMMAND LIST BOGUS
      -ERR syntax error
      > COMMAND LIST FILTERBY PATTERN
      -ERR syntax error
      > COMMAND LIST FILTERBY BOGUS x
      -ERR syntax error
      > COMMAND LIST FILTERBY MODULE x
      *0
      > COMMAND LIST FILTERBY ACLCAT bogus
      *0
      > COMMAND LIST FILTERBY PATTERN hg?t
      *1 $4 hget
      > COMMAND GETKEYS GET a
      *1 $1 a
      > COMMAND GETKEYS NOSUCH a
      -ERR Invalid command specified
      > COMMAND GETKEYS GET a b
      -ERR Invalid number of arguments specified for command
      > COMMAND GETKEYS PING x
      -ERR The command has no key arguments
      > COMMAND GETKEYS MSET a 1 b 2
      *2 $1 a $1 b
      > COMMAND GETKEYS MEMORY USAGE a
      *1 $1 a
      > COMMAND GETKEYS ZUNIONSTORE d 3 a b
      -ERR Invalid arguments specified for command
      > COMMAND GETKEYSANDFLAGS SET a b
      *1 *2 $1 a *2 +OW +update
      > COMMAND GETKEYSANDFLAGS SET a b GET
      *1 *2 $1 a *3 +RW +access +update
      > COMMAND GETKEYSANDFLAGS LMOVE a b LEFT LEFT
      *2 *2 $1 a *3 +RW +access +delete *2 $1 b *2 +RW +insert
    `);
  });

  it("others", () => {
    new ServerNode().follow(`
      > BGSAVE BOGUS
      -ERR syntax error
      > BGSAVE
      +Background saving started
      > SAVE
      +OK
      > BGREWRITEAOF
      +Background append only file rewriting started
      > REPLICAOF NO ONE
      +OK
      > DEBUG BOGUS
      -ERR unknown subcommand or wrong number of arguments for 'BOGUS'. Try DEBUG HELP.
      > DEBUG SLEEP
      -ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.
      > DEBUG SLEEP x
      +OK
      > DEBUG OBJECT none
      -ERR no such key
      > DEBUG OBJECT a b
      -ERR unknown subcommand or wrong number of arguments for 'OBJECT'. Try DEBUG HELP.
      > DEBUG SET-ACTIVE-EXPIRE 1
      +OK
      > DEBUG SET-ACTIVE-EXPIRE
      -ERR unknown subcommand or wrong number of arguments for 'SET-ACTIVE-EXPIRE'. Try DEBUG HELP.
      > LOLWUT VERSION x
      -ERR value is not an integer or out of range
      > ACL WHOAMI
      $7 default
      > SHUTDOWN ABORT
      -ERR No shutdown in progress.
      > SHUTDOWN BOGUS
      -ERR syntax error
      > SHUTDOWN SAVE NOSAVE
      -ERR syntax error
      > SHUTDOWN ABORT NOW
      -ERR syntax error
    `);
  });
});

describe("commands of the server group", () => {
  it("DEBUG is refused unless the node was started for it", () => {
    const node = new ServerNode();
    node.debugAllowed = false;
    assert.match(node.line("DEBUG SLEEP 0"), /^-ERR DEBUG command not allowed\. If the enable-debug-command option/);
    assert.match(node.line("DEBUG BOGUS"), /^-ERR DEBUG command not allowed/);
    assert.deepEqual(node.asked, []);
  });

  it("DEBUG asks the node", () => {
    const node = new ServerNode();
    for (const line of ["DEBUG SLEEP 0.5", "DEBUG SLEEP 1e9", "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG RELOAD"]) {
      assert.equal(node.line(line), "+OK");
    }
    assert.deepEqual(node.asked, ["sleep 500", "sleep 60000", "active expiry false", "save"]);
    node.line("SET a hello");
    assert.match(
      node.line("DEBUG OBJECT a"),
      /^\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:5 lru:/,
    );
    node.line("RPUSH l a");
    assert.match(node.line("DEBUG OBJECT l"), / encoding:listpack | encoding:quicklist /);
  });

  it("SHUTDOWN asks the node and says nothing", () => {
    const node = new ServerNode();
    for (const line of ["SHUTDOWN", "SHUTDOWN NOSAVE", "SHUTDOWN save NOW FORCE"]) assert.equal(node.line(line), "");
    assert.deepEqual(node.asked, ["shutdown", "shutdown", "shutdown"]);
    assert.equal(node.line("MULTI"), "+OK");
    assert.equal(node.line("SHUTDOWN"), "-ERR Command not allowed inside a transaction");
  });

  it("SAVE and its kin bring changes to the store, or say why not", () => {
    const node = new ServerNode();
    for (const line of ["SAVE", "BGSAVE SCHEDULE", "BGREWRITEAOF"]) node.line(line);
    assert.deepEqual(node.asked, ["save", "save", "save"]);
    assert.equal(node.line("LASTSAVE"), ":1700000000");
    node.writesRefused = "MISCONF no room";
    for (const line of ["SAVE", "BGSAVE", "BGREWRITEAOF"]) assert.equal(node.line(line), "-MISCONF no room");
    assert.equal(node.asked.length, 3);
  });

  it("ROLE is a primary's, at the commit point", () => {
    const node = new ServerNode();
    assert.equal(node.line("ROLE"), "*3 $6 master :42 *0");
    assert.match(node.line("REPLICAOF 127.0.0.1 6379"), /^-ERR this server does not replicate/);
    assert.match(node.line("SLAVEOF 127.0.0.1 6379"), /^-ERR this server does not replicate/);
  });

  it("TIME has microseconds", () => {
    assert.equal(new ServerNode().line("TIME"), "*2 $10 1700000000 $6 123456");
  });

  it("INFO is one text, verbatim in RESP3", () => {
    const node = new ServerNode();
    assert.equal(node.line("INFO server CLIENTS"), "$22 info of server CLIENTS");
    node.session().protocol = 3;
    assert.equal(node.line("INFO server"), "=18 txt:info of server");
    assert.equal(node.line("CONFIG RESETSTAT"), "+OK");
    assert.deepEqual(node.asked, ["reset statistics"]);
  });

  it("SLOWLOG shows what the node wrote down, newest first", () => {
    const node = new ServerNode();
    const session = node.session();
    session.name = "me";
    for (let i = 0; i < 12; i++) node.slowLog.add(Args.of("GET", `k${i}`), session, 1000 + i, 50 + i, 128);
    assert.equal(node.line("SLOWLOG LEN"), ":12");
    assert.equal(node.line("SLOWLOG GET 1"), "*1 *6 :11 :1011 :61 *2 $3 GET $3 k11 $11 127.0.0.1:1 $2 me");
    assert.match(node.line("SLOWLOG GET"), /^\*10 /);
    assert.match(node.line("SLOWLOG GET -1"), /^\*12 /);
    assert.equal(node.line("SLOWLOG RESET"), "+OK");
    assert.equal(node.line("SLOWLOG LEN"), ":0");
  });

  it("LATENCY shows what the node wrote down", () => {
    const node = new ServerNode();
    assert.match(node.line("LATENCY DOCTOR"), /Latency is not monitored/);
    node.line("CONFIG SET latency-monitor-threshold 100");
    assert.match(node.line("LATENCY DOCTOR"), /Nothing took 100 milliseconds/);
    node.latency.add("command", 1_699_999_000, 200);
    node.latency.add("command", 1_699_999_990, 150);
    assert.equal(node.line("LATENCY LATEST"), "*1 *4 $7 command :1699999990 :150 :200");
    assert.equal(node.line("LATENCY HISTORY command"), "*2 *2 :1699999000 :200 *2 :1699999990 :150");
    assert.match(node.line("LATENCY DOCTOR"), /command: 2 samples, 175\.0 ms on average, 200 ms at worst/);
    const graph = node.line("LATENCY GRAPH command");
    assert.match(
      graph,
      /command - high 200 ms, low 150 ms \(all time high 200 ms\)\n-{80}\n#\n#\n#\n#_\n\n11\n60\nms$/,
    );
    assert.equal(node.line("LATENCY RESET command nosuch"), ":1");
    assert.equal(node.line("LATENCY LATEST"), "*0");
  });

  it("MEMORY STATS and DOCTOR tell of the node", () => {
    const node = new ServerNode();
    assert.match(node.line("MEMORY STATS"), /^\*22 \$14 peak\.allocated :2000 \$15 total\.allocated :1000 /);
    assert.match(node.line("MEMORY STATS"), / \$18 keys\.bytes-per-key :100 .* \$13 fragmentation \$1 5$/);
    assert.match(node.line("MEMORY DOCTOR"), /No memory problem was found/);
    node.line("SET a hello");
    assert.match(node.line("MEMORY USAGE a"), /^:\d+$/);
  });

  it("HELP names the container and its subcommands", () => {
    const node = new ServerNode();
    for (const name of ["CLIENT", "CONFIG", "COMMAND", "SLOWLOG", "LATENCY", "MEMORY", "ACL", "DEBUG"]) {
      const help = node.line(`${name} HELP`);
      assert.match(
        help,
        new RegExp(`^\\*\\d+ \\+${name} <subcommand> .*Subcommands are: .*\\+    Prints this help\\.$`),
      );
    }
  });

  it("COMMAND tells of every command of the table", () => {
    const node = new ServerNode();
    const count = commandTable.all().length;
    assert.equal(node.line("COMMAND COUNT"), `:${count}`);
    assert.match(node.line("COMMAND LIST"), new RegExp(`^\\*${count} `));
    for (const line of ["COMMAND", "COMMAND INFO"]) assert.match(node.line(line), new RegExp(`^\\*${count} \\*10 `));
    assert.match(node.line("COMMAND DOCS"), new RegExp(`^\\*${count * 2} `));
    node.session().protocol = 3;
    assert.match(
      node.line("COMMAND DOCS slaveof"),
      /^%1 \$7 slaveof %8 .* \$9 doc_flags ~1 \+deprecated \$16 deprecated_since \$5 5\.0\.0 \$11 replaced_by \$11 `REPLICAOF` \$9 arguments \*1 %3 \$4 name \$4 args /,
    );
    assert.match(node.line("COMMAND DOCS config"), /^%1 \$6 config %5 .* \$11 subcommands %5 \$11 config\|help %4 /);
  });
});
