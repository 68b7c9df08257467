/** Thrown when the program is wrong, never because of input or environment: it must reach the top and stop the process. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/**
 * Crashes when `condition` does not hold. Always on: a wrong answer costs more than the check. A message that has to be put together
 * is given as a function where it is asked for often: it would take longer than the check.
 */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantViolation(typeof message === "string" ? message : message());
}
