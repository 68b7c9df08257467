import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DispatchNode } from "./dispatchNode.ts";

describe("adding to sorted sets", () => {
  it("ZADD and ZINCRBY answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1 a 2 b
      :2
      > ZADD k 3 a 2 b 4 c
      :1
      > ZADD k CH 3 a 5 b 6 d
      :2
      > ZADD k 1 e 2 e
      :1
      > ZADD k CH 7 f 8 f 8 f
      :2
      > ZRANGE k 0 -1 WITHSCORES
      *12 $1 e $1 2 $1 a $1 3 $1 c $1 4 $1 b $1 5 $1 d $1 6 $1 f $1 8
      > ZADD k NX 100 a 9 g
      :1
      > ZADD k XX 100 a 9 h
      :0
      > ZADD absent XX 1 a
      :0
      > ZADD absent XX INCR 1 a
      $-1
      > ZADD k GT CH 50 a 200 b
      :1
      > ZADD k LT CH 50 a 300 b
      :1
      > ZADD k GT XX 1 z
      :0
      > ZADD k LT 1 new
      :1
      > ZADD k INCR 5 a
      $2 55
      > ZADD k NX INCR 5 a
      $-1
      > ZADD k GT INCR -5 a
      $-1
      > ZADD k LT INCR -5 a
      $2 50
      > ZADD k incr nX 2.5 fresh
      $3 2.5
      > ZINCRBY k 0.1 fresh
      $18 2.6000000000000001
      > ZINCRBY k 1e20 fresh
      $5 1e+20
      > ZADD k inf i
      :1
      > ZINCRBY k -inf i
      -ERR resulting score is not a number (NaN)
      > ZADD k INCR -inf i
      -ERR resulting score is not a number (NaN)
      > ZADD k 1 a nx 2
      -ERR value is not a valid float
      > ZADD k NX XX 1 a
      -ERR XX and NX options at the same time are not compatible
      > ZADD k NX GT 1 a
      -ERR GT, LT, and/or NX options at the same time are not compatible
      > ZADD k GT LT 1 a
      -ERR GT, LT, and/or NX options at the same time are not compatible
      > ZADD k INCR 1 a 2 b
      -ERR INCR option supports a single increment-element pair
      > ZADD k NX XX 1
      -ERR syntax error
      > ZADD k nan a
      -ERR value is not a valid float
      > ZADD k 1 a x b
      -ERR value is not a valid float
      > ZADD k NX
      -ERR wrong number of arguments for 'zadd' command
      > ZADD k NX CH
      -ERR syntax error
      > ZINCRBY k nx a
      -ERR syntax error
      > ZINCRBY k x a
      -ERR value is not a valid float
      > ZADD k
      -ERR wrong number of arguments for 'zadd' command
      > ZINCRBY k 1
      -ERR wrong number of arguments for 'zincrby' command
      > SET s x
      +OK
      > ZADD s 1 a
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZADD s x a
      -ERR value is not a valid float
      > ZADD s XX 1 a
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZADD s 1
      -ERR wrong number of arguments for 'zadd' command
      > ZADD z -0 a
      :1
      > ZINCRBY z -0 b
      $2 -0
      > ZSCORE z b
      $1 0
    `);
  });

  it("scores are doubles in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k INCR 1.5 a
      ,1.5
      > ZADD k XX INCR 1 b
      _
      > ZINCRBY k 1e400 a
      -ERR value is not a valid float
      > ZINCRBY k inf a
      ,inf
    `);
  });

  it("writes only what changes", () => {
    const node = new DispatchNode();
    node.line("ZADD k 1 a 2 b");
    assert.equal(node.mutations, 1);
    for (const same of ["ZADD k 1 a", "ZADD k NX 5 a", "ZADD k XX 1 z", "ZADD k GT 0 a", "ZADD k INCR 0 a"]) {
      node.line(same);
      assert.equal(node.mutations, 0, same);
    }
  });

  it("keeps the time to live", () => {
    const node = new DispatchNode();
    node.line("ZADD k 1 a");
    node.line("PEXPIREAT k 1700000001000");
    node.line("ZADD k 2 a 3 b");
    assert.equal(node.line("PEXPIRETIME k"), ":1700000001000");
    node.now += 2000;
    assert.equal(node.line("ZADD k CH 1 a"), ":1");
    assert.equal(node.line("ZRANGE k 0 -1"), "*1 $1 a");
    assert.equal(node.line("PTTL k"), ":-1");
  });

  it("forgets the sign of zero while the set is compact, as a listpack does", () => {
    const long = "m".repeat(65);
    const node = new DispatchNode();
    node.run(["ZADD", "k", "-0", "a", "1", long, "-0", "b"]);
    assert.equal(node.line("ZSCORE k a"), "$1 0");
    assert.equal(node.line("ZSCORE k b"), "$2 -0");
    node.run(["ZRANGESTORE", "compact", "k", "0", "1"]);
    assert.equal(node.line("ZSCORE compact b"), "$1 0");
    node.run(["ZUNIONSTORE", "sum", "1", "k", "WEIGHTS", "-1"]);
    assert.equal(node.line("ZSCORE sum a"), "$2 -0");
  });
});
