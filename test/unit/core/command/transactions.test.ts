import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../../src/core/command/args.ts";
import { QUEUED_BYTES_MAX } from "../../../../src/core/command/transactions/queue.ts";
import { WATCHED_KEYS_MAX } from "../../../../src/core/command/transactions/watch.ts";
import { DispatchNode } from "./dispatchNode.ts";

describe("transactions", () => {
  it("MULTI, EXEC and DISCARD answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > SET k v
      +OK
      > EXEC
      -ERR EXEC without MULTI
      > DISCARD
      -ERR DISCARD without MULTI
      > MULTI
      +OK
      > SET k 1
      +QUEUED
      > INCR k
      +QUEUED
      > LPUSH k x
      +QUEUED
      > INCR k
      +QUEUED
      > GET k
      +QUEUED
      > EXEC
      *5 +OK :2 -WRONGTYPE Operation against a key holding the wrong kind of value :3 $1 3
      > GET k
      $1 3
      > MULTI
      +OK
      > MULTI
      -ERR MULTI calls can not be nested
      > WATCH k
      -ERR WATCH inside MULTI is not allowed
      > GET k
      +QUEUED
      > EXEC
      *1 $1 3
      > MULTI
      +OK
      > DISCARD
      +OK
      > EXEC
      -ERR EXEC without MULTI
      > MULTI
      +OK
      > EXEC
      *0
      > MULTI
      +OK
      > GET
      -ERR wrong number of arguments for 'get' command
      > GET k
      +QUEUED
      > EXEC
      -EXECABORT Transaction discarded because of previous errors.
      > MULTI
      +OK
      > nosuch
      -ERR unknown command 'nosuch', with args beginning with:
      > EXEC
      -EXECABORT Transaction discarded because of previous errors.
      > MULTI
      +OK
      > EXEC x
      -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
      > EXEC
      -ERR EXEC without MULTI
      > MULTI
      +OK
      > DISCARD x
      -ERR wrong number of arguments for 'discard' command
      > EXEC
      -EXECABORT Transaction discarded because of previous errors.
      > MULTI
      +OK
      > BLPOP empty 0
      +QUEUED
      > BZPOPMIN empty 0
      +QUEUED
      > EXEC
      *2 *-1 *-1
      > MULTI
      +OK
      > UNWATCH
      +QUEUED
      > EXEC
      *1 +OK
      > WATCH
      -ERR wrong number of arguments for 'watch' command
    `);
  });

  it("WATCH and UNWATCH answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > WATCH k other
      +OK
      @b > SET k 1
      +OK
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *-1
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *1 $1 1
      > WATCH k
      +OK
      @b > GET k
      $1 1
      @b > DEL nosuchkey
      :0
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *1 $1 1
      > WATCH k
      +OK
      @b > SET k 2
      +OK
      > UNWATCH
      +OK
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *1 $1 2
      > WATCH k
      +OK
      @b > SET k 3
      +OK
      > MULTI
      +OK
      > DISCARD
      +OK
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *1 $1 3
      > WATCH k
      +OK
      > SET k 4
      +OK
      > MULTI
      +OK
      > EXEC
      *-1
      > WATCH absent
      +OK
      @b > SET absent x
      +OK
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *-1
      > WATCH k
      +OK
      > MULTI
      +OK
      @b > DEL k
      :1
      > GET k
      +QUEUED
      > GET
      -ERR wrong number of arguments for 'get' command
      > EXEC
      -EXECABORT Transaction discarded because of previous errors.
      > WATCH k
      +OK
      > MULTI
      +OK
      @b > SET k 5
      +OK
      > GET k
      +QUEUED
      > EXEC x
      -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
      > MULTI
      +OK
      > GET k
      +QUEUED
      > EXEC
      *1 $1 5
      > WATCH k
      +OK
      @b > EXPIRE k 100
      :1
      > MULTI
      +OK
      > EXEC
      *-1
      > WATCH k
      +OK
      @b > PERSIST nosuchkey
      :0
      @b > SADD other a
      :1
      @b > ZADD z 1 a
      :1
      > MULTI
      +OK
      > EXEC
      *0
      > WATCH z
      +OK
      @b > ZADD z 1 a
      :0
      > MULTI
      +OK
      > EXEC
      *0
      > WATCH z
      +OK
      @b > ZADD z 2 a
      :0
      > MULTI
      +OK
      > EXEC
      *-1
    `);
  });

  it("EXEC in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > WATCH k
      +OK
      > SET k 1
      +OK
      > MULTI
      +OK
      > EXEC
      _
      > MULTI
      +OK
      > ZADD z 1 a
      +QUEUED
      > ZSCORE z a
      +QUEUED
      > BZPOPMIN none 0
      +QUEUED
      > EXEC
      *3 :1 ,1 _
    `);
  });

  it("makes one entry of everything that EXEC runs", () => {
    const node = new DispatchNode();
    for (const command of ["MULTI", "SET a 1", "LPUSH l x", "ZADD z 1 m", "NOTACOMMAND"]) node.line(command);
    node.line("DISCARD");
    assert.equal(node.entries, 0);
    for (const command of ["MULTI", "SET a 1", "LPUSH a x", "LPUSH l x", "ZADD z 1 m", "GET a"]) node.line(command);
    node.line("EXEC");
    assert.equal(node.entries, 1);
    assert.equal(node.mutations, 3);
  });

  it("keeps the bytes of queued requests", () => {
    const node = new DispatchNode();
    const request = Args.of("SET", "k", "first");
    node.line("MULTI");
    node.runArgs(request);
    request.bytes.fill(120);
    assert.equal(node.line("EXEC"), "*1 +OK");
    assert.equal(node.line("GET k"), "$5 first");
  });

  it("notices that a watched key's time has run out", () => {
    const node = new DispatchNode();
    node.line("SET k v");
    node.line("PEXPIREAT k 1700000001000");
    node.line("WATCH k");
    node.line("MULTI");
    assert.equal(node.line("EXEC"), "*0");
    node.line("WATCH k");
    node.line("MULTI");
    node.now += 1000;
    assert.equal(node.line("EXEC"), "*-1");
  });

  it("takes a key that was expired at WATCH for an absent one", () => {
    const node = new DispatchNode();
    node.line("SET k v");
    node.line("PEXPIREAT k 1700000001000");
    node.now += 1000;
    node.line("WATCH k");
    assert.equal(node.mutations, 1);
    node.line("GET k", node.session("other"));
    node.line("MULTI");
    assert.equal(node.line("EXEC"), "*0");
  });

  it("lets the reply of a broken EXEC wait for what broke it", () => {
    const node = new DispatchNode();
    node.line("WATCH k");
    node.line("SET k v", node.session("other"));
    node.line("MULTI");
    node.line("EXEC");
    assert.equal(node.dependsOn, node.nextSeq - 1);
  });

  it("does not keep the requests of a transaction that is lost", () => {
    const node = new DispatchNode();
    node.line("MULTI");
    node.line("GET");
    assert.equal(node.line("SET k v"), "+QUEUED");
    assert.equal(node.session().transaction!.queue.length, 0);
  });

  it("limits what is queued", () => {
    const node = new DispatchNode();
    node.line("MULTI");
    node.session().transaction!.queuedBytes = QUEUED_BYTES_MAX - 5;
    assert.equal(node.line("GET k"), "+QUEUED");
    assert.match(node.line("GET k"), /^-ERR transaction is too large/);
    assert.equal(node.line("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
  });

  it("limits what is watched", () => {
    const node = new DispatchNode();
    for (let i = 0; i < WATCHED_KEYS_MAX; i++) node.session().watched.add(String(i));
    assert.match(node.line("WATCH another"), /^-ERR too many watched keys/);
  });
});
