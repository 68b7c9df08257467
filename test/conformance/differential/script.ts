import type { Step } from "./step.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"' };

/**
 * Reads a hand-written sequence, one command a line:
 *
 *     SET key "two words\r\n\xff"      words with spaces or odd bytes are quoted
 *     @1 BLPOP key 0                   on connection 1 (connection 0 is the default)
 *     !wait 30 PEXPIRE key 10          then a pause of 30 ms
 *     # a remark
 */
export function parseScript(text: string): Step[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(parseLine);
}

/** Splits a command line into words, as redis-cli does: quotes group, and inside double quotes `\xNN` is a byte. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))/gy;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    words.push(match[1] === undefined ? (match[2] ?? "") : unescapeWord(match[1]));
  }
  return words;
}

function unescapeWord(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (ESCAPES[char ?? ""] ?? char ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function parseLine(line: string): Step {
  const match = /^(?:@(\d+)\s+)?(?:!wait\s+(\d+)\s+)?(.*)$/.exec(line);
  const [, connection, pause, rest = ""] = match ?? [];
  return {
    connection: Number(connection ?? 0),
    command: splitWords(rest),
    ...(pause === undefined ? {} : { pauseAfterMillis: Number(pause) }),
  };
}
