import { type Corner, joined, matrix, product, selections, written } from "./corner.ts";

const STATES = ["", "SET k old", "SET k old EX 1000", "RPUSH k old"];
const LOOKS = "GET k\nTTL k\nTYPE k";

const SET_OPTIONS = [
  ...["NX", "XX", "GET", "KEEPTTL", "EX 100", "PX 100000", "EXAT 9999999999", "PXAT 9999999999999"],
  ...["EX 0", "PX -1", "EX abc", "EX 9223372036854775807", "PXAT 1", "EX", "nx", "bogus"],
];

const GETEX_OPTIONS = [
  ...["PERSIST", "EX 100", "PX 100000", "EXAT 9999999999", "PXAT 9999999999999", "EX 0", "EX -5", "PX abc", "EXAT 1"],
  ...["PXAT 1", "EX 9223372036854775807", "EX", "persist", "bogus", "KEEPTTL"],
];

const setOptions = matrix(
  "SET, every pair of options",
  STATES,
  selections(SET_OPTIONS, 2).map((options) => ["SET", "k", "new", ...options]),
  LOOKS,
);

const setOptionTriples = matrix(
  "SET, every three options",
  ["SET k old EX 1000"],
  selections(SET_OPTIONS.slice(0, 9), 3).map((options) => ["SET", "k", "new", ...options]),
  LOOKS,
);

const getexOptions = matrix(
  "GETEX, every pair of options",
  STATES,
  selections(GETEX_OPTIONS, 2).map((options) => ["GETEX", "k", ...options]),
  LOOKS,
);

const INTEGERS = [
  ...["0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809"],
  ...[
    "9223372036854775806",
    "-9223372036854775807",
    "01",
    "+1",
    "-0",
    "1.0",
    "1e3",
    "abc",
    "0x10",
    "18446744073709551615",
  ],
];

const increments = joined(
  "integers, every value and every increment",
  ["INCRBY", "DECRBY"].flatMap((command) =>
    product(INTEGERS, INTEGERS).map(([value = "", increment = ""]) => [
      { connection: 0, command: ["SET", "k", value] },
      { connection: 0, command: [command, "k", increment] },
      { connection: 0, command: ["GET", "k"] },
      { connection: 0, command: ["OBJECT", "ENCODING", "k"] },
    ]),
  ),
);

const FLOATS = [
  ...[
    "0",
    "1",
    "-1",
    "0.1",
    "0.2",
    "0.3",
    "1.5",
    "3.0e3",
    "5.0e3",
    "1e-5",
    "-0",
    "10.50",
    "1e2",
    ".5",
    "5.",
    "inf",
    "nan",
  ],
  ...[
    "1e17",
    "1e18",
    "1e20",
    "-1e20",
    "1e-17",
    "1e-18",
    "123456789.987654321",
    "9223372036854775807",
    "0.1234567890123456789",
  ],
  ...[
    "9007199254740993",
    "1e308",
    "1e4932",
    "1e4933",
    "1e-4950",
    "abc",
    "0x1p3",
    "0x10",
    "1e",
    " 1",
    "1 ",
    "1.7976931348623157e308",
  ],
  ...[
    "179769313486231570000000000000000000000",
    "0.00000000000000001",
    "0.000000000000000001",
    "3.14159265358979323846",
  ],
];

const floatIncrements = joined(
  "INCRBYFLOAT, every value and every increment",
  product(FLOATS, FLOATS).map(([value = "", increment = ""]) => [
    { connection: 0, command: ["SET", "k", value] },
    { connection: 0, command: ["INCRBYFLOAT", "k", increment] },
    { connection: 0, command: ["GET", "k"] },
  ]),
);

const odds = written(
  "strings, oddments",
  `
  SET k v KEEPTTL KEEPTTL
  SET k v NX NX
  SET k v GET GET
  SET k v EX 10 EX 20
  SET k v GET NX
  SET k2 v GET NX

  SET k v
  INCRBYFLOAT k 1
  INCR k
  INCRBYFLOAT none abc
  INCRBYFLOAT none nan
  INCRBYFLOAT none inf
  INCRBYFLOAT none ""

  SET k "" EX 100
  APPEND k abc
  TTL k
  APPEND none ""
  EXISTS none
  STRLEN none

  SETRANGE none 0 ""
  EXISTS none
  SETRANGE none 5 ""
  SETRANGE none 5 x
  GET none
  SETRANGE none -1 x
  SETRANGE none 536870911 ab
  SETRANGE none 536870912 ""
  SETRANGE none 9223372036854775807 x
  SETRANGE none abc x
  OBJECT ENCODING none

  SET k "This is a string"
  GETRANGE k 0 3
  GETRANGE k -3 -1
  GETRANGE k 0 -1
  GETRANGE k 10 100
  GETRANGE k 100 200
  GETRANGE k -100 -50
  GETRANGE k -100 2
  GETRANGE k 5 2
  GETRANGE k -1 -5
  GETRANGE k 9223372036854775807 -9223372036854775808
  GETRANGE k a 1
  GETRANGE none 0 -1
  SUBSTR k 0 3

  MSET a 1 b 2 a 3
  MGET a b c
  MSETNX a 9 z 9
  MGET a z
  MSETNX y 1 z 2 y 3
  MGET y z
  MSET a
  MSET a 1 b
  MSETNX a
  MSETNX a 1 b

  RPUSH list x
  MGET list none
  GET list
  GETDEL list
  GETSET list v
  APPEND list v
  STRLEN list
  SETRANGE list 0 x
  GETRANGE list 0 1
  INCR list
  INCRBYFLOAT list 1
  SETNX list v
  MSETNX list v b v
  GETEX list
  LCS list list

  SETEX k 0 v
  SETEX k -1 v
  SETEX k abc v
  SETEX k 9223372036854775807 v
  PSETEX k 0 v
  PSETEX k 9223372036854775807 v
  EXISTS k
  SETEX k 100 v
  TTL k
  GETSET k w
  TTL k
  SETEX k 100 v
  INCR k
  TTL k
  SET k 5 KEEPTTL
  TTL k
  INCR k
  TTL k
  APPEND k 0
  TTL k
  SETRANGE k 0 9
  TTL k

  SET a ohmytext
  SET b mynewtext
  LCS a b
  LCS a b LEN
  LCS a b IDX
  LCS a b IDX MINMATCHLEN 4
  LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
  LCS a b IDX WITHMATCHLEN
  LCS a b WITHMATCHLEN
  LCS a b MINMATCHLEN -5 IDX
  LCS a b LEN IDX
  LCS a b len
  LCS a none
  LCS a none LEN
  LCS a none IDX
  LCS none none IDX WITHMATCHLEN
  LCS a b FOO
  LCS a b MINMATCHLEN
  LCS a b MINMATCHLEN x

  SET k 12
  OBJECT ENCODING k
  SET k 012
  OBJECT ENCODING k
  SET k "12345678901234567890"
  OBJECT ENCODING k
  SET k "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr"
  OBJECT ENCODING k
  SET k "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs"
  OBJECT ENCODING k
  SET k short
  APPEND k x
  OBJECT ENCODING k
  SET k 12
  APPEND k 3
  OBJECT ENCODING k
  GETRANGE k 0 -1
  INCR k
  OBJECT ENCODING k
  `,
);

export const stringCorners: readonly Corner[] = [
  ...[setOptions, setOptionTriples, getexOptions, increments, floatIncrements, odds],
];
