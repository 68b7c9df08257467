import { err, ok, type Result } from "../../base/result.ts";

/** How one name of `CONFIG` takes values. Values are texts in the form in which `CONFIG GET` shows them. */
export interface SettingType {
  readonly name: string;
  readonly initial: string;
  /** What a given text becomes; `present` is the value so far. The error is Redis's, without what comes before it. */
  readonly parse: (given: string, present: string) => Result<string, string>;
}

const INTEGER_MAX = 2n ** 63n - 1n;
export const UINT_MAX = 4294967295;
export const INT_MAX = 2147483647;
export const INT_MIN = -2147483648;

const UNITS: { readonly [unit: string]: bigint } = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1_000_000n,
  mb: 1024n ** 2n,
  g: 1_000_000_000n,
  gb: 1024n ** 3n,
};

export function integer(name: string, initial: string, min: number, max: number | bigint = INTEGER_MAX): SettingType {
  const parse = (given: string): Result<string, string> => {
    const value = /^(0|-?[1-9][0-9]{0,18})$/.test(given) ? BigInt(given) : undefined;
    if (value === undefined || value > INTEGER_MAX) return err("argument couldn't be parsed into an integer");
    return within(value, min, max);
  };
  return { name, initial, parse };
}

function within(value: bigint, min: number, max: number | bigint): Result<string, string> {
  if (value >= min && value <= max) return ok(String(value));
  return err(`argument must be between ${min} and ${max} inclusive`);
}

/** A number of bytes; `1kb` is 1024, `1k` is 1000. */
export function memory(name: string, initial: string, min: number, max: number | bigint = INTEGER_MAX): SettingType {
  const parse = (given: string): Result<string, string> => {
    const value = parseMemory(given);
    return value === undefined ? err("argument must be a memory value") : within(value, min, max);
  };
  return { name, initial, parse };
}

export function parseMemory(text: string): bigint | undefined {
  const match = /^([0-9]{1,19})([a-z]*)$/i.exec(text);
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()];
  return unit === undefined ? undefined : BigInt(match![1]!) * unit;
}

export function yesNo(name: string, initial: "yes" | "no"): SettingType {
  const parse = (given: string): Result<string, string> => {
    const value = given.toLowerCase();
    return value === "yes" || value === "no" ? ok(value) : err("argument must be 'yes' or 'no'");
  };
  return { name, initial, parse };
}

export function choice(name: string, initial: string, choices: readonly string[]): SettingType {
  const parse = (given: string): Result<string, string> => {
    const value = given.toLowerCase();
    if (choices.includes(value)) return ok(value);
    return err(`argument(s) must be one of the following: ${choices.join(", ")}`);
  };
  return { name, initial, parse };
}

export function text(name: string, initial: string): SettingType {
  return { name, initial, parse: ok };
}

/** What is settled when the node starts. */
export function immutable(name: string, initial: string): SettingType {
  return { name, initial, parse: () => err("can't set immutable config") };
}

/** What Redis lets nobody set over the network unless told so. */
export function protectedSetting(name: string, initial: string): SettingType {
  return { name, initial, parse: () => err("can't set protected config") };
}
