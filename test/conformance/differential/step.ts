import { describeCommand } from "../../support/respClient.ts";

/** A command's words; one character is one byte (latin1), so binary values are ordinary strings here. */
export type Command = readonly string[];

/** One thing that happens in a sequence, on one of the sequence's connections. */
export type Step = {
  readonly connection: number;
  readonly command: Command;
  /** Wait this long after the reply, for what is to expire. */
  readonly pauseAfterMillis?: number;
};

/** How a sequence is played: step by step, or runs of steps on one connection as one pipeline. */
export type Manner = { readonly protocol: 2 | 3; readonly pipelined: boolean };

/** A command's name in lower case. */
export function commandName(command: Command): string {
  return (command[0] ?? "").toLowerCase();
}

/** The bytes of a command's words. */
export function commandBytes(command: Command): Buffer[] {
  return command.map((word) => Buffer.from(word, "latin1"));
}

/** A step as one line, in the notation that `parseScript` reads. */
export function describeStep(step: Step): string {
  const where = step.connection === 0 ? "" : `@${step.connection} `;
  const pause = step.pauseAfterMillis === undefined ? "" : `  (then wait ${step.pauseAfterMillis} ms)`;
  return `${where}${describeCommand(commandBytes(step.command))}${pause}`;
}
