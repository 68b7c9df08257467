import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectionNode, follow, seededRandom } from "./collectionNode.ts";

test("hashes: reading and writing fields", () => {
  follow(
    `
    > HSET h a 1 b 2
    :2
    > HSET h a 3 c 4
    :1
    > HSET h a 1 b
    -ERR wrong number of arguments for 'hset' command
    > HSET s a
    -ERR wrong number of arguments for 'hset' command
    > HSET s a 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HMSET h d 5
    +OK
    > HMSET h d 5 e
    -ERR wrong number of arguments for 'hmset' command
    > HSETNX h d 6
    :0
    > HSETNX h f 6
    :1
    > HGET h a
    $1 3
    > HGET h none
    $-1
    3 _
    > HGET none a
    $-1
    3 _
    > HMGET h a none b
    *3 $1 3 $-1 $1 2
    3 *3 $1 3 _ $1 2
    > HMGET none a b
    *2 $-1 $-1
    3 *2 _ _
    > HEXISTS h a
    :1
    > HEXISTS none a
    :0
    > HSTRLEN h a
    :1
    > HSTRLEN h none
    :0
    > HLEN h
    :5
    > HLEN none
    :0
    > HKEYS h
    *5 $1 a $1 b $1 c $1 d $1 f
    > HVALS h
    *5 $1 3 $1 2 $1 4 $1 5 $1 6
    > HGETALL h
    *10 $1 a $1 3 $1 b $1 2 $1 c $1 4 $1 d $1 5 $1 f $1 6
    3 %5 $1 a $1 3 $1 b $1 2 $1 c $1 4 $1 d $1 5 $1 f $1 6
    > HGETALL none
    *0
    3 %0
    > HDEL h a a none
    :1
    > HDEL h none
    :0
    > HDEL none a
    :0
    > HDEL s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HGET s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HMGET s a
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HGETALL s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HLEN s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    `,
    ["s"],
  );
});

test("hashes: counting up", () => {
  follow(
    `
    > HINCRBY h n 5
    :5
    > HINCRBY h n -7
    :-2
    > HINCRBY h n x
    -ERR value is not an integer or out of range
    > HINCRBY s n x
    -ERR value is not an integer or out of range
    > HINCRBY s n 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HSET h text abc big 9223372036854775807 space " 1" empty ""
    :4
    > HINCRBY h text 1
    -ERR hash value is not an integer
    > HINCRBY h space 1
    -ERR hash value is not an integer
    > HINCRBY h empty 1
    -ERR hash value is not an integer
    > HINCRBY h big 1
    -ERR increment or decrement would overflow
    > HINCRBY h big -1
    :9223372036854775806
    > HINCRBY h n 9223372036854775808
    -ERR value is not an integer or out of range
    > HINCRBYFLOAT h f 0.1
    $3 0.1
    > HINCRBYFLOAT h f 0.2
    $3 0.3
    > HINCRBYFLOAT h f -0.3
    $1 0
    > HINCRBYFLOAT h g 5.0e3
    $4 5000
    > HINCRBYFLOAT h f nan
    -ERR value is not a valid float
    > HINCRBYFLOAT s f inf
    -ERR value is NaN or Infinity
    > HINCRBYFLOAT s f 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HINCRBYFLOAT h text 1
    -ERR hash value is not a float
    > HINCRBYFLOAT h empty 1
    -ERR hash value is not a float
    > HSET h inf inf
    :1
    > HINCRBYFLOAT h inf 1
    -ERR increment would produce NaN or Infinity
    `,
    ["s"],
  );
});

