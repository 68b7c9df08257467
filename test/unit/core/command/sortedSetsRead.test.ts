import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DispatchNode } from "./dispatchNode.ts";

describe("reading sorted sets", () => {
  it("scores, ranks and counts answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1 a 2 b 2 c 3.25 d inf e -inf f
      :6
      > SET s x
      +OK
      > ZCARD k
      :6
      > ZCARD absent
      :0
      > ZCARD s
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZSCORE k d
      $4 3.25
      > ZSCORE k e
      $3 inf
      > ZSCORE k f
      $4 -inf
      > ZSCORE k x
      $-1
      > ZSCORE absent x
      $-1
      > ZSCORE s x
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZMSCORE k a x e
      *3 $1 1 $-1 $3 inf
      > ZMSCORE absent a b
      *2 $-1 $-1
      > ZMSCORE s a
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZRANK k f
      :0
      > ZRANK k c
      :3
      > ZREVRANK k c
      :2
      > ZRANK k x
      $-1
      > ZREVRANK absent x
      $-1
      > ZRANK s x
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZCOUNT k 2 3.25
      :3
      > ZCOUNT k (2 (3.25
      :0
      > ZCOUNT k -inf +inf
      :6
      > ZCOUNT k (1 (1
      :0
      > ZCOUNT k 5 1
      :0
      > ZCOUNT k "" " 2"
      :3
      > ZCOUNT k ( 1e999
      :5
      > ZCOUNT k a 1
      -ERR min or max is not a float
      > ZCOUNT k 1 nan
      -ERR min or max is not a float
      > ZCOUNT k 1 "2 "
      -ERR min or max is not a float
      > ZCOUNT absent x 1
      -ERR min or max is not a float
      > ZCOUNT absent 0 1
      :0
      > ZCOUNT s 0 1
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZCOUNT s x 1
      -ERR min or max is not a float
      > ZADD l 0 a 0 b 0 bb 0 c
      :4
      > ZLEXCOUNT l - +
      :4
      > ZLEXCOUNT l [a (bb
      :2
      > ZLEXCOUNT l (a [bb
      :2
      > ZLEXCOUNT l + -
      :0
      > ZLEXCOUNT l [b [b
      :1
      > ZLEXCOUNT l [b (b
      :0
      > ZLEXCOUNT l (b [b
      :0
      > ZLEXCOUNT l [ [
      :0
      > ZLEXCOUNT l a [b
      -ERR min or max not valid string range item
      > ZLEXCOUNT l - "+ "
      -ERR min or max not valid string range item
      > ZLEXCOUNT l -a +
      -ERR min or max not valid string range item
      > ZLEXCOUNT s a b
      -ERR min or max not valid string range item
      > ZLEXCOUNT s - +
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZLEXCOUNT absent - +
      :0
    `);
  });

  it("scores, ranks and counts in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k 1 a 3.25 d inf e
      :3
      > ZSCORE k d
      ,3.25
      > ZSCORE k x
      _
      > ZMSCORE k a x e
      *3 ,1 _ ,inf
      > ZRANK k x
      _
    `);
  });

  it("ZRANGE and its kin answer as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1 a 2 b 3 c 4 d 5 e
      :5
      > SET s x
      +OK
      > ZRANGE k 0 -1
      *5 $1 a $1 b $1 c $1 d $1 e
      > ZRANGE k 1 2 WITHSCORES
      *4 $1 b $1 2 $1 c $1 3
      > ZRANGE k -2 -1
      *2 $1 d $1 e
      > ZRANGE k -100 0
      *1 $1 a
      > ZRANGE k 4 100
      *1 $1 e
      > ZRANGE k 5 6
      *0
      > ZRANGE k 3 1
      *0
      > ZRANGE k 0 1 REV
      *2 $1 e $1 d
      > ZRANGE k -1 -1 REV WITHSCORES
      *2 $1 a $1 1
      > ZREVRANGE k 1 2 WITHSCORES
      *4 $1 d $1 4 $1 c $1 3
      > ZREVRANGE k 0 0 REV
      -ERR syntax error
      > ZRANGE k 2 4 BYSCORE
      *3 $1 b $1 c $1 d
      > ZRANGE k (2 4 BYSCORE WITHSCORES
      *4 $1 c $1 3 $1 d $1 4
      > ZRANGE k 4 2 BYSCORE
      *0
      > ZRANGE k 4 2 BYSCORE REV
      *3 $1 d $1 c $1 b
      > ZRANGE k +inf (2 BYSCORE REV LIMIT 1 1
      *1 $1 d
      > ZRANGE k -inf inf BYSCORE LIMIT 1 2
      *2 $1 b $1 c
      > ZRANGE k -inf inf BYSCORE LIMIT 1 -1
      *4 $1 b $1 c $1 d $1 e
      > ZRANGE k -inf inf BYSCORE LIMIT -1 2
      *0
      > ZRANGE k -inf inf BYSCORE LIMIT 9 2
      *0
      > ZRANGE k -inf inf BYSCORE LIMIT 0 0
      *0
      > ZRANGE k -inf inf BYSCORE LIMIT 0 9 WITHSCORES limit 1 1
      *2 $1 b $1 2
      > ZRANGEBYSCORE k 2 3 WITHSCORES LIMIT 1 5
      *2 $1 c $1 3
      > ZREVRANGEBYSCORE k 3 2
      *2 $1 c $1 b
      > ZREVRANGEBYSCORE k 2 3
      *0
      > ZRANGEBYSCORE k 2 3 REV
      -ERR syntax error
      > ZRANGEBYSCORE k 2 3 BYSCORE
      -ERR syntax error
      > ZRANGEBYSCORE k 2 x
      -ERR min or max is not a float
      > ZRANGEBYSCORE k 2 3 LIMIT a 1
      -ERR value is not an integer or out of range
      > ZRANGEBYSCORE k 2 3 LIMIT 1 a
      -ERR value is not an integer or out of range
      > ZRANGEBYSCORE k 2 3 LIMIT 1
      -ERR syntax error
      > ZADD l 0 a 0 b 0 c 0 d
      :4
      > ZRANGE l [b + BYLEX
      *3 $1 b $1 c $1 d
      > ZRANGE l + [b BYLEX REV LIMIT 1 9
      *2 $1 c $1 b
      > ZRANGE l - + BYLEX WITHSCORES
      -ERR syntax error, WITHSCORES not supported in combination with BYLEX
      > ZRANGEBYLEX l - (c
      *2 $1 a $1 b
      > ZRANGEBYLEX l - (c LIMIT 1 1
      *1 $1 b
      > ZRANGEBYLEX l - (c WITHSCORES
      -ERR syntax error, WITHSCORES not supported in combination with BYLEX
      > ZREVRANGEBYLEX l (c -
      *2 $1 b $1 a
      > ZREVRANGEBYLEX l - (c
      *0
      > ZRANGEBYLEX l b c
      -ERR min or max not valid string range item
      > ZRANGE k 0 1 LIMIT 0 1
      -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
      > ZRANGE k 1 2 LIMIT 1 -1
      *2 $1 b $1 c
      > ZRANGE k 0 1 BYLEX BYSCORE
      -ERR syntax error
      > ZRANGE k 0 x
      -ERR value is not an integer or out of range
      > ZRANGE k x 0
      -ERR value is not an integer or out of range
      > ZRANGE k 0 1 foo
      -ERR syntax error
      > ZRANGE absent 0 x
      -ERR value is not an integer or out of range
      > ZRANGE absent 0 1
      *0
      > ZRANGE s 0 1
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZRANGE s 0 x
      -ERR value is not an integer or out of range
      > ZRANGESTORE d k 1 2
      :2
      > ZRANGE d 0 -1 WITHSCORES
      *4 $1 b $1 2 $1 c $1 3
      > ZRANGESTORE d k (3 +inf BYSCORE LIMIT 0 1
      :1
      > ZRANGE d 0 -1 WITHSCORES
      *2 $1 d $1 4
      > ZRANGESTORE d k 0 -1 WITHSCORES
      -ERR syntax error
      > ZRANGESTORE d k 0 1 REV
      :2
      > ZRANGE d 0 -1
      *2 $1 d $1 e
      > ZRANGESTORE d absent 0 -1
      :0
      > EXISTS d
      :0
      > ZRANGESTORE s k 0 0
      :1
      > TYPE s
      +zset
      > ZRANGESTORE x s 0 x
      -ERR value is not an integer or out of range
      > SET s x
      +OK
      > ZRANGESTORE x s 0 0
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZRANGESTORE k k 0 1
      :2
      > ZRANGE k 0 -1
      *2 $1 a $1 b
    `);
  });

  it("ZRANGE in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k 1 a 2.5 b
      :2
      > ZRANGE k 0 -1
      *2 $1 a $1 b
      > ZRANGE k 0 -1 WITHSCORES
      *2 *2 $1 a ,1 *2 $1 b ,2.5
      > ZRANGE k 2.5 1 BYSCORE REV WITHSCORES
      *2 *2 $1 b ,2.5 *2 $1 a ,1
    `);
  });

  it("ZSCAN answers as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > ZADD k 1.5 a 2 b inf c
      :3
      > SET s x
      +OK
      > ZSCAN k 0
      *2 $1 0 *6 $1 a $3 1.5 $1 b $1 2 $1 c $3 inf
      > ZSCAN k 0 MATCH [ab]
      *2 $1 0 *4 $1 a $3 1.5 $1 b $1 2
      > ZSCAN k 0 COUNT 1
      *2 $1 0 *6 $1 a $3 1.5 $1 b $1 2 $1 c $3 inf
      > ZSCAN k 0 COUNT 0
      -ERR syntax error
      > ZSCAN k 0 COUNT x
      -ERR value is not an integer or out of range
      > ZSCAN k 0 FOO
      -ERR syntax error
      > ZSCAN k 0 MATCH
      -ERR syntax error
      > ZSCAN k x
      -ERR invalid cursor
      > ZSCAN absent x
      -ERR invalid cursor
      > ZSCAN absent 0 FOO
      *2 $1 0 *0
      > ZSCAN s 0
      -WRONGTYPE Operation against a key holding the wrong kind of value
    `);
  });

  it("ZSCAN in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k 1.5 a
      :1
      > ZSCAN k 0
      *2 $1 0 *2 $1 a $3 1.5
    `);
  });

  it("ZRANDMEMBER answers as Redis does", () => {
    const node = new DispatchNode();
    node.follow(`
      > SET s x
      +OK
      > ZRANDMEMBER absent
      $-1
      > ZRANDMEMBER absent 3
      *0
      > ZRANDMEMBER absent -3 WITHSCORES
      *0
      > ZRANDMEMBER s
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZRANDMEMBER s 1
      -WRONGTYPE Operation against a key holding the wrong kind of value
      > ZADD k 1.5 a
      :1
      > ZRANDMEMBER k
      $1 a
      > ZRANDMEMBER k 0
      *0
      > ZRANDMEMBER k 5
      *1 $1 a
      > ZRANDMEMBER k 5 WITHSCORES
      *2 $1 a $3 1.5
      > ZRANDMEMBER k -2
      *2 $1 a $1 a
      > ZRANDMEMBER k -2 WITHSCORES
      *4 $1 a $3 1.5 $1 a $3 1.5
      > ZRANDMEMBER k x
      -ERR value is not an integer or out of range
      > ZRANDMEMBER k 1 FOO
      -ERR syntax error
      > ZRANDMEMBER k 1 WITHSCORES 1
      -ERR syntax error
      > ZRANDMEMBER k -9223372036854775808
      -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
      > ZRANDMEMBER k 9223372036854775807
      *1 $1 a
      > ZRANDMEMBER k 9223372036854775807 WITHSCORES
      -ERR value is out of range
      > ZRANDMEMBER k x FOO
      -ERR value is not an integer or out of range
    `);
  });

  it("ZRANDMEMBER in RESP3", () => {
    const node = new DispatchNode();
    node.session().protocol = 3;
    node.follow(`
      > ZADD k 1.5 a
      :1
      > ZRANDMEMBER k
      $1 a
      > ZRANDMEMBER k -2 WITHSCORES
      *2 *2 $1 a ,1.5 *2 $1 a ,1.5
      > ZRANDMEMBER k 2
      *1 $1 a
      > ZRANDMEMBER absent
      _
    `);
  });

  it("scans a large set whole", () => {
    const node = new DispatchNode();
    const pairs = Array.from({ length: 1000 }, (_, i) => [String(i), `m${i}`]).flat();
    node.run(["ZADD", "k", ...pairs]);
    const seen = new Set<string>();
    let cursor = "0";
    do {
      const reply = node.run(["ZSCAN", "k", cursor, "COUNT", "50"]).split(" ");
      cursor = reply[2]!;
      for (let i = 5; i < reply.length; i += 4) seen.add(reply[i]!);
    } while (cursor !== "0");
    assert.equal(seen.size, 1000);
  });

  it("draws different members, or repeats them when asked", () => {
    const node = new DispatchNode();
    const members = Array.from({ length: 200 }, (_, i) => `m${i}`);
    node.run(["ZADD", "k", ...members.flatMap((member, i) => [String(i), member])]);
    const drawn = (count: string) =>
      node
        .line(`ZRANDMEMBER k ${count}`)
        .split(" ")
        .filter((word) => word[0] === "m");
    for (const count of [1, 2, 50, 199, 200]) {
      const once = drawn(String(count));
      assert.equal(once.length, count);
      assert.equal(new Set(once).size, count);
      assert.ok(once.every((member) => members.includes(member)));
    }
    assert.equal(drawn("-1000").length, 1000);
    assert.ok(new Set(drawn("-5000")).size > 190);
    assert.match(node.line("ZRANDMEMBER k -1000000000"), /^-ERR value is out of range/);
  });

  it("takes ranges of a large set", () => {
    const node = new DispatchNode();
    node.run(["ZADD", "k", ...Array.from({ length: 500 }, (_, i) => [String(i % 100), `m${i}`]).flat()]);
    assert.equal(node.line("ZCOUNT k 10 (20"), ":50");
    assert.equal(node.line("ZRANGE k 99 99 BYSCORE LIMIT 1 2"), "*2 $4 m299 $4 m399");
    assert.equal(node.line("ZRANGE k 99 99 BYSCORE REV LIMIT 3 2"), "*2 $4 m299 $4 m199");
    assert.equal(node.line("ZREVRANGEBYSCORE k 99 99 LIMIT 5 2"), "*0");
    assert.equal(node.line("ZRANGESTORE d k 10 19 BYSCORE"), ":50");
    assert.equal(node.line("OBJECT ENCODING d"), "$8 listpack");
  });
});
