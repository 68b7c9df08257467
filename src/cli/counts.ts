import { type Command, InvalidArgumentError } from "commander";

const COUNT_MAX = 1_000;

/** `--count`: how many to show. */
export function countOption(command: Command, byDefault: number): Command {
  return command.option("--count <number>", "how many to show at most", parseCount, byDefault);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= COUNT_MAX) return count;
  throw new InvalidArgumentError(`It must be a number from 1 to ${COUNT_MAX}.`);
}
