import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { longestCommon } from "../../../../src/core/command/strings/longestCommon.ts";
import { fc } from "../../../support/properties.ts";
import { StringsNode } from "./stringsNode.ts";

// Replies are those of redis-server 7.0.15.
describe("string commands", () => {
  let node: StringsNode;
  beforeEach(() => {
    node = new StringsNode();
  });

  it("SET and its options", () => {
    node.follow(`
      SET k v → +OK
      SET k w NX → $-1
      SET k w NX GET → $1 v
      SET k w XX GET → $1 v
      SET no w XX → $-1
      SET no w XX GET → $-1
      SET n w NX GET → $-1
      GET n → $1 w
      SET k v NX XX → -ERR syntax error
      SET k v EX → -ERR syntax error
      SET k v EX 10 PX 10 → -ERR syntax error
      SET k v EX 10 KEEPTTL → -ERR syntax error
      SET k v PERSIST → -ERR syntax error
      SET k v EX 10 EX 20 → +OK
      TTL k → :20
      SET k w KEEPTTL → +OK
      TTL k → :20
      SET k w → +OK
      TTL k → :-1
      SET k w PXAT 1700000001000 → +OK
      PTTL k → :1000
      SET k v EX 0 → -ERR invalid expire time in 'set' command
      SET k v EX abc → -ERR value is not an integer or out of range
      SET k v EX 9223372036854775807 → -ERR invalid expire time in 'set' command
      SET k v PX 9223372036854775807 → -ERR invalid expire time in 'set' command
      SETEX k 0 v → -ERR invalid expire time in 'setex' command
      PSETEX k -1 v → -ERR invalid expire time in 'psetex' command
      SET k v EXAT 1 → +OK
      GET k → $-1
    `);
  });

  it("refuses what is no string, after the syntax and before any change", () => {
    node.change(() => node.mutate.setAdd("s", ["a"]));
    const wrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    const lines = [
      "GET s",
      "SET s v GET",
      "GETSET s v",
      "GETDEL s",
      "GETEX s EX 0",
      "APPEND s v",
      "STRLEN s",
      "INCR s",
    ];
    for (const line of [...lines, "INCRBYFLOAT s abc", "SETRANGE s 0 v", "GETRANGE s 0 1"]) {
      assert.equal(node.line(line), wrongType, line);
      assert.equal(node.mutations, 0, line);
    }
    node.follow(`
      SET s v GET EX 0 → -ERR invalid expire time in 'set' command
      INCRBY s abc → -ERR value is not an integer or out of range
      GETRANGE s a b → -ERR value is not an integer or out of range
      LCS s k FOO → -ERR The specified keys must contain string values
      MGET s no → *2 $-1 $-1
      SET s v → +OK
      GET s → $1 v
    `);
  });

  it("counts exactly in 64 bits", () => {
    node.follow(`
      INCR k → :1
      INCRBY k 9007199254740991 → :9007199254740992
      DECRBY k 1 → :9007199254740991
      INCRBY k -9007199254740993 → :-2
      SET k 9223372036854775806 → +OK
      INCR k → :9223372036854775807
      INCR k → -ERR increment or decrement would overflow
      DECRBY k -9223372036854775808 → -ERR decrement would overflow
      SET k -9223372036854775807 → +OK
      DECR k → :-9223372036854775808
      DECR k → -ERR increment or decrement would overflow
      INCRBY k 9223372036854775807 → :-1
      SET k "" → +OK
      INCR k → -ERR value is not an integer or out of range
      SET k " 1" → +OK
      INCR k → -ERR value is not an integer or out of range
      SET k 1 EX 100 → +OK
      INCR k → :2
      TTL k → :100
    `);
  });

  it("counts on keys of any length", () => {
    const key = "k".repeat(1000);
    assert.equal(node.run(["INCRBY", key, "41"]), ":41");
    assert.equal(node.run(["INCR", key]), ":42");
    assert.equal(node.run(["GET", key]), "$2 42");
  });

  it("INCRBYFLOAT", () => {
    node.follow(`
      INCRBYFLOAT k 0.1 → $3 0.1
      INCRBYFLOAT k 0.2 → $3 0.3
      INCRBYFLOAT k 5.0e3 → $22 5000.29999999999999982
      INCRBYFLOAT k abc → -ERR value is not a valid float
      INCRBYFLOAT k inf → -ERR increment would produce NaN or Infinity
      SET k 10.6 → +OK
      INCRBYFLOAT k -5.6 → $1 5
      OBJECT ENCODING k → $6 embstr
    `);
  });

  it("GETEX and GETDEL", () => {
    node.follow(`
      SET k v → +OK
      GETEX k EX 100 → $1 v
      TTL k → :100
      GETEX k PERSIST EX 10 → -ERR syntax error
      GETEX k KEEPTTL → -ERR syntax error
      GETEX k PERSIST → $1 v
      TTL k → :-1
      GETEX no EX 0 → $-1
      GETEX k EX 0 → -ERR invalid expire time in 'getex' command
      GETEX k EXAT 1 → $1 v
      EXISTS k → :0
      SET k v → +OK
      GETDEL k → $1 v
      GETDEL k → $-1
    `);
    node.line("SET k v");
    for (const line of ["GETEX k", "GETEX k PERSIST"]) {
      node.line(line);
      assert.equal(node.mutations, 0, "nothing changes");
    }
  });

  it("GETRANGE and SUBSTR", () => {
    node.line("SET k hello");
    node.follow(`
      GETRANGE k 1 3 → $3 ell
      GETRANGE k -3 -1 → $3 llo
      GETRANGE k 0 -100 → $1 h
      GETRANGE k -100 100 → $5 hello
      GETRANGE k -1 -3 → $0
      GETRANGE k 5 9 → $0
      GETRANGE k 9223372036854775807 -9223372036854775808 → $0
      SUBSTR k 0 0 → $1 h
      GETRANGE no 0 -1 → $0
    `);
  });

  it("APPEND and SETRANGE stay within proto-max-bulk-len", () => {
    node.bulkBytesMax = 2 * 1024 * 1024;
    const tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    node.follow(`
      APPEND k ab → :2
      APPEND k cd → :4
      SETRANGE k 2 XY → :4
      GET k → $4 abXY
      SETRANGE no 0 "" → :0
      EXISTS no → :0
      SETRANGE k -1 x → -ERR offset is out of range
      SETRANGE k 2097152 x → ${tooLong}
      SETRANGE k 9223372036854775807 x → ${tooLong}
      SETRANGE k 2097151 x → :2097152
      APPEND k x → ${tooLong}
    `);
    assert.equal(node.run(["SETRANGE", "pad", "3", "x"]), ":4");
    assert.equal(node.run(["GET", "pad"]), "$4 \0\0\0x");
  });

  it("MSET, MSETNX and MGET", () => {
    node.follow(`
      MSET a 1 b 2 a 3 → +OK
      MGET a b c a → *4 $1 3 $1 2 $-1 $1 3
      MSETNX c 1 a 9 → :0
      EXISTS c → :0
      MSETNX c 1 d 2 → :1
      MSET a 1 b → -ERR wrong number of arguments for 'mset' command
      MSETNX a → -ERR wrong number of arguments for 'msetnx' command
    `);
  });

  it("answers null in the way of the protocol", () => {
    assert.equal(node.run(["GET", "no"], 3), "_");
    assert.equal(node.run(["MGET", "no"], 3), "*1 _");
  });

  it("takes away a key whose time is over, by a mutation", () => {
    node.line("SET k v PX 10");
    node.now += 10;
    assert.equal(node.line("GET k"), "$-1");
    assert.equal(node.mutations, 1);
    assert.equal(node.line("SETNX k w"), ":1");
  });
});

