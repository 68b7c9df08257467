/** Bytes to send as they are (latin1), and how the conversation ends. */
export type RawCase = {
  readonly name: string;
  readonly bytes: string;
  /** The stream stays in the middle of a command: wait for this many replies, or the end, and say nothing more. */
  readonly isOpenEnded?: true;
  readonly replies?: number;
  readonly comparesTypesOnly?: true;
  /** Sent again in small pieces: what a server makes of a request must not depend on how it arrives. */
  readonly isCut?: true;
};

/** No zero bytes: Redis looks for the end of the line with C's string functions and waits for ever behind one. */
const INLINE: readonly string[] = [
  ...["PING\r\n", "PING\n", "ping\r\n", "\r\n", "\n\n\nPING\r\n", "  PING  \r\n", "ECHO hello\r\n", "ECHO  hello \r\n"],
  ...[
    'ECHO "hello world"\r\n',
    "ECHO 'hello world'\r\n",
    'ECHO "a\\x41\\n\\r\\t\\b\\a\\"\\\\"\r\n',
    "ECHO 'it\\'s'\r\n",
    'ECHO "\\xzz"\r\n',
  ],
  ...[
    'ECHO ""\r\n',
    "SET k v\r\nGET k\r\n",
    "GET\r\n",
    "NOSUCH a b\r\n",
    "ECHO a b\r\n",
    "\tPING\r\n",
    "ECHO \xff\r\n",
  ],
  ...[
    'ECHO "a"b\r\n',
    'ECHO "unbalanced\r\n',
    "ECHO 'unbalanced\r\n",
    'ECHO a"b"\r\n',
    "ECHO 'a'b\r\n",
    "'PING'\r\n",
    '"PING"\r\n',
    'ECHO a"\r\n',
  ],
  ...["PING\rPING\r\n", "PING\r\nPING\r\nPING\r\n", "$4\r\n", "+OK\r\n", "-ERR\r\n", ":1\r\n", "_\r\n", "%1\r\n"],
];

const MULTIBULK: readonly string[] = [
  ...[
    "*0\r\n",
    "*-1\r\n",
    "*-10\r\n",
    "*\r\n",
    "*a\r\n",
    "*1a\r\n",
    "* 1\r\n",
    "*1 \r\n",
    "*+1\r\n",
    "*01\r\n",
    "*1048577\r\n",
    "*1048576\r\n$",
  ],
  ...["*2147483648\r\n", "*9223372036854775808\r\n", "*-9223372036854775809\r\n", "*99999999999999999999999\r\n"],
  ...[
    "*1\r\nPING\r\n",
    "*1\r\n:4\r\n",
    "*1\r\n+PING\r\n",
    "*1\r\n*1\r\n",
    "*1\r\n\r\n",
    "*1\r\n$\r\n",
    "*1\r\n$a\r\n",
    "*1\r\n$-1\r\n",
  ],
  ...[
    "*1\r\n$4a\r\nPING\r\n",
    "*1\r\n$ 4\r\nPING\r\n",
    "*1\r\n$04\r\nPING\r\n",
    "*1\r\n$+4\r\nPING\r\n",
    "*1\r\n$536870913\r\n",
  ],
  ...[
    "*1\r\n$9223372036854775808\r\n",
    "*1\r\n$-2\r\n",
    "*1\r\n$0\r\n\r\n",
    "*2\r\n$0\r\n\r\n$1\r\na\r\n",
    "*1\r\n$4\r\nPINGxx",
    "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
  ],
  ...[
    "*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n",
    "*1\r\n$4\r\nPING\r\n*1\r\nbad\r\n",
    "*1\r\n$4\r\nPING\r\n\r\n\r\n",
    "*1\n$4\nPING\n",
    "*1\r\n$4\r\nPING\r\nPING\r\n",
  ],
  ...["*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*1\r\n\xff\r\n"],
];

const LONG: readonly RawCase[] = [
  { name: "an inline command of 64 KB with its end", bytes: `ECHO ${"x".repeat(64 * 1024 - 20)}\r\n` },
  {
    name: "an inline command over 64 KB without an end",
    bytes: "x".repeat(64 * 1024 + 1),
    isOpenEnded: true,
    replies: 2,
  },
  {
    name: "an array header over 64 KB without an end",
    bytes: `*${"1".repeat(64 * 1024 + 1)}`,
    isOpenEnded: true,
    replies: 2,
  },
  {
    name: "a bulk header over 64 KB without an end",
    bytes: `*1\r\n$${"1".repeat(64 * 1024 + 1)}`,
    isOpenEnded: true,
    replies: 2,
  },
];

const STATEFUL: readonly RawCase[] = [
  { name: "CLIENT REPLY OFF and ON", bytes: "CLIENT REPLY OFF\r\nPING\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n" },
  { name: "CLIENT REPLY SKIP", bytes: "CLIENT REPLY SKIP\r\nPING\r\nECHO heard\r\n" },
  { name: "CLIENT REPLY SKIP twice", bytes: "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\n" },
  { name: "CLIENT REPLY OFF, then RESET", bytes: "CLIENT REPLY OFF\r\nPING\r\nRESET\r\nECHO a\r\n" },
  { name: "QUIT with commands after it", bytes: "PING\r\nQUIT\r\nPING\r\n" },
  { name: "QUIT with arguments", bytes: "QUIT now please\r\n" },
  { name: "QUIT inside MULTI", bytes: "MULTI\r\nSET k v\r\nQUIT\r\nEXEC\r\n" },
  { name: "a protocol error after good commands", bytes: "PING\r\nSET k 1\r\nINCR k\r\n*1\r\n:1\r\nINCR k\r\n" },
  { name: "a protocol error inside MULTI", bytes: "MULTI\r\nSET k 1\r\n*x\r\n" },
  {
    name: "nulls, doubles and maps after HELLO 3 in one write",
    bytes: "HELLO 3\r\nGET nosuchkey\r\nLPOP nosuchkey 2\r\nCONFIG GET databases\r\n",
    comparesTypesOnly: true,
  },
  {
    name: "back to RESP2 in one write",
    bytes: "HELLO 3\r\nHELLO 2\r\nGET nosuchkey\r\nLPOP nosuchkey 2\r\n",
    comparesTypesOnly: true,
  },
  { name: "CLIENT KILL of oneself", bytes: "CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n" },
  { name: "POST is taken for an attack", bytes: "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
  { name: "Host: is taken for an attack", bytes: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" },
  { name: "an unfinished command", bytes: "PING\r\n*2\r\n$4\r\nECHO\r\n$10\r\nabc", isOpenEnded: true, replies: 1 },
];

/** Inline commands, malformed requests, and states that raw bytes reach most easily. */
export const rawCases: readonly RawCase[] = [
  ...INLINE.map((bytes) => ({ name: `inline ${JSON.stringify(bytes)}`, bytes, isCut: true as const })),
  ...MULTIBULK.map((bytes) => ({ name: `array ${JSON.stringify(bytes)}`, bytes, isCut: true as const })),
  ...LONG,
  ...STATEFUL,
];
