const ESCAPES: { readonly [char: string]: string } = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

interface Word {
  readonly text: string;
  /** Index behind the word. */
  readonly end: number;
}

/**
 * Splits an inline command into words as `redis-cli` and Redis do (`sdssplitargs`): double quotes with escapes, single quotes with
 * `\'` only. Undefined when quotes are not closed, or are followed by something other than a space.
 */
export function splitInline(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at]!)) at++;
    if (at === line.length) return words;
    const word = readWord(line, at);
    if (word === undefined) return undefined;
    words.push(word.text);
    at = word.end;
  }
}

/** C's `isspace`: what stands before a word, and behind a quote. */
function isSpace(char: string): boolean {
  return char === " " || (char >= "\t" && char <= "\r");
}

/** Vertical tabs and form feeds end no word. */
function endsWord(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function readWord(line: string, start: number): Word | undefined {
  let at = start;
  while (at < line.length && !endsWord(line[at]!) && line[at] !== '"' && line[at] !== "'") at++;
  const text = line.slice(start, at);
  if (at === line.length || endsWord(line[at]!)) return { text, end: at };
  // A quote may stand in the middle of a word, but ends it.
  const quoted = line[at] === '"' ? readDouble(line, at + 1) : readSingle(line, at + 1);
  if (quoted === undefined || (quoted.end < line.length && !isSpace(line[quoted.end]!))) return undefined;
  return { text: text + quoted.text, end: quoted.end };
}

function readDouble(line: string, start: number): Word | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"') return { text, end: at + 1 };
    if (char !== "\\" || at + 1 === line.length) {
      text += char;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    if (hex !== null) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      at += 3;
    } else {
      const next = line[++at]!;
      text += ESCAPES[next] ?? next;
    }
  }
  return undefined;
}

function readSingle(line: string, start: number): Word | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const char = line[at]!;
    if (char === "'") return { text, end: at + 1 };
    if (char === "\\" && line[at + 1] === "'") {
      text += "'";
      at++;
    } else text += char;
  }
  return undefined;
}
