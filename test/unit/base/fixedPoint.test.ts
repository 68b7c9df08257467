import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { writeFixed } from "../../../src/base/fixedPoint.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { fc } from "../../support/properties.ts";

function fixed(value: number, places: 0 | 1 | 2): string {
  const writer = new ByteWriter();
  writeFixed(writer, value, places);
  return decodeLatin1(writer.bytes, 0, writer.length);
}

test("a number is written as JSON writes it when it is rounded", () => {
  const values = fc.oneof(
    fc.double({ min: 0, max: 1e12, noNaN: true }),
    fc.double({ min: 0, max: 10, noNaN: true }),
    fc.nat().map((n) => n / 100),
    fc.constantFrom(0, 0.1, 0.05, 1, 10, 100, 20, 21_474_836.47, 21_474_836.48, 2 ** 31, 2 ** 40),
  );
  fc.assert(
    fc.property(values, fc.constantFrom<0 | 1 | 2>(0, 1, 2), (value, places) => {
      const scale = 10 ** places;
      assert.equal(fixed(value, places), JSON.stringify(Math.round(value * scale) / scale));
    }),
  );
});
