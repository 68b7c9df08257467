import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyBytes } from "../../../src/base/copyBytes.ts";

test("every range of any source arrives, also of a source that was written again between two copies", () => {
  const sources = [new Uint8Array(300), Buffer.alloc(400), new Uint8Array(200_000)];
  const copy = fc.record({
    source: fc.nat(sources.length - 1),
    start: fc.nat(100),
    length: fc.nat(200),
    at: fc.nat(50),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(copy, { minLength: 1, maxLength: 20 }), (copies) => {
      for (const { source: which, start, length, at, byte } of copies) {
        const source = sources[which]!;
        source.fill(byte, start, start + (length >> 1));
        // Twice, as a value goes to the log and to the record.
        for (let i = 0; i < 2; i++) {
          const target = new Uint8Array(300);
          copyBytes(source, start, start + length, target, at);
          const expected = new Uint8Array(300);
          for (let k = 0; k < length; k++) expected[at + k] = source[start + k]!;
          assert.deepEqual(target, expected);
        }
      }
    }),
  );
});
