import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  FRAME_HEAD_BYTES,
  FrameReader,
  frameHead,
  frameOf,
  TRAILERS_FRAME,
  writeFrameHead,
} from "../../../src/proto/grpcFrames.ts";

const BYTES_MAX = 2_000;

/** Messages, with how the stream that has them is cut; short ones, and such as come in many pieces. */
const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
const longMessages = fc.array(fc.uint8Array({ maxLength: BYTES_MAX }), { maxLength: 4 });
const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 });

test("messages come out whole, in order and where they stay, wherever the stream was cut", () => {
  fc.assert(
    fc.property(fc.oneof(messages, longMessages), cuts, fc.nat(9), (given, sizes, before) => {
      const stream = Buffer.concat(given.map((each) => frameOf([each], each.length)));
      const found: Buffer[] = [];
      const reader = new FrameReader(BYTES_MAX, (bytes, start, end) => found.push(bytes.subarray(start, end)));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const piece = stream.subarray(at, at + sizes[i % sizes.length]!);
        at += piece.length;
        // It lies in the middle of other bytes, and is not the reader's to keep from there.
        const around = Buffer.concat([Buffer.alloc(before, 0xff), piece, Buffer.alloc(3, 0xff)]);
        assert.equal(reader.push(around, before, before + piece.length), undefined);
      }
      assert.deepEqual(
        found,
        given.map((each) => Buffer.from(each)),
      );
    }),
  );
});

test("what is held of a frame is no longer the bytes that were pushed", () => {
  const found: Buffer[] = [];
  const reader = new FrameReader(BYTES_MAX, (bytes, start, end) => found.push(bytes.subarray(start, end)));
  const frame = frameOf(["some words"], 10);
  const shared = Buffer.alloc(64);
  for (const [from, to] of [
    [0, 3],
    [3, 5],
    [5, 9],
    [9, 15],
  ] as const) {
    frame.copy(shared, 0, from, to);
    reader.push(shared, 0, to - from);
    shared.fill(0xee);
  }
  assert.deepEqual(found.map(String), ["some words"]);
});

test("trailers come where they are expected, in pieces too, and are no message", () => {
  const told: string[] = [];
  const reader = new FrameReader(
    BYTES_MAX,
    (bytes, start, end) => told.push(`message ${bytes.toString("latin1", start, end)}`),
    (bytes, start, end) => told.push(`trailers ${bytes.toString("latin1", start, end)}`),
  );
  const stream = Buffer.concat([frameOf(["m"], 1), Buffer.from(`${frameHead(TRAILERS_FRAME, 2)}tt`, "latin1")]);
  for (const byte of stream) reader.push(Buffer.from([byte]));
  reader.push(stream);
  assert.deepEqual(told, ["message m", "trailers tt", "message m", "trailers tt"]);
});

test("what is compressed, of no kind that is known, or too long is refused before it has come", () => {
  const push = (...bytes: number[]): unknown => {
    const whole = new FrameReader(30, () => assert.fail("it is no message")).push(Buffer.from(bytes));
    const reader = new FrameReader(30, () => assert.fail("it is no message"));
    let problem: unknown;
    for (const byte of bytes) problem ??= reader.push(Buffer.from([byte]));
    assert.equal(problem, whole);
    return whole;
  };
  assert.equal(push(1, 0, 0, 0, 1), "compressed");
  assert.equal(push(TRAILERS_FRAME, 0, 0, 0, 1), "compressed");
  assert.equal(push(0, 0, 0, 0, 31), "tooLong");
  assert.equal(push(0, 0xff, 0xff, 0xff, 0xff), "tooLong");
  assert.equal(push(0, 0, 0, 0, 30), undefined);
});

test("a head says how long the frame is", () => {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 0x012345);
  writeFrameHead(frame);
  assert.equal(frame.toString("latin1", 0, FRAME_HEAD_BYTES), frameHead(0, 0x012345));
  assert.deepEqual(frameOf(["a", Buffer.from("bc")], 3), Buffer.from("\0\0\0\0\x03abc", "latin1"));
});
