import type { Random } from "./random.ts";

/**
 * Pools are small, so that commands meet: the same key is a string now and a list a moment later, members repeat,
 * sums overflow. Numbers sit at the edges of what Redis accepts.
 */
const KEYS = ["a", "b", "c", "{t}d", "k:5"];
const ODD_KEYS = ["", "\x00\xff\r\n", "key with spaces", "x".repeat(200), "*", "[a-c]"];
const SMALL_VALUES = ["", "a", "b", "ab", "hello", "0", "1", "-1", "2", "10", "07", "3.5", "x y", "é"];
const ODD_VALUES = [
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "9223372036854775806", "-0", "+1", " 1"],
  ...["1 ", "0x10", "1e3", "1.0", "nan", "inf", "-inf", "\x00", "\xff\xfe\r\n", "*1\r\n$4\r\nPING\r\n", "(", "true"],
  ...["v".repeat(44), "v".repeat(45), "v".repeat(64), "v".repeat(65), "w".repeat(300), "12345678901234567890"],
];
const INTEGERS = ["0", "1", "-1", "2", "3", "5", "-2", "-3", "10", "100", "-100"];
const ODD_INTEGERS = [
  ...["9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "4294967296"],
  ...["2147483647", "2147483648", "-2147483648", "", "a", "1.5", " 1", "1 ", "+1", "01", "-0", "0x1", "1e1", "\x001"],
];
const FLOATS = ["0", "1", "-1", "1.5", "-1.5", "0.1", "0.2", "3.0e3", "10", "2", "0.25", "-3", "1000000"];
const ODD_FLOATS = [
  ...["inf", "-inf", "+inf", "nan", "", "a", "1e400", "1e308", "-1e308", "1e-400", "0x10", " 1", "1 ", "1.5abc", "-0"],
  ...[
    "1e20",
    "1e-20",
    "17179869184.5",
    "9007199254740993",
    "0.30000000000000004",
    "1.23456789012345678",
    ".5",
    "5.",
    "+2",
  ],
  ...["infinity", "Infinity", "INF", "--1", "1e", "9223372036854775807", "123456789.123456789", "1e15", "1e16", "1e17"],
];
const MEMBERS = ["a", "b", "c", "d", "e", "1", "2", "3", "", "\xff\x00", "aa", "-5", "m".repeat(65), "B", "007"];

/** Draws the words of commands; `corrupted` spoils some of them on purpose. */
export class Draw {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  key(): string {
    return this.random.chance(4) ? this.random.pick(ODD_KEYS) : this.random.pick(KEYS);
  }

  keys(countMax = 3): string[] {
    return this.random.times(this.random.between(1, countMax), () => this.key());
  }

  value(): string {
    return this.random.chance(25) ? this.random.pick(ODD_VALUES) : this.random.pick(SMALL_VALUES);
  }

  field(): string {
    return this.random.chance(3) ? this.random.pick(ODD_VALUES) : this.random.pick(MEMBERS);
  }

  member(): string {
    return this.random.chance(3) ? this.random.pick(ODD_VALUES) : this.random.pick(MEMBERS);
  }

  members(countMax = 4): string[] {
    return this.random.times(this.random.between(1, countMax), () => this.member());
  }

  integer(): string {
    return this.random.chance(15) ? this.random.pick(ODD_INTEGERS) : this.random.pick(INTEGERS);
  }

  /** An integer that is no bad input: for arguments whose large values would fill the memory. */
  smallInteger(): string {
    return String(this.random.between(-4, 8));
  }

  float(): string {
    return this.random.chance(15) ? this.random.pick(ODD_FLOATS) : this.random.pick(FLOATS);
  }

  index(): string {
    return this.random.chance(5) ? this.integer() : String(this.random.between(-6, 6));
  }

  scoreBound(): string {
    const draw = this.random.below(10);
    if (draw === 0) {
      return this.random.pick(["-inf", "+inf", "inf"]);
    }
    return `${draw < 4 ? "(" : ""}${this.float()}`;
  }

  lexBound(): string {
    const draw = this.random.below(12);
    if (draw < 3) {
      return this.random.pick(["-", "+"]);
    }
    return draw === 3 ? this.member() : `${draw < 8 ? "[" : "("}${this.member()}`;
  }

  pattern(): string {
    return this.random.pick([
      "*",
      "a*",
      "?",
      "[a-c]",
      "[^a]",
      "\\*",
      "",
      "*5",
      "{t}*",
      "[",
      "a\\",
      "h?llo",
      "**",
      "[b-a]",
    ]);
  }

  /** A word in upper, lower or mixed case: options are recognised in any. */
  word(text: string): string {
    const draw = this.random.below(3);
    if (draw === 0) {
      return text;
    }
    return draw === 1 ? text.toLowerCase() : text.charAt(0) + text.slice(1).toLowerCase();
  }

  /** The words in `percent` of a hundred cases, else none. */
  maybe(percent: number, ...words: string[]): string[] {
    return this.random.chance(percent) ? words : [];
  }

  /** A few of the option groups, in any order, rarely one of them twice. */
  options(percent: number, ...groups: (() => string[])[]): string[] {
    const drawn = groups.filter(() => this.random.chance(percent));
    if (drawn.length > 0 && this.random.chance(5)) {
      drawn.push(this.random.pick(groups));
    }
    return this.random.shuffled(drawn).flatMap((group) => group());
  }

  /** The command as it is, or, seldom, with a word too few, too many, doubled, exchanged or replaced. */
  corrupted(command: string[], percent: number): string[] {
    if (command.length < 2 || !this.random.chance(percent)) {
      return command;
    }
    const at = this.random.between(1, command.length - 1);
    switch (this.random.below(5)) {
      case 0:
        return command.slice(0, -1);
      case 1:
        return [...command, this.value()];
      case 2:
        return [...command.slice(0, at), ...command.slice(at - 1)];
      case 3:
        return this.#lastTwoExchanged(command);
      default:
        return command.map((word, index) => (index === at ? this.random.pick(["", "foo", "-1", "NX", "\xff"]) : word));
    }
  }

  /** Not for PSETEX and its kin: a small value in the place of milliseconds would expire while we look. */
  #lastTwoExchanged(command: string[]): string[] {
    if (/^p/i.test(command[0] ?? "") || command.length < 3) {
      return command;
    }
    return [...command.slice(0, -2), ...command.slice(-2).reverse()];
  }
}

/** One way to make a command, and how often it is taken in proportion to the others; "intact" ones are never spoiled. */
export type Recipe = readonly [weight: number, make: (draw: Draw) => string[], care?: "intact"];

/** Draws one command from recipes by weight, sometimes spoiled. */
export function drawCommand(draw: Draw, recipes: readonly Recipe[], corruptPercent = 4): string[] {
  const total = recipes.reduce((sum, [weight]) => sum + weight, 0);
  let point = draw.random.below(total);
  for (const [weight, make, care] of recipes) {
    point -= weight;
    if (point < 0) {
      return draw.corrupted(make(draw), care === "intact" ? 0 : corruptPercent);
    }
  }
  throw new Error("the weights do not add up");
}
