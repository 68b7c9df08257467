import { parseScript } from "../differential/script.ts";
import type { Step } from "../differential/step.ts";

/** Sequences about one subject, written by hand or listed exhaustively; each starts from an empty key space. */
export type Corner = { readonly name: string; readonly cases: readonly (readonly Step[])[] };

/** A corner from text: paragraphs are cases, lines are commands (see `parseScript`). */
export function written(name: string, text: string): Corner {
  const paragraphs = text.split(/\n\s*\n/).map(parseScript);
  return { name, cases: paragraphs.filter((steps) => steps.length > 0) };
}

/** The keys that matrices use; they are deleted between two cases of one sequence. */
const MATRIX_KEYS = ["k", "a", "b", "d", "s", "set"];
/** One sequence plays this many cases: a sequence costs a dozen round trips whatever is in it. */
const CASES_PER_SEQUENCE = 25;

/**
 * A corner that tries every combination: for each `setup` and each list of words, the setup is played, then the
 * command, then the looks.
 */
export function matrix(
  name: string,
  setups: readonly string[],
  commands: readonly (readonly string[])[],
  looks: string,
): Corner {
  const cases = setups.flatMap((setup) =>
    commands.map((command) => [...parseScript(setup), { connection: 0, command }, ...parseScript(looks)]),
  );
  return joined(name, cases);
}

/** A corner of many small cases that use no keys but those of matrices: several are played as one sequence. */
export function joined(name: string, cases: readonly (readonly Step[])[]): Corner {
  const sequences: Step[][] = [];
  for (let from = 0; from < cases.length; from += CASES_PER_SEQUENCE) {
    const some = cases.slice(from, from + CASES_PER_SEQUENCE);
    sequences.push(some.flatMap((steps) => [{ connection: 0, command: ["DEL", ...MATRIX_KEYS] }, ...steps]));
  }
  return { name, cases: sequences };
}

/** Every selection of at most `sizeMax` of the choices, in their order, flattened into words. */
export function selections(choices: readonly string[], sizeMax: number): string[][] {
  let found: string[][] = [[]];
  for (const choice of choices) {
    const words = choice.split(" ");
    found = [...found, ...found.map((chosen) => [...chosen, "|", ...words])];
  }
  return found.filter((words) => words.filter((word) => word === "|").length <= sizeMax).map(withoutBars);
}

/** One choice of each list, in every combination, flattened into words; an empty choice adds nothing. */
export function product(...lists: readonly (readonly string[])[]): string[][] {
  let found: string[][] = [[]];
  for (const list of lists) {
    found = found.flatMap((words) => list.map((choice) => [...words, ...(choice === "" ? [] : choice.split(" "))]));
  }
  return found;
}

function withoutBars(words: readonly string[]): string[] {
  return words.filter((word) => word !== "|");
}
