import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Timers } from "../../../src/ports/clock.ts";
import type { Link } from "../../../src/ports/link.ts";
import { LongMessages } from "../../../src/worker/replication/longMessages.ts";

const KIND = 1;
const MIB = 1 << 20;

describe("messages that are too long for a frame", () => {
  it("arrive as they were, in frames that every link takes", () => {
    const { link, sender, run } = setUp();
    const parts = [new Uint8Array([1, 2, 3]), new Uint8Array(70 * MIB).fill(7)];
    assert.equal(sender.take(link, KIND, parts, true), true);
    run();
    assert.ok(link.frames.every((frame) => frame.bytes.length <= MIB));
    const receiver = new LongMessages(new FakeTimers());
    const whole = link.frames.map(({ kind, bytes }) => receiver.gather(link, kind, bytes)).filter(Boolean);
    assert.equal(whole.length, 1);
    assert.deepEqual(Buffer.from(whole[0]!).subarray(0, 4), Buffer.from([1, 2, 3, 7]));
    assert.equal(whole[0]!.length, 70 * MIB + 3);
    assert.equal(sender.isSending("w2"), false);
  });

  it("let short ones pass that need not wait, and keep back those that do", () => {
    const { link, sender, run } = setUp();
    sender.take(link, KIND, [new Uint8Array(20 * MIB)], true);
    assert.equal(sender.take(link, KIND, [new Uint8Array(10)], false), false);
    assert.equal(sender.take(link, KIND, [new Uint8Array(11)], true), true);
    assert.ok(link.frames.length <= 3, "the link is not filled");
    run();
    assert.equal(link.frames.at(-1)!.kind, KIND);
    assert.equal(link.frames.at(-1)!.bytes.length, 11);
  });

  it("are lost with their link, and when too much waits behind one", () => {
    const { link, sender, run } = setUp();
    sender.take(link, KIND, [new Uint8Array(40 * MIB)], true);
    sender.take(link, KIND, [new Uint8Array(40 * MIB)], true);
    run();
    assert.equal(link.frames.length, 40);
    sender.take(link, KIND, [new Uint8Array(40 * MIB)], true);
    link.isUp = false;
    run();
    assert.equal(sender.isSending("w2"), false);
    assert.equal(sender.take(link, KIND, [new Uint8Array(1)], true), false);
  });
});

class FakeTimers implements Timers {
  readonly due: (() => void)[] = [];

  after(_millis: number, run: () => void): { cancel(): void } {
    this.due.push(run);
    return { cancel: () => undefined };
  }

  every(): { cancel(): void } {
    return { cancel: () => undefined };
  }

  endOfTurn(run: () => void): void {
    this.due.push(run);
  }
}

/** Takes everything, and hands on what it has when it is told to. */
class FakeLink implements Link {
  readonly peer = { cluster: "c", group: "g1", replica: "w2", incarnation: 1 };
  readonly frames: { readonly kind: number; readonly bytes: Uint8Array }[] = [];
  isUp = true;
  bufferedBytes = 0;

  send(kind: number, frame: Uint8Array | readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(frame instanceof Uint8Array ? [frame] : frame);
    this.frames.push({ kind, bytes });
    this.bufferedBytes += bytes.length;
    return true;
  }

  flush(): void {
    this.bufferedBytes = 0;
  }

  close(): void {
    this.isUp = false;
  }
}

function setUp(): { link: FakeLink; sender: LongMessages; run: () => void } {
  const timers = new FakeTimers();
  const link = new FakeLink();
  const run = (): void => {
    for (let next = timers.due.shift(); next !== undefined; next = timers.due.shift()) {
      link.flush();
      next();
    }
  };
  return { link, sender: new LongMessages(timers), run };
}
