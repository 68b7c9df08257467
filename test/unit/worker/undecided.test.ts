import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { epoch, seq } from "../../../src/base/ids.ts";
import type { LogRecord } from "../../../src/core/replica/message.ts";
import { Undecided } from "../../../src/worker/replication/undecided.ts";

/** Nobody looks into it in these tests. */
function record(at: number, bytes = 10): LogRecord {
  return { epoch: epoch(1), firstSeq: seq(at), lastSeq: seq(at), bytes: new Uint8Array(bytes) };
}

describe("entries that nobody knows by key", () => {
  it("may change any key: what the log had at the start, until it is decided", () => {
    const undecided = new Undecided();
    undecided.restart(seq(7));
    assert.equal(undecided.newestOf(["k"]), 7);
    // Decided or not is the caller's to see: it compares with what is applied.
    undecided.decided(seq(7));
    assert.equal(undecided.newestOf(["k"]), 7);
  });

  it("are none behind what was cut off the log", () => {
    const undecided = new Undecided();
    undecided.restart(seq(7));
    undecided.truncate(seq(4));
    assert.equal(undecided.newestOf(["k"]), 4);
    undecided.truncate(seq(6));
    assert.equal(undecided.newestOf(["k"]), 4);
  });

  it("are those whose records take too much memory, too", () => {
    const undecided = new Undecided();
    undecided.restart(seq(0));
    for (let at = 1; at <= 3; at++) undecided.add(record(at, 30 << 20));
    assert.deepEqual(
      undecided.records.map(({ lastSeq }) => lastSeq),
      [2, 3],
    );
    assert.equal(undecided.blindUpTo, 1);
    // However large one is, it is kept.
    undecided.add(record(4, 100 << 20));
    assert.deepEqual([undecided.records.length, undecided.blindUpTo], [1, 3]);
  });
});
