import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply } from "../../../../src/core/command/reply.ts";
import { fc } from "../../../support/properties.ts";
import { CollectionNode, follow, wire } from "./collectionNode.ts";

test("lists: pushing, popping, reading", () => {
  follow(
    `
    > RPUSH l a b c d
    :4
    > LPUSH l x y
    :6
    > LRANGE l 0 -1
    *6 $1 y $1 x $1 a $1 b $1 c $1 d
    > LPUSHX none a
    :0
    > RPUSHX l e
    :7
    > LPUSH s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LPUSHX s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LPOP none
    $-1
    3 _
    > LPOP none 0
    *-1
    3 _
    > LPOP none 2
    *-1
    3 _
    > LPOP none -1
    -ERR value is out of range, must be positive
    > LPOP s x
    -ERR value is out of range, must be positive
    > LPOP s 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LPOP l 1 2
    -ERR wrong number of arguments for 'lpop' command
    > LPOP l 0
    *0
    > LPOP l
    $1 y
    > RPOP l
    $1 e
    > LPOP l 1
    *1 $1 x
    > RPOP l 2
    *2 $1 d $1 c
    > RPOP l 9223372036854775807
    *2 $1 b $1 a
    > LLEN l
    :0
    > RPUSH l a b c d e
    :5
    > LLEN l
    :5
    > LLEN s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LINDEX l 0
    $1 a
    > LINDEX l -1
    $1 e
    > LINDEX l 5
    $-1
    3 _
    > LINDEX l -6
    $-1
    3 _
    > LINDEX l x
    -ERR value is not an integer or out of range
    > LINDEX none x
    $-1
    3 _
    > LINDEX s x
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LRANGE l 1 3
    *3 $1 b $1 c $1 d
    > LRANGE l -2 100
    *2 $1 d $1 e
    > LRANGE l -100 0
    *1 $1 a
    > LRANGE l 3 1
    *0
    > LRANGE l 5 9
    *0
    > LRANGE l x 0
    -ERR value is not an integer or out of range
    > LRANGE s 0 x
    -ERR value is not an integer or out of range
    > LRANGE none 0 -1
    *0
    > LRANGE s 0 -1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    `,
    ["s"],
  );
});

test("lists: changes inside and searches", () => {
  follow(
    `
    > RPUSH l a b a c a
    :5
    > LINSERT l nowhere a x
    -ERR syntax error
    > LINSERT none BEFORE a x
    :0
    > LINSERT s BEFORE a x
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LINSERT l BEFORE none x
    :-1
    > LINSERT l before b 1
    :6
    > LINSERT l AFTER b 2
    :7
    > LSET none x a
    -ERR no such key
    > LSET s x a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LSET l x a
    -ERR value is not an integer or out of range
    > LSET l 7 a
    -ERR index out of range
    > LSET l -8 a
    -ERR index out of range
    > LSET l -1 z
    +OK
    > LRANGE l 0 -1
    *7 $1 a $1 1 $1 b $1 2 $1 a $1 c $1 z
    > LREM s x a
    -ERR value is not an integer or out of range
    > LREM s 1 a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LREM none 1 a
    :0
    > LREM l 1 none
    :0
    > LREM l -1 a
    :1
    > LREM l 0 a
    :1
    > LRANGE l 0 -1
    *5 $1 1 $1 b $1 2 $1 c $1 z
    > LTRIM s x 0
    -ERR value is not an integer or out of range
    > LTRIM s 0 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LTRIM none 0 0
    +OK
    > LTRIM l 1 -2
    +OK
    > LRANGE l 0 -1
    *3 $1 b $1 2 $1 c
    > LTRIM l 2 1
    +OK
    > LLEN l
    :0
    > RPUSH l a b c a b c a
    :7
    > LPOS l a
    :0
    > LPOS l none
    $-1
    3 _
    > LPOS l none COUNT 0
    *0
    > LPOS none a
    $-1
    3 _
    > LPOS none a COUNT 1
    *0
    > LPOS l a RANK 2
    :3
    > LPOS l a RANK -1
    :6
    > LPOS l a RANK -2 COUNT 0
    *2 :3 :0
    > LPOS l a COUNT 2
    *2 :0 :3
    > LPOS l a COUNT 0 MAXLEN 4
    *2 :0 :3
    > LPOS l c MAXLEN 2
    $-1
    3 _
    > LPOS l c MAXLEN 2 RANK -1
    :5
    > LPOS l a RANK 9
    $-1
    3 _
    > LPOS s a RANK 0
    -ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
    > LPOS l a RANK x
    -ERR value is not an integer or out of range
    > LPOS l a COUNT -1
    -ERR COUNT can't be negative
    > LPOS l a MAXLEN -1
    -ERR MAXLEN can't be negative
    > LPOS l a RANK
    -ERR syntax error
    > LPOS l a nonsense 1
    -ERR syntax error
    > LPOS s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    `,
    ["s"],
  );
});

