import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Request } from "../../../src/client/request.ts";
import { type NumberedWrite, WriteSession } from "../../../src/client/writeSession.ts";

const ID = new Uint8Array(16);

function requestIn(slot: number): Request {
  return { slot } as Request;
}

function neverResumed(): void {
  assert.fail("nobody waited");
}

test("numbers ascend, and each write tells the lowest open one of its slot", () => {
  const step = fc.record({ slot: fc.nat(4), closes: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const session = new WriteSession(ID, 0, 1000);
      const open: { readonly write: NumberedWrite; readonly slot: number }[] = [];
      let last = 0;
      for (const { slot, closes } of steps) {
        if (closes !== null && open.length > 0) {
          session.close(open.splice(closes % open.length, 1)[0]!.write, neverResumed);
        } else {
          const write = session.take(requestIn(slot))!;
          assert.ok(write.number > last);
          last = write.number;
          open.push({ write, slot });
        }
        for (const each of open) {
          const alike = open.filter((other) => other.slot === each.slot).map(({ write }) => write.number);
          assert.equal(each.write.firstOpen, Math.min(...alike));
        }
        for (let each = 0; each <= 4; each++) {
          assert.equal(session.firstOpen(each) === undefined, !open.some((other) => other.slot === each));
        }
      }
    }),
  );
});

test("a slot has at most 1000 numbers from its lowest open one on; others wait in their order", () => {
  const session = new WriteSession(ID, 0, 1000);
  const first = Array.from({ length: 1000 }, () => session.take(requestIn(7))!);
  const late = Array.from({ length: 3 }, () => requestIn(7));
  for (const request of late) assert.equal(session.take(request), undefined);
  assert.equal(session.take(requestIn(8))?.number, 1001);
  // An answer to a later one makes no room: the servers still remember it.
  session.close(first[5]!, neverResumed);
  late[1]!.waitsIn!.delete(late[1]!);
  const resumed: Request[] = [];
  const resume = (request: Request): void => {
    resumed.push(request);
    assert.ok(session.take(request));
  };
  session.close(first[0]!, resume);
  assert.deepEqual(resumed, [late[0]]);
  session.close(first[1]!, resume);
  assert.deepEqual(resumed, [late[0], late[2]]);
});