describe("LCS", () => {
  it("answers as Redis does", () => {
    const node = new StringsNode();
    node.follow(`
      MSET a ohmytext b mynewtext → +OK
      LCS a b → $6 mytext
      LCS a b LEN → :6
      LCS a b IDX → *4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6
      LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN → *4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6
      LCS a b IDX LEN → -ERR If you want both the length and indexes, please just use IDX.
      LCS a b MINMATCHLEN → -ERR syntax error
      LCS a no → $0
      LCS a a → $8 ohmytext
    `);
    node.bulkBytesMax = 100;
    assert.match(node.line("LCS a b"), /^-ERR Insufficient memory/);
  });

  it("finds a common subsequence as long as the plain recursion", () => {
    const text = fc.uint8Array({ min: 97, max: 99, maxLength: 7 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const common = longestCommon(a, b);
        assert.equal(common.length, recursiveLength([...a], [...b]));
        const runs = [...common.runs].reverse();
        assert.deepEqual(
          runs.flatMap(({ aStart, aEnd }) => [...a.slice(aStart, aEnd + 1)]),
          [...common.text],
        );
        for (const { aStart, aEnd, bStart, bEnd } of runs) {
          assert.deepEqual(a.slice(aStart, aEnd + 1), b.slice(bStart, bEnd + 1));
        }
      }),
    );
  });
});

function recursiveLength(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  if (a[0] === b[0]) return 1 + recursiveLength(a.slice(1), b.slice(1));
  return Math.max(recursiveLength(a.slice(1), b), recursiveLength(a, b.slice(1)));
}