test("lists: moves, pops from the first of several, blocking forms that find something", () => {
  follow(
    `
    > RPUSH l a b c
    :3
    > LMOVE l m up LEFT
    -ERR syntax error
    > LMOVE l m LEFT up
    -ERR syntax error
    > LMOVE s m LEFT LEFT
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LMOVE l s LEFT LEFT
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LMOVE none s LEFT LEFT
    $-1
    3 _
    > LMOVE l m left right
    $1 a
    > LMOVE l l LEFT RIGHT
    $1 b
    > LMOVE l l LEFT LEFT
    $1 c
    > RPOPLPUSH l m
    $1 b
    > RPOPLPUSH m m
    $1 a
    > RPOPLPUSH l l
    $1 c
    > RPOPLPUSH none s
    $-1
    3 _
    > RPOPLPUSH l s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LRANGE l 0 -1
    *1 $1 c
    > LRANGE m 0 -1
    *2 $1 a $1 b
    > LMPOP 0 l LEFT
    -ERR numkeys should be greater than 0
    > LMPOP x l LEFT
    -ERR numkeys should be greater than 0
    > LMPOP 2 l LEFT
    -ERR syntax error
    > LMPOP 1 l up
    -ERR syntax error
    > LMPOP 1 l LEFT COUNT
    -ERR syntax error
    > LMPOP 1 l LEFT COUNT 0
    -ERR count should be greater than 0
    > LMPOP 1 l LEFT nonsense 1
    -ERR syntax error
    > LMPOP 1 l LEFT COUNT 1 COUNT
    -ERR syntax error
    > LMPOP 99999999999 l LEFT
    -ERR syntax error
    > LMPOP 2 none s LEFT
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > LMPOP 2 none none LEFT
    *-1
    3 _
    > LMPOP 2 none m RIGHT
    *2 $1 m *1 $1 b
    > LMPOP 1 l LEFT COUNT 9
    *2 $1 l *1 $1 c
    > LLEN l
    :0
    > BLPOP none x
    -ERR timeout is not a float or out of range
    > BLPOP none -1
    -ERR timeout is negative
    > BLPOP none inf
    -ERR timeout is negative
    > BLPOP none s 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > RPUSH m 1
    :2
    > BLPOP none m 0
    *2 $1 m $1 a
    > RPUSH l a b c d e
    :5
    > BRPOP none l 0
    *2 $1 l $1 e
    > BLMOVE l m up LEFT x
    -ERR syntax error
    > BLMOVE l m LEFT LEFT x
    -ERR timeout is not a float or out of range
    > BLMOVE s m LEFT LEFT 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > BLMOVE l m LEFT LEFT 0
    $1 a
    > BRPOPLPUSH l m x
    -ERR timeout is not a float or out of range
    > BRPOPLPUSH l s 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > BRPOPLPUSH l m 0
    $1 d
    > BLMPOP x 0 l LEFT
    -ERR numkeys should be greater than 0
    > BLMPOP x 1 l up
    -ERR syntax error
    > BLMPOP x 1 l LEFT COUNT 0
    -ERR count should be greater than 0
    > BLMPOP x 1 l LEFT
    -ERR timeout is not a float or out of range
    > BLMPOP 0 2 none s LEFT
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > BLMPOP 0 2 none l RIGHT COUNT 2
    *2 $1 l *2 $1 c $1 b
    > LRANGE m 0 -1
    *3 $1 d $1 a $1 1
    `,
    ["s"],
  );
});

test("a list command that changes nothing makes no mutation", () => {
  const node = new CollectionNode();
  node.line("RPUSH l a b");
  node.line("RPUSH one a");
  const lines = [
    "LPOP l 0",
    "LTRIM l 0 -1",
    "LREM l 0 none",
    "LINSERT l BEFORE none x",
    "LSET l 9 x",
    "LMOVE l l LEFT LEFT",
    "LMOVE one one LEFT RIGHT",
    "RPUSHX none a",
  ];
  for (const line of lines) {
    node.line(line);
    assert.equal(node.mutations, 0, line);
  }
});

