import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DispatchNode } from "./dispatchNode.ts";

describe("combining sorted sets", () => {
  it("unions, intersections and differences answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD a 1 x 2 y 3 z
      :3
      > ZADD b 10 y 20 z 30 w
      :3
      > SADD s y v
      :2
      > SET t text
      +OK
      > ZUNION 2 a b
      *4 $1 x $1 y $1 z $1 w
      > ZUNION 2 a b WITHSCORES
      *8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30
      > ZUNION 2 a s WITHSCORES
      *8 $1 v $1 1 $1 x $1 1 $1 y $1 3 $1 z $1 3
      > ZUNION 3 a b s WEIGHTS 2 0.5 100 AGGREGATE MAX WITHSCORES
      *10 $1 x $1 2 $1 z $2 10 $1 w $2 15 $1 v $3 100 $1 y $3 100
      > ZUNION 2 a b AGGREGATE MIN WITHSCORES
      *8 $1 x $1 1 $1 y $1 2 $1 z $1 3 $1 w $2 30
      > ZUNION 2 a absent WITHSCORES
      *6 $1 x $1 1 $1 y $1 2 $1 z $1 3
      > ZUNION 1 absent
      *0
      > ZINTER 2 a b WITHSCORES
      *4 $1 y $2 12 $1 z $2 23
      > ZINTER 2 a b AGGREGATE MIN WITHSCORES
      *4 $1 y $1 2 $1 z $1 3
      > ZINTER 2 a b AGGREGATE MAX WEIGHTS 100 1 WITHSCORES
      *4 $1 y $3 200 $1 z $3 300
      > ZINTER 3 a b s WITHSCORES
      *2 $1 y $2 13
      > ZINTER 2 a absent
      *0
      > ZINTER 2 a a WITHSCORES
      *6 $1 x $1 2 $1 y $1 4 $1 z $1 6
      > ZDIFF 2 a b WITHSCORES
      *2 $1 x $1 1
      > ZDIFF 2 a s
      *2 $1 x $1 z
      > ZDIFF 2 s a WITHSCORES
      *2 $1 v $1 1
      > ZDIFF 1 a
      *3 $1 x $1 y $1 z
      > ZDIFF 2 absent a
      *0
      > ZDIFF 2 a a
      *0
      > ZDIFF 2 a b WEIGHTS 1 1
      -ERR syntax error
      > ZDIFF 2 a b AGGREGATE SUM
      -ERR syntax error
      > ZINTERCARD 2 a b
      :2
      > ZINTERCARD 2 a b LIMIT 1
      :1
      > ZINTERCARD 2 a b LIMIT 0
      :2
      > ZINTERCARD 2 a b LIMIT -1
      -ERR LIMIT can't be negative
      > ZINTERCARD 2 a b LIMIT x
      -ERR LIMIT can't be negative
      > ZINTERCARD 2 a b LIMIT
      -ERR syntax error
      > ZINTERCARD 2 a b WITHSCORES
      -ERR syntax error
      > ZINTERCARD 0 a
      -ERR at least 1 input key is needed for 'zintercard' command
      > ZUNIONSTORE d 2 a b
      :4
      > ZRANGE d 0 -1 WITHSCORES
      *8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30
      > ZUNIONSTORE d 2 a b WEIGHTS 1 -1
      :4
      > ZRANGE d 0 -1 WITHSCORES
      *8 $1 w $3 -30 $1 z $3 -17 $1 y $2 -8 $1 x $1 1
      > ZUNIONSTORE d 1 a WITHSCORES
      -ERR syntax error
      > ZINTERSTORE d 2 a b
      :2
      > ZRANGE d 0 -1 WITHSCORES
      *4 $1 y $2 12 $1 z $2 23
      > ZINTERSTORE d 2 a absent
      :0
      > EXISTS d
      :0
      > ZDIFFSTORE d 2 a b
      :1
      > ZRANGE d 0 -1 WITHSCORES
      *2 $1 x $1 1
      > ZDIFFSTORE d 1 a WEIGHTS 1
      -ERR syntax error
      > ZDIFFSTORE t 1 s
      :2
      > ZRANGE t 0 -1 WITHSCORES
      *4 $1 v $1 1 $1 y $1 1
      > ZUNIONSTORE a 2 a b
      :4
      > ZRANGE a 0 -1 WITHSCORES
      *8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30
      > SET t text
      +OK
      > ZUNION 2 a t
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZUNION 2 t a FOO
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZUNION 2 a b FOO
      -ERR syntax error
      > ZUNION 2 a b WEIGHTS 1
      -ERR syntax error
      > ZUNION 2 a b WEIGHTS 1 x
      -ERR weight value is not a float
      > ZUNION 2 a b WEIGHTS 1 2 3
      -ERR syntax error
      > ZUNION 2 a b AGGREGATE
      -ERR syntax error
      > ZUNION 2 a b AGGREGATE AVG
      -ERR syntax error
      > ZUNION 2 a b AGGREGATE min aggregate max withscores
      *8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30
      > ZUNION 0 a
      -ERR at least 1 input key is needed for 'zunion' command
      > ZUNION -1 a
      -ERR at least 1 input key is needed for 'zunion' command
      > ZUNION x a
      -ERR value is not an integer or out of range
      > ZUNION 3 a b
      -ERR syntax error
      > ZUNIONSTORE d 0 a
      -ERR at least 1 input key is needed for 'zunionstore' command
      > ZINTERSTORE d x a
      -ERR value is not an integer or out of range
      > ZADD p inf m
      :1
      > ZADD q -inf m
      :1
      > ZUNION 2 p q WITHSCORES
      *2 $1 m $1 0
      > ZINTER 2 p q WITHSCORES
      *2 $1 m $1 0
      > ZUNION 1 p WEIGHTS 0 WITHSCORES
      *2 $1 m $1 0
      > ZINTER 2 p q WEIGHTS 1 0 WITHSCORES
      *2 $1 m $1 0
      > ZINTER 2 p q WEIGHTS 1 0 AGGREGATE MIN WITHSCORES
      *2 $1 m $3 inf
    `);
  });

  it("unions, intersections and differences in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD a 1 x 2 y
      :2
      > SADD s y v
      :2
      > ZUNION 2 a s
      *3 $1 v $1 x $1 y
      > ZUNION 2 a s WITHSCORES
      *3 *2 $1 v ,1 *2 $1 x ,1 *2 $1 y ,3
      > ZINTER 2 a s WITHSCORES
      *1 *2 $1 y ,3
      > ZDIFF 2 a s WITHSCORES
      *1 *2 $1 x ,1
    `);
  });

  it("puts the result in the place of whatever was there", () => {
    const node = new DispatchNode();
    node.line("ZADD a 1 x");
    node.line("SET d text");
    node.line("PEXPIREAT d 1700000009000");
    assert.equal(node.line("ZUNIONSTORE d 1 a"), ":1");
    assert.equal(node.line("PTTL d"), ":-1");
    node.line("ZINTERSTORE none 2 a absent");
    assert.equal(node.mutations, 0);
  });
});
