/** Bytes as JSON has them: text where they are text, else base64. */
export function jsonValue(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  const text = textOf(bytes);
  return text ?? { base64: Buffer.from(bytes).toString("base64") };
}

/** For a person at a terminal: text as it is, what is no text with `\x..` for each byte that is none. */
export function shownText(bytes: Uint8Array): string {
  return textOf(bytes) ?? Buffer.from(bytes).toString("latin1").replace(NOT_PRINTED, hex);
}

const NOT_PRINTED = /[^\x20-\x7e]/g;

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The words of a line: separated by blanks, in quotes where blanks belong to them; a backslash takes the next char as it is. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (char === "\\" && quote !== "'" && at + 1 < line.length) word = (word ?? "") + line[++at]!;
    else if (quote !== "") {
      if (char === quote) quote = "";
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