test("a list keeps its time to live when its only element goes round", () => {
  const node = new CollectionNode();
  node.line("RPUSH l a");
  node.expire("l", node.now + 1000);
  node.line("RPOPLPUSH l l");
  assert.equal(node.state.expireAt(node.state.find("l")), node.now + 1000);
});

test("a replica that replays the log has the same lists", () => {
  const element = fc.constantFrom("a", "b", "c");
  const key = fc.constantFrom("k", "l");
  const index = fc.integer({ min: -8, max: 8 }).map(String);
  const side = fc.constantFrom("LEFT", "RIGHT");
  const command = fc.oneof(
    fc.tuple(fc.constantFrom("LPUSH", "RPUSH"), key, element, element, element),
    fc.tuple(fc.constantFrom("LPOP", "RPOP"), key),
    fc.tuple(fc.constant("LPOP"), key, index),
    fc.tuple(fc.constant("LSET"), key, index, element),
    fc.tuple(fc.constant("LREM"), key, index, element),
    fc.tuple(fc.constant("LTRIM"), key, index, index),
    fc.tuple(fc.constant("LINSERT"), key, fc.constantFrom("BEFORE", "AFTER"), element, element),
    fc.tuple(fc.constant("LMOVE"), key, key, side, side),
    fc.tuple(fc.constant("LMPOP"), fc.constant("2"), key, key, side, fc.constant("COUNT"), index),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const node = new CollectionNode();
      for (const words of commands) node.run(words);
      const replica = new CollectionNode();
      replica.replay(node);
      for (const line of ["LRANGE k 0 -1", "LRANGE l 0 -1"]) assert.equal(replica.line(line), node.line(line));
    }),
  );
});

const BLOCKING = [
  { line: "BLPOP a b 0", keys: ["a", "b"], timeoutMillis: 0, onTimeout: "*-1", inTransaction: "*-1" },
  { line: "BRPOP a 0.5", keys: ["a"], timeoutMillis: 500, onTimeout: "*-1", inTransaction: "*-1" },
  { line: "BLMPOP 2 2 a b LEFT", keys: ["a", "b"], timeoutMillis: 2000, onTimeout: "*-1", inTransaction: "*-1" },
  { line: "BLMOVE a b LEFT RIGHT 0.0001", keys: ["a"], timeoutMillis: 1, onTimeout: "*-1", inTransaction: "$-1" },
  { line: "BRPOPLPUSH a b 1e3", keys: ["a"], timeoutMillis: 1_000_000, onTimeout: "*-1", inTransaction: "$-1" },
];

for (const { line, keys, timeoutMillis, onTimeout, inTransaction } of BLOCKING) {
  test(`${line} waits, but not inside a transaction`, () => {
    const node = new CollectionNode();
    assert.equal(node.line(line), "");
    assert.deepEqual(node.blockRequest?.keys, keys);
    assert.equal(node.blockRequest?.timeoutMillis, timeoutMillis);
    const reply = new Reply();
    node.blockRequest.onTimeout(reply);
    assert.equal(wire(reply), onTimeout);
    assert.equal(node.line(line, { inTransaction: true }), inTransaction);
    assert.equal(node.blockRequest, undefined);
  });
}

test("a blocked command that is woken looks at the key that woke it and at no other", () => {
  const node = new CollectionNode();
  node.putString("s");
  node.line("RPUSH a 1");
  node.line("RPUSH b 2 3");
  assert.equal(node.line("BLPOP s a b 0", { wakingKey: "b" }), "*2 $1 b $1 2");
  assert.equal(node.line("BLMPOP 0 3 s a b LEFT", { wakingKey: "b" }), "*2 $1 b *1 $1 3");
  assert.equal(node.line("BRPOP s a b 0", { wakingKey: "b" }), "");
  assert.deepEqual(node.blockRequest?.keys, ["s", "a", "b"]);
});

test("a blocked BLMOVE that is woken fails when its target is no list", () => {
  const node = new CollectionNode();
  node.putString("s");
  node.line("RPUSH l a");
  assert.match(node.line("BLMOVE l s LEFT LEFT 0", { wakingKey: "l" }), /^-WRONGTYPE/);
  assert.equal(node.line("LLEN l"), ":1");
});
