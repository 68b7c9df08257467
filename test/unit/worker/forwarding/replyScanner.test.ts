import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { latin1Bytes } from "../../../../src/base/latin1.ts";
import { BROKEN, MORE, ReplyScanner } from "../../../../src/worker/forwarding/replyScanner.ts";

const bulk = fc.string({ unit: "binary-ascii", maxLength: 40 }).map((text) => `$${text.length}\r\n${text}\r\n`);
const scalar = fc.oneof(
  bulk,
  fc.constantFrom(
    "+OK\r\n",
    "-ERR no\r\n",
    ":-12\r\n",
    "_\r\n",
    "$-1\r\n",
    "*-1\r\n",
    ",1.5\r\n",
    "#t\r\n",
    "(123\r\n",
  ),
  fc.constantFrom("=7\r\ntxt:abc\r\n", "!5\r\nERR x\r\n", "$0\r\n\r\n", "*0\r\n", "%0\r\n"),
);
const { reply } = fc.letrec<{ reply: string }>((tie) => ({
  reply: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc
      .tuple(fc.constantFrom("*", "~", ">"), fc.array(tie("reply"), { maxLength: 4 }))
      .map(([kind, values]) => `${kind}${values.length}\r\n${values.join("")}`),
    fc
      .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 3 })
      .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
    fc.tuple(bulk, bulk, tie("reply")).map(([name, value, described]) => `|1\r\n${name}${value}${described}`),
  ),
}));

/** The replies that the scanner finds in `text`, which comes in pieces that end at `cuts`. */
function scan(text: string, cuts: readonly number[]): string[] {
  const scanner = new ReplyScanner();
  const bytes = latin1Bytes(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  const found: string[] = [];
  let replyStart = 0;
  let at = 0;
  for (const end of ends) {
    while (at < end) {
      const next = scanner.next(bytes, at, end);
      assert.notEqual(next, BROKEN);
      if (next === MORE) {
        at = end;
        break;
      }
      found.push(text.slice(replyStart, next));
      replyStart = next;
      at = next;
    }
  }
  assert.equal(replyStart, bytes.length);
  return found;
}

describe("ReplyScanner", () => {
  it("finds the ends of replies, however they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (replies, cuts) => {
          assert.deepEqual(scan(replies.join(""), cuts), replies);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds them byte by byte", () => {
    const replies = ["*2\r\n$3\r\nabc\r\n:1\r\n", "+OK\r\n", "%1\r\n+a\r\n*1\r\n_\r\n", "$-1\r\n"];
    const text = replies.join("");
    assert.deepEqual(
      scan(
        text,
        Array.from({ length: text.length }, (_, at) => at),
      ),
      replies,
    );
  });

  it("tells what is no reply", () => {
    for (const text of ["GET x\r\n", "$x\r\n", "$?\r\n", "*99999999999\r\n", "$99999999999\r\n", "\r\n"]) {
      const bytes = latin1Bytes(text);
      assert.equal(new ReplyScanner().next(bytes, 0, bytes.length), BROKEN, JSON.stringify(text));
    }
  });

  it("neither fails nor runs past the end on anything", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const end = new ReplyScanner().next(bytes, 0, bytes.length);
        assert.ok(end === MORE || end === BROKEN || (end > 0 && end <= bytes.length));
      }),
      { numRuns: 2_000 },
    );
  });
});
