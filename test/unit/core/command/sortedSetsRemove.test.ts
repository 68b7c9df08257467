import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BLOCKED } from "../../../../src/core/command/dispatch.ts";
import { Reply } from "../../../../src/core/command/reply.ts";
import { wire, wordsOf } from "./collectionNode.ts";
import { DispatchNode } from "./dispatchNode.ts";

describe("removing from sorted sets", () => {
  it("ZREM and ZREMRANGEBY... answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h
      :8
      > SET s x
      +OK
      > ZREM k a a x
      :1
      > ZREM k x
      :0
      > ZREM absent a
      :0
      > ZREM s a
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZREMRANGEBYRANK k 0 0
      :1
      > ZREMRANGEBYRANK k -1 -1
      :1
      > ZREMRANGEBYRANK k 3 1
      :0
      > ZREMRANGEBYRANK k x 1
      -ERR value is not an integer or out of range
      > ZREMRANGEBYRANK absent 0 1
      :0
      > ZREMRANGEBYRANK s 0 1
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZREMRANGEBYSCORE k (3 4
      :1
      > ZREMRANGEBYSCORE k x 4
      -ERR min or max is not a float
      > ZREMRANGEBYSCORE absent 1 4
      :0
      > ZREMRANGEBYSCORE s 1 4
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZRANGE k 0 -1
      *4 $1 c $1 e $1 f $1 g
      > ZREMRANGEBYLEX k x y
      -ERR min or max not valid string range item
      > ZADD l 0 a 0 b 0 c
      :3
      > ZREMRANGEBYLEX l [b +
      :2
      > ZREMRANGEBYLEX l [b +
      :0
      > ZREMRANGEBYLEX l - +
      :1
      > EXISTS l
      :0
      > ZREM k c e f g
      :4
      > EXISTS k
      :0
    `);
  });

  it("the popping commands answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1 a 2 b 3 c 4 d 5 e
      :5
      > SET s x
      +OK
      > ZPOPMIN k
      *2 $1 a $1 1
      > ZPOPMAX k 2
      *4 $1 e $1 5 $1 d $1 4
      > ZPOPMIN k 0
      *0
      > ZPOPMIN k -1
      -ERR value is out of range, must be positive
      > ZPOPMIN k x
      -ERR value is out of range, must be positive
      > ZPOPMIN k 1 2
      -ERR syntax error
      > ZPOPMIN absent
      *0
      > ZPOPMAX absent 3
      *0
      > ZPOPMIN s
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZPOPMIN s 0
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZPOPMIN s x
      -ERR value is out of range, must be positive
      > ZPOPMIN k 100
      *4 $1 b $1 2 $1 c $1 3
      > EXISTS k
      :0
      > ZADD k 1 a 2 b 3 c 4 d 5 e
      :5
      > ZMPOP 2 absent k MIN
      *2 $1 k *1 *2 $1 a $1 1
      > ZMPOP 1 k MAX COUNT 2
      *2 $1 k *2 *2 $1 e $1 5 *2 $1 d $1 4
      > ZMPOP 1 absent MIN
      *-1
      > ZMPOP 2 s k MIN
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZMPOP 2 k s MIN
      *2 $1 k *1 *2 $1 b $1 2
      > ZMPOP 0 k MIN
      -ERR numkeys should be greater than 0
      > ZMPOP x k MIN
      -ERR numkeys should be greater than 0
      > ZMPOP 2 k MIN
      -ERR syntax error
      > ZMPOP 1 k MID
      -ERR syntax error
      > ZMPOP 1 k MIN COUNT
      -ERR syntax error
      > ZMPOP 1 k MIN COUNT 0
      -ERR count should be greater than 0
      > ZMPOP 1 k MIN COUNT x
      -ERR count should be greater than 0
      > ZMPOP 1 k MIN COUNT 1 COUNT 1
      -ERR syntax error
      > ZMPOP 1 k MIN FOO
      -ERR syntax error
      > ZMPOP 1 s MIN COUNT 0
      -ERR count should be greater than 0
      > ZMPOP 9223372036854775808 k MIN
      -ERR numkeys should be greater than 0
      > ZMPOP 1 k MIN COUNT 100
      *2 $1 k *1 *2 $1 c $1 3
      > EXISTS k
      :0
      > ZADD k 1 a 2 b
      :2
      > BZPOPMIN absent k 0
      *3 $1 k $1 a $1 1
      > BZPOPMAX k 0
      *3 $1 k $1 b $1 2
      > ZADD k 1 a 2 b 3 c
      :3
      > BZMPOP 1 2 absent k MAX COUNT 2
      *2 $1 k *2 *2 $1 c $1 3 *2 $1 b $1 2
      > BZMPOP x 1 k MIN FOO
      -ERR syntax error
      > BZMPOP x 1 k MIN
      -ERR timeout is not a float or out of range
      > BZMPOP -1 1 k MIN
      -ERR timeout is negative
      > BZMPOP 0 0 k MIN
      -ERR numkeys should be greater than 0
      > BZMPOP 0 1 s MIN
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > BZPOPMIN k x
      -ERR timeout is not a float or out of range
      > BZPOPMIN k -1
      -ERR timeout is negative
      > BZPOPMIN k 1e400
      -ERR timeout is negative
      > BZPOPMIN s 0
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > BZPOPMIN s k 0
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > BZPOPMIN absent k s 0
      *3 $1 k $1 a $1 1
    `);
  });

  it("the popping commands in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k 1 a 2.5 b 3 c 4 d
      :4
      > ZPOPMIN k
      *2 $1 a ,1
      > ZPOPMIN k 1
      *1 *2 $1 b ,2.5
      > ZPOPMAX absent
      *0
      > ZMPOP 1 k MIN
      *2 $1 k *1 *2 $1 c ,3
      > ZMPOP 1 absent MIN
      _
      > BZPOPMAX k 0
      *3 $1 k $1 d ,4
    `);
  });

  it("writes nothing when nothing goes", () => {
    const node = new DispatchNode();
    node.line("ZADD k 1 a");
    for (const idle of [
      "ZREM k x",
      "ZREMRANGEBYRANK k 5 9",
      "ZPOPMIN k 0",
      "ZREMRANGEBYSCORE k 2 3",
      "ZMPOP 1 x MIN",
    ]) {
      node.line(idle);
      assert.equal(node.mutations, 0, idle);
    }
    node.line("ZPOPMIN k 3");
    assert.equal(node.mutations, 1);
  });

  it("parks a client until a sorted set comes, and serves it from the key that woke it", () => {
    const node = new DispatchNode();
    const waits: readonly [string, string][] = [
      ["BZPOPMIN a b 1.5", "*3 $1 b $1 x $1 2"],
      ["BZPOPMAX a b 1.5", "*3 $1 b $1 y $1 3"],
      ["BZMPOP 1.5 2 a b MIN COUNT 5", "*2 $1 b *2 *2 $1 x $1 2 *2 $1 y $1 3"],
    ];
    for (const [command, served] of waits) {
      node.line("DEL a b");
      assert.equal(node.line(command), "");
      assert.equal(node.outcome, BLOCKED);
      assert.deepEqual(node.blockRequest!.keys, ["a", "b"]);
      assert.equal(node.blockRequest!.timeoutMillis, 1500);
      const late = new Reply();
      node.blockRequest!.onTimeout(late);
      assert.equal(wire(late), "*-1");
      node.line("ZADD a 1 z");
      const waiting = node.session("waiting");
      assert.equal(node.run(wordsOf(command), waiting, "b"), "");
      node.line("ZADD b 2 x 3 y");
      assert.equal(node.run(wordsOf(command), waiting, "b"), served);
    }
  });

  it("does not park where waiting is not allowed", () => {
    const node = new DispatchNode();
    node.session().denyBlocking = true;
    assert.equal(node.line("BZPOPMIN a 0"), "*-1");
    assert.equal(node.line("BZMPOP 0 1 a MAX"), "*-1");
    node.session().protocol = 3;
    assert.equal(node.line("BZPOPMAX a 0"), "_");
  });
});
