/** What is answered with other than one reply, waits, or stops the server: a fuzzer of streams has no use for it. */
const WILD: ReadonlySet<string> = new Set([
  ...[
    "QUIT",
    "POST",
    "HOST:",
    "SHUTDOWN",
    "DEBUG",
    "MONITOR",
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "SYNC",
    "PSYNC",
  ],
  ...["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF"],
  // Takes time in proportion to the product of two lengths.
  "LCS",
]);
const TAME_SUBCOMMANDS: Readonly<Record<string, ReadonlySet<string>>> = {
  CLIENT: new Set(["SETNAME", "GETNAME", "LIST", "INFO", "ID"]),
  CONFIG: new Set(["GET"]),
};
/** Commands that rightly make as much as a number in their arguments says. */
const GENEROUS: ReadonlySet<string> = new Set(["SETRANGE", "HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER"]);
const GENEROUS_NUMBER_MAX = 10_000;

/** Whether a server answers the request with one reply, soon, and is as it was afterwards. */
export function isTame(request: readonly string[]): boolean {
  const name = request[0]!.toUpperCase();
  if (WILD.has(name)) return false;
  const subcommands = TAME_SUBCOMMANDS[name];
  if (subcommands !== undefined) return subcommands.has((request[1] ?? "").toUpperCase());
  if (!GENEROUS.has(name)) return true;
  return request.every((word) => !/^-?\d+$/.test(word) || Math.abs(Number(word)) <= GENEROUS_NUMBER_MAX);
}
