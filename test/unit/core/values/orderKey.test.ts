import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedBytes } from "../../../../src/base/byteReader.ts";
import { orderKeyBetween, orderKeyName, orderKeyOf } from "../../../../src/core/state/values/orderKey.ts";
import { fc } from "../../../support/properties.ts";

const key = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

test("names order as their keys do, and give them back", () => {
  fc.assert(
    fc.property(key, key, (left, right) => {
      assert.equal(orderKeyName(left) < orderKeyName(right), left < right);
      assert.equal(orderKeyOf(orderKeyName(left)), left);
    }),
    { numRuns: 2_000 },
  );
});

test("a key between two others is between them, or there is none", () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      const [left, right] = one < other ? [one, other] : [other, one];
      const middle = orderKeyBetween(left, right);
      if (middle !== undefined) assert.ok(left < middle && middle < right);
    }),
    { numRuns: 2_000 },
  );
  assert.equal(orderKeyBetween(undefined, undefined), 0);
  assert.equal(orderKeyBetween(3, undefined), 4);
  assert.equal(orderKeyBetween(undefined, 3), 2);
  assert.equal(orderKeyBetween(1e300, undefined), undefined);
  assert.equal(orderKeyBetween(1, 1 + Number.EPSILON), undefined);
});

test("a name that no list writes is refused", () => {
  for (const name of ["", "short", "ninebytes", "\xff".repeat(8), "\x00".repeat(8), `\x7f${"\xff".repeat(7)}`]) {
    assert.throws(() => orderKeyOf(name), MalformedBytes);
  }
});
