import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { epoch, seq } from "../../../src/base/ids.ts";
import type { Committed } from "../../../src/core/replica/message.ts";
import type { Timers } from "../../../src/ports/clock.ts";
import { CommitNotices } from "../../../src/worker/replication/commitNotices.ts";

const notice = (commitPoint: number): Committed => ({
  kind: "committed",
  epoch: epoch(1),
  commitPoint: seq(commitPoint),
});

describe("notices of the commit point", () => {
  let sent: string[];
  let due: (() => void) | undefined;
  let notices: CommitNotices;

  beforeEach(() => {
    sent = [];
    due = undefined;
    const timers = {
      after: (_millis: number, run: () => void) => {
        due = run;
        return {
          cancel: () => {
            due = undefined;
          },
        };
      },
    } as unknown as Timers;
    notices = new CommitNotices(timers, (to, { commitPoint }) => sent.push(`${to} ${commitPoint}`));
  });

  /** Time passes. */
  function pass(): void {
    due?.();
  }

  it("go out by themselves after a while, the newest only", () => {
    notices.hold("w2", notice(5));
    notices.hold("w3", notice(5));
    notices.hold("w2", notice(7));
    assert.deepEqual(sent, []);
    pass();
    assert.deepEqual(sent, ["w2 7", "w3 5"]);
  });

  it("do not go out where a record has carried them", () => {
    notices.hold("w2", notice(5));
    notices.hold("w3", notice(5));
    notices.carried("w2");
    assert.notEqual(due, undefined);
    pass();
    assert.deepEqual(sent, ["w3 5"]);
    notices.hold("w2", notice(6));
    notices.carried("w2");
    assert.equal(due, undefined);
  });

  it("are forgotten when nothing more is to be said", () => {
    notices.hold("w2", notice(5));
    notices.stop();
    assert.equal(due, undefined);
    notices.hold("w2", notice(6));
    pass();
    assert.deepEqual(sent, ["w2 6"]);
  });
});
