import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { epoch, seq } from "../../../src/base/ids.ts";
import type { Session } from "../../../src/core/command/session.ts";
import { EpochRuns } from "../../../src/core/replica/epochRuns.ts";
import type { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import { Client, type Output } from "../../../src/worker/client.ts";
import { HeldReplies } from "../../../src/worker/heldReplies.ts";
import { fateOf } from "../../../src/worker/replication/fate.ts";

/** A log as `[epoch, first entry]` of each run, its end, and how much of it is committed. */
function log(runs: readonly (readonly [number, number])[], lastSeq: number, commitPoint: number): GroupReplica {
  const logRuns = new EpochRuns(
    runs.map(([of, first]) => ({ epoch: epoch(of), firstSeq: seq(first) })),
    seq(lastSeq),
  );
  return { commitPoint: seq(commitPoint), logRuns } as unknown as GroupReplica;
}

describe("what became of an entry whose primary was deposed", () => {
  it("is open when another has cut it off and committed nothing: the next primary may have it", () => {
    assert.equal(fateOf(log([[9, 1]], 120, 120), 121, 9), "open");
    assert.equal(
      fateOf(
        log(
          [
            [9, 1],
            [10, 121],
          ],
          122,
          120,
        ),
        121,
        9,
      ),
      "open",
    );
  });

  it("is kept when it is committed after all", () => {
    assert.equal(
      fateOf(
        log(
          [
            [9, 1],
            [12, 126],
          ],
          126,
          126,
        ),
        121,
        9,
      ),
      "kept",
    );
  });

  it("is lost when something of a later epoch is committed in its place or before it (question 18)", () => {
    assert.equal(
      fateOf(
        log(
          [
            [9, 1],
            [12, 121],
          ],
          124,
          121,
        ),
        121,
        9,
      ),
      "lost",
    );
    assert.equal(
      fateOf(
        log(
          [
            [9, 1],
            [12, 121],
          ],
          124,
          121,
        ),
        125,
        9,
      ),
      "lost",
    );
  });
});

it("replies in doubt go out in their order, each as what is true", () => {
  const heard: Output[] = [];
  const lost = "-TRYAGAIN The primary has changed; this was not executed\r\n";
  const sink = { send: (output: Output) => heard.push(output), end() {}, destroy() {}, resume() {} };
  const client = new Client({ transaction: undefined } as unknown as Session, sink);
  const held = new HeldReplies();
  for (const at of [121, 122, 0, 130]) held.add(client, at, `+${at}\r\n`, 1);
  held.doubt(120, 125, () => 9);
  held.release(120, () => "open");
  assert.deepEqual(heard, []);
  held.release(122, (at) => (at === 121 ? "kept" : "lost"));
  assert.deepEqual(heard, ["+121\r\n", lost, "+0\r\n", lost]);
  assert.equal(client.held + client.heldBytes, 0);
});
