import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "../../../src/base/crc.ts";
import { nodeChecksum } from "../../../src/platform/diskChecksum.ts";
import { fc } from "../../support/properties.ts";

test("the check value of CRC-32 (IEEE)", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32(bytes, 0, bytes.length), 0xcbf43926);
  assert.equal(crc32(bytes, 0, 0), 0);
});

test("the portable and the native checksum are the same, for any range and any seed", () => {
  const ranges = fc
    .uint8Array({ maxLength: 3000, size: "max" })
    .chain((bytes) =>
      fc.tuple(
        fc.constant(bytes),
        fc.nat(bytes.length),
        fc.nat(bytes.length),
        fc.integer({ min: 0, max: 0xffff_ffff }),
      ),
    );
  fc.assert(
    fc.property(ranges, ([bytes, a, b, seed]) => {
      const start = Math.min(a, b);
      const end = Math.max(a, b);
      assert.equal(nodeChecksum.crc32(bytes, start, end, seed), crc32(bytes, start, end, seed));
    }),
  );
});

test("a sum goes on where another one ended", () => {
  const bytes = new Uint8Array(1000).map((_, i) => i * 7);
  for (const middle of [0, 1, 7, 8, 300, 1000]) {
    assert.equal(crc32(bytes, middle, 1000, crc32(bytes, 0, middle)), crc32(bytes, 0, 1000));
  }
});
