import { Violation } from "../violation.ts";

/** A reply goes out only when the log has on disk everything that the reply tells of (DESIGN.md, "acknowledged means kept"). */
export function checkReleased(
  dependsOn: number,
  keptSeq: number,
  words: readonly string[],
  fail: (violation: Violation) => void,
): void {
  if (dependsOn <= keptSeq) return;
  const command = words.join(" ").slice(0, 80);
  fail(new Violation("replies wait for the log", `${command} tells of entry ${dependsOn}, the disk has ${keptSeq}`));
}