test("hashes: random fields and scans", () => {
  follow(
    `
    > HSET one a 1
    :1
    > HRANDFIELD none
    $-1
    3 _
    > HRANDFIELD none 5
    *0
    > HRANDFIELD none -5 WITHVALUES
    *0
    > HRANDFIELD one
    $1 a
    > HRANDFIELD one 0
    *0
    > HRANDFIELD one 2
    *1 $1 a
    > HRANDFIELD one 2 withvalues
    *2 $1 a $1 1
    3 *1 *2 $1 a $1 1
    > HRANDFIELD one -3
    *3 $1 a $1 a $1 a
    > HRANDFIELD one -2 WITHVALUES
    *4 $1 a $1 1 $1 a $1 1
    3 *2 *2 $1 a $1 1 *2 $1 a $1 1
    > HRANDFIELD s 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HRANDFIELD s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HRANDFIELD s x y z
    -ERR value is not an integer or out of range
    > HRANDFIELD s 5 x
    -ERR syntax error
    > HRANDFIELD one 5 WITHVALUES x
    -ERR syntax error
    > HRANDFIELD one -9223372036854775808
    -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
    > HRANDFIELD one 9223372036854775807
    *1 $1 a
    > HRANDFIELD one 4611686018427387904 WITHVALUES
    -ERR value is out of range
    > HRANDFIELD one -4611686018427387904 WITHVALUES
    -ERR value is out of range
    > HSCAN one 0
    *2 $1 0 *2 $1 a $1 1
    > HSCAN none 0 nonsense
    *2 $1 0 *0
    > HSCAN s x
    -ERR invalid cursor
    > HSCAN s 0 nonsense
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > HSCAN one 0 nonsense
    -ERR syntax error
    > HSCAN one 0 MATCH
    -ERR syntax error
    > HSCAN one 0 COUNT 0
    -ERR syntax error
    > HSCAN one 0 COUNT x
    -ERR value is not an integer or out of range
    > HSCAN one 0 MATCH b* COUNT 3
    *2 $1 0 *0
    > HSCAN one 0 MATCH b* MATCH a*
    *2 $1 0 *2 $1 a $1 1
    > HSCAN one 18446744073709551615
    *2 $1 0 *2 $1 a $1 1
    > HSCAN one 18446744073709551616
    -ERR invalid cursor
    > HSCAN one -1
    *2 $1 0 *2 $1 a $1 1
    > HSCAN one +0
    *2 $1 0 *2 $1 a $1 1
    > HSCAN one ""
    *2 $1 0 *2 $1 a $1 1
    > HSCAN one 1x
    -ERR invalid cursor
    `,
    ["s"],
  );
});

test("a hash command that changes nothing makes no mutation", () => {
  const node = new CollectionNode();
  node.line("HSET h a 1");
  for (const line of ["HDEL h b", "HDEL none a", "HSETNX h a 2", "HINCRBY h a x", "HGETALL h"]) {
    node.line(line);
    assert.equal(node.mutations, 0, line);
  }
  node.line("HDEL h a b");
  assert.equal(node.mutations, 1);
  assert.equal(node.state.find("h"), 0);
});

test("an expired hash is gone, for readers too", () => {
  const node = new CollectionNode();
  node.line("HSET h a 1");
  node.expire("h", node.now);
  assert.equal(node.line("HGET h a"), "$-1");
  assert.equal(node.state.find("h"), 0);
});

test("HRANDFIELD with a count gives different fields with their values", () => {
  const node = new CollectionNode(seededRandom(7));
  node.run(["HSET", "h", ...Array.from({ length: 1000 }, (_, i) => [`f${i}`, `v${i}`]).flat()]);
  for (const count of [1, 5, 300, 999, 1000, 5000]) {
    const words = node.line(`HRANDFIELD h ${count} WITHVALUES`).split(" ");
    const texts = words.slice(1).filter((_, i) => i % 2 === 1);
    const fields = texts.filter((_, i) => i % 2 === 0);
    assert.equal(new Set(fields).size, Math.min(count, 1000));
    assert.deepEqual(
      texts.filter((_, i) => i % 2 === 1),
      fields.map((field) => field.replace("f", "v")),
    );
  }
});

test("HRANDFIELD refuses a reply without end", () => {
  const node = new CollectionNode();
  node.line("HSET h a 1");
  assert.equal(node.line("HRANDFIELD h -9223372036854775807"), "-ERR value is out of range");
  node.run(["HSET", "h", "a", "x".repeat(1 << 20)]);
  assert.equal(node.line("HRANDFIELD h -1000000 WITHVALUES"), "-ERR value is out of range");
});

test("HSCAN in steps meets every field, and only those that match", () => {
  const node = new CollectionNode();
  node.run(["HSET", "h", ...Array.from({ length: 1000 }, (_, i) => [`f${i}`, "v"]).flat()]);
  const seen = new Set<string>();
  let cursor = "0";
  let steps = 0;
  do {
    const [, , next, , ...entries] = node.line(`HSCAN h ${cursor} COUNT 50 MATCH *7`).split(" ");
    for (const [i, word] of entries.entries()) if (i % 4 === 1) seen.add(word);
    cursor = next!;
    steps++;
  } while (cursor !== "0");
  assert.deepEqual([...seen].sort(), Array.from({ length: 100 }, (_, i) => `f${i === 0 ? "" : i}7`).sort());
  assert.ok(steps >= 20);
});
