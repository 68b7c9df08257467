import { Violation } from "../violation.ts";

/** What comes back after a restart reaches at least to what was acknowledged, and no further than what was written and not refused. */
export function checkRecovered(
  lastSeq: number,
  acknowledgedSeq: number,
  newestSeq: number,
  fail: (violation: Violation) => void,
): void {
  if (lastSeq < acknowledgedSeq) {
    fail(
      new Violation("acknowledged is kept", `entry ${acknowledgedSeq} was acknowledged, ${lastSeq} is the last one`),
    );
  }
  if (lastSeq > newestSeq) {
    fail(new Violation("refused stays refused", `entry ${lastSeq} came back, ${newestSeq} was the last one`));
  }
}
