import type { Prng } from "../../src/base/prng.ts";

/** Commands with enough of their arguments to be worth executing; `%` stands for something drawn. */
const COMMANDS: readonly string[] = [
  ...["PING", "ECHO %", "SET % %", "SET % % EX %", "GET %", "DEL % %", "INCRBY % %", "APPEND % %", "SETRANGE % % %"],
  ...["MSET % % % %", "GETRANGE % % %", "EXPIRE % %", "TTL %", "TYPE %", "RENAME % %", "COPY % %", "OBJECT ENCODING %"],
  ...["LPUSH % % %", "RPOP % %", "LRANGE % % %", "LINSERT % BEFORE % %", "LPOS % % RANK %", "LMOVE % % LEFT RIGHT"],
  ...["HSET % % %", "HGETALL %", "HINCRBYFLOAT % % %", "HRANDFIELD % %", "HSCAN % % COUNT %", "SADD % % %", "SPOP % %"],
  ...[
    "SINTERCARD % % %",
    "SMISMEMBER % %",
    "SUNIONSTORE % % %",
    "ZADD % % %",
    "ZADD % XX GT CH INCR % %",
    "ZPOPMIN % %",
  ],
  ...[
    "ZRANGE % % % BYSCORE LIMIT % %",
    "ZRANGEBYLEX % % %",
    "ZUNION % % % WEIGHTS % %",
    "ZINCRBY % % %",
    "SCAN % MATCH %",
  ],
  ...["MULTI", "EXEC", "DISCARD", "WATCH %", "CLIENT SETNAME %", "CLIENT LIST", "CONFIG GET %", "COMMAND INFO %"],
  ...[
    "COMMAND GETKEYS % % %",
    "HELLO %",
    "MEMORY USAGE %",
    "SLOWLOG GET %",
    "DBSIZE",
    "KEYS %",
    "LCS % % IDX",
    "% % %",
  ],
];
const WORDS: readonly string[] = [
  ...[
    "",
    "a",
    "b",
    "k1",
    "k2",
    "k3",
    "0",
    "1",
    "-1",
    "2",
    "10",
    "1.5",
    "-0",
    "inf",
    "-inf",
    "nan",
    "(1",
    "[a",
    "+",
    "-",
  ],
  ...[
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1e400",
    "*",
    "a*[b-",
    "\\",
    "{t}x",
    "\r\n",
  ],
  ...[
    "$1\r\nx\r\n",
    "*1\r\n",
    "\0",
    "\xff\xfe",
    "GET",
    "EX",
    "NX",
    "WITHSCORES",
    "__proto__",
    "constructor",
    "0x10",
    " 1",
  ],
];
const LENGTHS: readonly number[] = [0, 1, 2, 7, 40, 127, 128, 300, 1000];
/** What breaks a stream, or nearly does. */
const ODDITIES: readonly string[] = [
  ...[
    "*",
    "$",
    "\r",
    "\n",
    "\0",
    " ",
    "'",
    '"',
    "*0\r\n",
    "*-1\r\n",
    "*1\r\n",
    "*2\r\n$-1\r\n",
    "$4\r\nPING\r\n",
    "+OK\r\n",
  ],
  ...[
    "*1\r\n:1\r\n",
    "*1\r\n$+1\r\na\r\n",
    "*01\r\n",
    "*1\r\n$00\r\n",
    "*2147483648\r\n",
    "*1\r\n$536870913\r\n",
    "*x\r\n",
  ],
  ...[
    "*9223372036854775808\r\n",
    "*1\r\n$9223372036854775807\r\n",
    "*1\n$4\nPING\n",
    '"\\x',
    "'\r\n",
    '"a"b\r\n',
    "%1\r\n",
  ],
];

/** One request as words. */
function drawRequest(prng: Prng): string[] {
  return prng
    .pick(COMMANDS)
    .split(" ")
    .map((word) => (word === "%" ? drawWord(prng) : word));
}

function drawWord(prng: Prng): string {
  if (!prng.chance(1, 12)) return prng.pick(WORDS);
  const char = String.fromCharCode(prng.below(256));
  return char.repeat(prng.pick(LENGTHS));
}

/** A request on the wire: as an array of bulk strings. */
function encodeRequest(words: readonly string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}

/** A request on the wire as a line; words with odd characters are quoted. */
function encodeInline(prng: Prng, words: readonly string[]): string {
  const line = words
    .map((word) => (/^[\w.*[({+-]+$/.test(word) ? word : quote(word)))
    .join(prng.pick([" ", "  ", "\t"]));
  return line + prng.pick(["\r\n", "\n"]);
}

function quote(word: string): string {
  let quoted = '"';
  for (const char of word) {
    const code = char.charCodeAt(0);
    if (char === '"' || char === "\\") quoted += `\\${char}`;
    else if (code >= 32 && code < 127) quoted += char;
    else quoted += `\\x${code.toString(16).padStart(2, "0")}`;
  }
  return `${quoted}"`;
}

/** A stream (latin1) of a few requests, mostly good ones; what is wrong in it is drawn from what is known to be hard. */
export function drawStream(prng: Prng): string {
  let stream = "";
  for (let left = prng.between(1, 6); left > 0; left--) {
    const kind = prng.below(16);
    if (kind === 0) stream += prng.pick(ODDITIES);
    else if (kind < 4) stream += encodeInline(prng, drawRequest(prng));
    else stream += encodeRequest(drawRequest(prng));
  }
  return stream;
}
