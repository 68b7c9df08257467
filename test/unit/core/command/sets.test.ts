import assert from "node:assert/strict";
import { test } from "node:test";
import { distinctPositions } from "../../../../src/core/command/sets/randomPicks.ts";
import { fc } from "../../../support/properties.ts";
import { CollectionNode, follow, seededRandom } from "./collectionNode.ts";

test("sets: members", () => {
  follow(
    `
    > SADD a 3 1 2 1
    :3
    > SADD a 1 4
    :1
    > SADD a 1
    :0
    > SADD s 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SMEMBERS a
    *4 $1 1 $1 2 $1 3 $1 4
    3 ~4 $1 1 $1 2 $1 3 $1 4
    > SMEMBERS none
    *0
    3 ~0
    > SMEMBERS s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SCARD a
    :4
    > SCARD none
    :0
    > SISMEMBER a 1
    :1
    > SISMEMBER none 1
    :0
    > SMISMEMBER a 1 9
    *2 :1 :0
    > SMISMEMBER none 1 9
    *2 :0 :0
    > SMISMEMBER s 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SREM a 4 4 9
    :1
    > SREM none 1
    :0
    > SREM s 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SADD b 2 3 5
    :3
    > SMOVE a b 1
    :1
    > SMOVE a b 2
    :1
    > SMOVE a a 3
    :1
    > SMOVE a a 9
    :0
    > SMOVE none s 1
    :0
    > SMOVE s a 1
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SMOVE a s 9
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SMEMBERS a
    *1 $1 3
    3 ~1 $1 3
    > SMEMBERS b
    *4 $1 1 $1 2 $1 3 $1 5
    3 ~4 $1 1 $1 2 $1 3 $1 5
    > SPOP none
    $-1
    3 _
    > SPOP none 2
    *0
    3 ~0
    > SPOP s x
    -ERR value is out of range, must be positive
    > SPOP s 1 x
    -ERR syntax error
    > SPOP s 0
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SPOP a 0
    *0
    3 ~0
    > SPOP a
    $1 3
    > SCARD a
    :0
    > SPOP b 9
    *4 $1 1 $1 2 $1 3 $1 5
    3 ~4 $1 1 $1 2 $1 3 $1 5
    > SCARD b
    :0
    > SADD one z
    :1
    > SRANDMEMBER none
    $-1
    3 _
    > SRANDMEMBER none 2
    *0
    > SRANDMEMBER one
    $1 z
    > SRANDMEMBER one 0
    *0
    > SRANDMEMBER one 2
    *1 $1 z
    > SRANDMEMBER one -2
    *2 $1 z $1 z
    > SRANDMEMBER s x
    -ERR value is not an integer or out of range
    > SRANDMEMBER s 1 2
    -ERR syntax error
    > SRANDMEMBER s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SRANDMEMBER one -9223372036854775808
    -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
    > SSCAN one 0 MATCH *
    *2 $1 0 *1 $1 z
    > SSCAN none 0 nonsense
    *2 $1 0 *0
    > SSCAN one x
    -ERR invalid cursor
    `,
    ["s"],
  );
});

test("sets: intersection, union, difference", () => {
  follow(
    `
    > SADD a 1 2 3 4
    :4
    > SADD b 2 3 4
    :3
    > SADD c 3 4 x
    :3
    > SINTER a b c
    *2 $1 3 $1 4
    3 ~2 $1 3 $1 4
    > SINTER a none
    *0
    3 ~0
    > SINTER none s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SINTER a s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SUNION none
    *0
    3 ~0
    > SUNION a none b
    *4 $1 1 $1 2 $1 3 $1 4
    3 ~4 $1 1 $1 2 $1 3 $1 4
    > SUNION a s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SDIFF a b
    *1 $1 1
    3 ~1 $1 1
    > SDIFF a b c
    *1 $1 1
    3 ~1 $1 1
    > SDIFF b a
    *0
    3 ~0
    > SDIFF a a
    *0
    3 ~0
    > SDIFF none a
    *0
    3 ~0
    > SDIFF a none
    *4 $1 1 $1 2 $1 3 $1 4
    3 ~4 $1 1 $1 2 $1 3 $1 4
    > SDIFF none s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SINTERSTORE d a b
    :3
    > SMEMBERS d
    *3 $1 2 $1 3 $1 4
    3 ~3 $1 2 $1 3 $1 4
    > SINTERSTORE d a none
    :0
    > SCARD d
    :0
    > SINTERSTORE d a s
    -WRONGTYPE Operation against a key holding the wrong kind of value
    > SUNIONSTORE d a b
    :4
    > SMEMBERS d
    *4 $1 1 $1 2 $1 3 $1 4
    3 ~4 $1 1 $1 2 $1 3 $1 4
    > SDIFFSTORE d d b
    :1
    > SMEMBERS d
    *1 $1 1
    3 ~1 $1 1
    > SDIFFSTORE s a b
    :1
    > SCARD s
    :1
    > SDIFFSTORE none b a
    :0
    > SINTERCARD 2 a b
    :3
    > SINTERCARD 3 a b c LIMIT 1
    :1
    > SINTERCARD 1 a LIMIT 0
    :4
    > SINTERCARD 1 a LIMIT 2
    :2
    > SINTERCARD 2 none a
    :0
    > SINTERCARD 2 a b LIMIT -1
    -ERR LIMIT can't be negative
    > SINTERCARD 2 a b LIMIT x
    -ERR LIMIT can't be negative
    > SINTERCARD 2 a b LIMIT
    -ERR syntax error
    > SINTERCARD 1 a b
    -ERR syntax error
    > SINTERCARD 0 a
    -ERR numkeys should be greater than 0
    > SINTERCARD x a
    -ERR numkeys should be greater than 0
    > SINTERCARD 3 a b
    -ERR Number of keys can't be greater than number of args
    `,
    ["s"],
  );
});

