import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeptBytes } from "../../../src/proto/keptBytes.ts";

test("what is kept stays as it was, whatever is read and kept afterwards", () => {
  const sizes = fc.oneof(fc.nat(60), fc.integer({ min: 2_000, max: 2_100 }), fc.nat(20_000));
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 60 }), (lengths) => {
      const kept = new KeptBytes();
      const shared = Buffer.alloc(20_000);
      const all = lengths.map((length, i) => {
        shared.fill(i + 1, 0, length);
        kept.keep(shared, length);
        const { bytes, plain, start, end } = kept;
        shared.fill(0xff);
        return () => {
          assert.equal(bytes.compare(Buffer.alloc(length, i + 1), 0, length, start, end), 0);
          assert.deepEqual(plain.subarray(start, end), new Uint8Array(length).fill(i + 1));
        };
      });
      for (const check of all) check();
    }),
    { numRuns: 50 },
  );
});
