import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frameOf, MessageFrames } from "../../../../src/gateway/kv/messageFrames.ts";

test("messages come out whole and in order, wherever the stream was cut", () => {
  const message = fc.uint8Array({ maxLength: 30 });
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (messages, sizes) => {
      const stream = Buffer.concat(messages.map((each) => frameOf([each], each.length)));
      const found: Buffer[] = [];
      const frames = new MessageFrames(30, (each) => found.push(Buffer.from(each)));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length]!;
        assert.equal(frames.push(stream.subarray(at, at + size)), undefined);
        at += size;
      }
      assert.deepEqual(
        found,
        messages.map((each) => Buffer.from(each)),
      );
    }),
  );
});

test("what is compressed or too long is refused before it has come", () => {
  const frames = (): MessageFrames => new MessageFrames(30, () => assert.fail("it is no message"));
  assert.equal(frames().push(Buffer.from([1, 0, 0, 0, 1])), "compressed");
  assert.equal(frames().push(Buffer.from([0, 0, 0, 0, 31])), "tooLong");
});
