import { type Corner, matrix, product, selections, written } from "./corner.ts";

const TIMES: Readonly<Record<string, readonly string[]>> = {
  EXPIRE: ["500", "0", "-1", "5000", "9223372036854775807", "-9223372036854775808", "9223372036854775", "abc", "1.5"],
  PEXPIRE: ["500000", "0", "-1", "5000000", "9223372036854775807", "-9223372036854775808", "abc"],
  EXPIREAT: ["9999999999", "0", "1", "-1", "9999999998", "9223372036854775807", "281474976710", "abc"],
  PEXPIREAT: ["9999999999000", "0", "1", "-1", "9999999998000", "281474976710655", "9223372036854775808", "abc"],
};

const expiryOptions: readonly Corner[] = Object.entries(TIMES).map(([command, times]) =>
  matrix(
    `${command}, every set of options`,
    ["", "SET k v", "SET k v EX 1000", "SET k v EXAT 9999999998"],
    times.flatMap((time) =>
      selections(["NX", "XX", "GT", "LT", "bogus"], 3).map((options) => [command, "k", time, ...options]),
    ),
    "TTL k\nEXISTS k",
  ),
);

const copies = matrix(
  "COPY and RENAME",
  ["", "SET a 1", "SET a 1 EX 1000", "SET a 1\nSET b 2 EX 1000", "RPUSH a 1 2\nSADD b x", "ZADD a 1 x\nSET b 1"],
  [
    ...product(
      ["COPY"],
      ["a b", "a a"],
      ["", "REPLACE", "DB 0", "DB 0 REPLACE", "REPLACE DB 0", "DB 1", "DB -1", "DB a", "DB", "BOGUS"],
    ),
    ...product(["RENAME", "RENAMENX"], ["a b", "b a", "a a"]),
    ...product(["MOVE"], ["a 0", "a 1", "a -1", "a x", "none 0"]),
  ],
  "TYPE a\nTYPE b\nTTL a\nTTL b\nKEYS *",
);

const PATTERNS = [
  ...["*", "?", "??", "a*", "*a", "*a*", "[ab]", "[^ab]", "[a-c]", "[c-a]", "[a-", "[a", "[", "]", "[]", "[^]", "[]a]"],
  ...[
    "\\*",
    "\\",
    "a\\",
    "\\a",
    "[\\]]",
    "[a\\-c]",
    "**",
    "***a",
    "*?",
    "?*",
    "",
    "hell[oa]",
    "h*o*",
    "[^a-z]*",
    "*[0-9]",
  ],
  ...["A*", "[!a]", "{a,b}", "a*b*c", "\\?", "[?]", "[*]", "[a-a]", "*\\"],
];

const patterns: Corner = {
  name: "glob patterns",
  cases: PATTERNS.map((pattern) => [
    {
      connection: 0,
      command: [
        "MSET",
        ...[
          "a",
          "b",
          "c",
          "d",
          "ab",
          "ba",
          "aba",
          "abc",
          "",
          "*",
          "?",
          "[",
          "]",
          "\\",
          "a\\",
          "hello",
          "hella",
          "A",
          "^",
          "-",
          "!",
          "x9",
        ].flatMap((key) => [key, "1"]),
      ],
    },
    { connection: 0, command: ["KEYS", pattern] },
    { connection: 0, command: ["SCAN", "0", "MATCH", pattern, "COUNT", "1000"] },
  ]),
};

const odds = written(
  "keys, oddments",
  `
  SET a 1
  SET b 2
  EXISTS a a b c
  TOUCH a a c
  DEL a a c
  UNLINK b b c
  DBSIZE
  RANDOMKEY

  OBJECT ENCODING none
  OBJECT REFCOUNT none
  OBJECT IDLETIME none
  OBJECT FREQ none
  OBJECT HELP
  OBJECT BOGUS k
  OBJECT ENCODING
  OBJECT ENCODING a b
  OBJECT
  SET a v
  OBJECT FREQ a
  OBJECT IDLETIME a
  OBJECT REFCOUNT a

  TYPE none
  SET s 1
  TYPE s
  RPUSH l 1
  TYPE l
  SADD z 1
  TYPE z
  ZADD y 1 a
  TYPE y
  HSET h a 1
  TYPE h

  TTL none
  PTTL none
  EXPIRETIME none
  PEXPIRETIME none
  PERSIST none
  SET k v
  TTL k
  PTTL k
  EXPIRETIME k
  PEXPIRETIME k
  PERSIST k
  EXPIRE k 100
  PERSIST k
  TTL k
  PEXPIREAT k 9999999999123
  PEXPIRETIME k
  EXPIRETIME k
  RENAME k k2
  PEXPIRETIME k2
  SET k2 v
  PEXPIRETIME k2

  !wait 15 SET k v PX 3
  EXISTS k
  GET k
  TTL k
  TYPE k
  DBSIZE
  SET k v XX
  SET k v NX
  !wait 15 PEXPIRE k 3
  APPEND k x
  GET k
  TTL k

  RPUSH l a b
  !wait 15 PEXPIRE l 3
  LPUSHX l c
  LPUSH l c
  LRANGE l 0 -1
  TTL l

  SADD s a
  !wait 15 PEXPIRE s 3
  SET other x
  RENAME s t
  RENAMENX s t
  COPY s t
  SUNIONSTORE u s
  EXISTS u
  KEYS *
  SCAN 0
  RANDOMKEY
  DEL s

  SCAN 0 TYPE
  SCAN 0 TYPE string
  SCAN 0 TYPE nope
  SCAN 0 COUNT 0
  SCAN 0 COUNT -1
  SCAN 0 COUNT a
  SCAN 0 COUNT
  SCAN 0 MATCH
  SCAN a
  SCAN ""
  SCAN 18446744073709551616
  SCAN 0 BOGUS 1
  SCAN
  HSCAN none 0
  HSCAN none a
  HSCAN none 0 COUNT 0
  HSCAN none 0 BOGUS
  SSCAN none 0 COUNT 0
  SET str x
  HSCAN str 0
  SSCAN str 0
  ZSCAN str 0
  HSCAN str a
  SCAN 0 TYPE STRING MATCH s* COUNT 5

  FLUSHALL BOGUS
  FLUSHALL ASYNC SYNC
  FLUSHALL async
  FLUSHDB sync
  FLUSHDB x
  SET a 1
  FLUSHDB ASYNC
  DBSIZE

  WAIT 0 0
  WAIT 0 -1
  WAIT a 0
  WAIT 0 a
  WAIT 0

  MEMORY USAGE none
  SET k v
  MEMORY USAGE k
  MEMORY USAGE k SAMPLES 5
  MEMORY USAGE k SAMPLES 0
  MEMORY USAGE k SAMPLES -1
  MEMORY USAGE k SAMPLES a
  MEMORY USAGE k BOGUS 5
  MEMORY USAGE k SAMPLES
  MEMORY BOGUS
  MEMORY USAGE
  `,
);

export const keyCorners: readonly Corner[] = [...expiryOptions, copies, patterns, odds];
