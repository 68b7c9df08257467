import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FRAME_HEAD_BYTES, FrameReader, writeFrameHead } from "../../../src/client/wire/grpcFrames.ts";
import { STATUS, statusOf, statusOfHttp } from "../../../src/client/wire/grpcStatus.ts";

test("messages come out whole, wherever the stream was cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (given, cuts) => {
      const stream = Buffer.concat(
        given.map((message) => {
          const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), message]);
          writeFrameHead(frame);
          return frame;
        }),
      );
      const read: Buffer[] = [];
      const reader = new FrameReader(100, (message) => read.push(Buffer.from(message)));
      for (let at = 0, cut = 0; at < stream.length; cut++) {
        const end = at + cuts[cut % cuts.length]!;
        assert.ok(reader.push(stream.subarray(at, end)));
        at = end;
      }
      assert.deepEqual(
        read,
        given.map((message) => Buffer.from(message)),
      );
    }),
  );
});

test("frames that are too long or compressed are refused", () => {
  const reader = (): FrameReader => new FrameReader(10, () => assert.fail());
  assert.equal(reader().push(Buffer.from([0, 0, 0, 0, 11])), false);
  assert.equal(reader().push(Buffer.from([1, 0, 0, 0, 1])), false);
});

test("a status is read out of trailers", () => {
  const status = statusOf({ "grpc-status": "9", "grpc-message": "it%20moved", "holdfast-error-bin": "CAE=" });
  assert.deepEqual(status, { code: 9, message: "it moved", detail: Buffer.from([8, 1]), wasSent: true });
  assert.equal(statusOf({}), undefined);
  assert.equal(statusOfHttp(401).code, STATUS.unauthenticated);
  assert.equal(statusOfHttp(502).code, STATUS.unavailable);
});