test("a set command that changes nothing makes no mutation", () => {
  const node = new CollectionNode();
  node.line("SADD a 1 2");
  node.line("SADD b 1");
  for (const line of ["SADD a 1 2", "SREM a 9", "SREM none 1", "SMOVE a a 1", "SMOVE a b 9", "SPOP a 0"]) {
    node.line(line);
    assert.equal(node.mutations, 0, line);
  }
  node.line("SMOVE a b 1");
  assert.equal(node.mutations, 1, "the target has the member");
});

/** The members of a reply of one-word members. */
function membersOf(reply: string): string[] {
  return reply
    .split(" ")
    .slice(1)
    .filter((_, i) => i % 2 === 1);
}

test("SPOP takes what it replies, and its choice is what the log says", () => {
  const node = new CollectionNode(seededRandom(3));
  const all = Array.from({ length: 200 }, (_, i) => `m${i}`);
  node.run(["SADD", "a", ...all]);
  const popped = [...membersOf(node.line("SPOP a 50")), ...membersOf(`*1 ${node.line("SPOP a")}`)];
  assert.equal(new Set(popped).size, 51);
  const rest = membersOf(node.line("SMEMBERS a"));
  assert.deepEqual([...popped, ...rest].sort(), all.sort());
  const replica = new CollectionNode();
  replica.replay(node);
  assert.deepEqual(membersOf(replica.line("SMEMBERS a")), rest);
});

test("set algebra is that of JavaScript's sets, whichever way it is computed", () => {
  const members = fc.array(fc.nat(40), { maxLength: 40 });
  fc.assert(
    fc.property(members, fc.array(members, { maxLength: 12 }), (first, others) => {
      const node = new CollectionNode();
      const sets = [first, ...others].map((numbers) => new Set(numbers.map((number) => `m${number}`)));
      for (const [i, set] of sets.entries()) if (set.size > 0) node.run(["SADD", `k${i}`, ...set]);
      const keys = sets.map((_, i) => `k${i}`);
      const ask = (command: string) => new Set(membersOf(node.run([command, ...keys])));
      const [head, ...tail] = sets;
      const difference = [...head!].filter((member) => !tail.some((set) => set.has(member)));
      const intersection = [...head!].filter((member) => tail.every((set) => set.has(member)));
      assert.deepEqual(ask("SDIFF"), new Set(difference));
      assert.deepEqual(ask("SINTER"), new Set(intersection));
      assert.deepEqual(ask("SUNION"), new Set(sets.flatMap((set) => [...set])));
      assert.equal(node.run(["SINTERCARD", String(keys.length), ...keys]), `:${intersection.length}`);
    }),
    { numRuns: 200 },
  );
});

test("distinct positions are distinct and below the length", () => {
  const sizes = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (length, share, seed) => {
      const count = Math.floor(length * share);
      const positions = distinctPositions(seededRandom(seed), length, count);
      assert.equal(new Set(positions).size, count);
      assert.ok(positions.every((position) => position < length));
    }),
  );
});

test("each position is chosen about equally often", () => {
  const random = seededRandom(11);
  for (const [length, count] of [
    [10, 3],
    [1000, 3],
  ] as const) {
    const times = new Array<number>(length).fill(0);
    const rounds = (length / count) * 400;
    for (let i = 0; i < rounds; i++)
      for (const position of distinctPositions(random, length, count)) times[position]!++;
    for (const time of times) assert.ok(time > 280 && time < 520, `${time} times where 400 were expected`);
  }
});
