import { invariant } from "../../base/invariant.ts";

/** One argument of a command as `COMMAND DOCS` shows it (Redis, "Command arguments"). */
export interface Argument {
  readonly name: string;
  /** Redis's word: `string`, `key`, `integer`, `oneof`, `block`, … */
  readonly type: string;
  /** Which of the command's key specifications finds this key. */
  readonly keySpec?: number;
  /** The word that is written before it, or instead of it (`pure-token`). */
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags: readonly ("optional" | "multiple" | "multiple_token")[];
  /** Alternatives of a `oneof`, parts of a `block`. */
  readonly inner: readonly Argument[];
}

/**
 * Reads a command's arguments from the notation of `CommandSpec.syntax`:
 *
 *     value               a string; other types are named: count<integer>
 *     key#0               a key, found by key specification 0
 *     NX                  a word by itself; CH=change<pure-token> when its name is another
 *     PX=milliseconds<integer>
 *                         an argument behind a word
 *     condition(NX|XX)    one of several
 *     pair{score member}  several that belong together
 *     […]                 may be left out
 *     x* x**              once or several times; ** repeats the word, too
 *     x@6.2.0 x!2.8.12    since which version of Redis; deprecated since
 */
export function readSyntax(text: string): readonly Argument[] {
  const reader = new SyntaxReader(text);
  const all = reader.list(" ");
  invariant(reader.isAtEnd, "the syntax of a command is read to its end");
  return all;
}

const WORD = /[^\s()[\]{}<>|#@!*=]+/y;
const VERSION = /[\d.]+/y;

class SyntaxReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  list(separator: " " | "|"): readonly Argument[] {
    const all = [this.#argument()];
    while (this.#takes(separator)) all.push(this.#argument());
    return all;
  }

  #argument(): Argument {
    if (!this.#takes("[")) return this.#required();
    const argument = this.#required();
    this.#demand("]");
    return { ...argument, flags: ["optional", ...argument.flags] };
  }

  #required(): Argument {
    const word = this.#match(WORD);
    const argument = this.#takes("=") ? { token: word, ...this.#shape(this.#match(WORD)) } : this.#shape(word);
    const since = this.#takes("@") ? { since: this.#match(VERSION) } : {};
    const deprecated = this.#takes("!") ? { deprecatedSince: this.#match(VERSION) } : {};
    return { ...argument, ...since, ...deprecated, flags: this.#repetition() };
  }

  #shape(word: string): Omit<Argument, "flags"> {
    const name = word;
    if (this.#takes("(")) return { name, type: "oneof", inner: this.#until("|", ")") };
    if (this.#takes("{")) return { name, type: "block", inner: this.#until(" ", "}") };
    if (this.#takes("<")) {
      const type = this.#match(WORD);
      this.#demand(">");
      return { name, type, inner: [] };
    }
    if (this.#takes("#")) return { name, type: "key", keySpec: Number(this.#match(VERSION)), inner: [] };
    const isToken = word === word.toUpperCase();
    return isToken
      ? { name: word.toLowerCase(), type: "pure-token", token: word, inner: [] }
      : { name, type: "string", inner: [] };
  }

  #until(separator: " " | "|", end: string): readonly Argument[] {
    const all = this.list(separator);
    this.#demand(end);
    return all;
  }

  #repetition(): Argument["flags"] {
    if (!this.#takes("*")) return [];
    return this.#takes("*") ? ["multiple", "multiple_token"] : ["multiple"];
  }

  #takes(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #demand(char: string): void {
    invariant(this.#takes(char), `the syntax of a command has "${char}" where it belongs`);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    invariant(match !== null, "the syntax of a command has a word where one belongs");
    this.#at = pattern.lastIndex;
    return match[0];
  }
}
