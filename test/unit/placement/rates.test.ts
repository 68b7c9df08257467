import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DecayingRate, LONG_WINDOW_MILLIS, SHORT_WINDOW_MILLIS } from "../../../src/core/placement/decayingRate.ts";
import { DecayingRates } from "../../../src/core/placement/decayingRates.ts";
import { SpaceSaving } from "../../../src/core/placement/spaceSaving.ts";
import { fc } from "../../support/properties.ts";

const near = (actual: number, expected: number, share: number) =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${actual} is not about ${expected}`);

describe("a decaying rate", () => {
  it("comes to the true rate and forgets it again", () => {
    const rate = new DecayingRate(SHORT_WINDOW_MILLIS);
    for (let now = 0; now < 100_000; now += 10) rate.add(5, now);
    near(rate.perSecond(100_000), 500, 0.01);
    near(rate.perSecond(110_000), 500 / Math.E, 0.01);
    near(rate.perSecond(90_000), 500 / Math.E, 0.01);
    assert.ok(rate.perSecond(400_000) < 0.001);
  });

  it("is the same for many side by side, in each of the windows", () => {
    const rates = new DecayingRates(3, [SHORT_WINDOW_MILLIS, LONG_WINDOW_MILLIS], 0);
    for (let now = 1000; now <= 400_000; now += 1000) {
      rates.add(1, 70);
      rates.fold(now);
      rates.fold(now);
    }
    near(rates.perSecond(1, 0), 70, 0.01);
    near(rates.perSecond(1, 1), 70, 0.01);
    assert.equal(rates.perSecond(0, 0), 0);
    rates.fold(410_000);
    near(rates.perSecond(1, 0), 70 / Math.E, 0.01);
    near(rates.perSecond(1, 1), 70 * Math.exp(-1 / 6), 0.01);
    rates.clear(1);
    assert.equal(rates.perSecond(1, 1), 0);
  });
});

describe("decaying rates side by side", () => {
  it("are nothing at all when hardly anything is left of them", () => {
    const rates = new DecayingRates(1, [SHORT_WINDOW_MILLIS], 0);
    rates.add(0, 1);
    rates.fold(1_000);
    assert.ok(rates.perSecond(0, 0) > 0.01);
    rates.fold(151_000);
    assert.ok(rates.perSecond(0, 0) > 0);
    rates.fold(351_000);
    assert.equal(rates.perSecond(0, 0), 0);
  });
});

describe("the sketch of the most frequent keys", () => {
  it("counts exactly while there is room", () => {
    const sketch = new SpaceSaving(3);
    for (const key of ["a", "b", "a", "c", "a", "b"]) sketch.offer(key);
    sketch.offer("c", 10);
    const exact = (key: string, count: number) => ({ key, count, error: 0 });
    assert.deepEqual(sketch.top(9), [exact("c", 11), exact("a", 3), exact("b", 2)]);
    assert.deepEqual(sketch.top(1), [exact("c", 11)]);
    sketch.decay(0.5);
    assert.deepEqual(sketch.top(1), [exact("c", 5.5)]);
    sketch.clear();
    assert.deepEqual(sketch.top(1), []);
  });

  it("keeps its bounds for any stream", () => {
    const stream = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 5 })), { maxLength: 400 });
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 12 }), (offers, capacity) => {
        const sketch = new SpaceSaving(capacity);
        const truth = new Map<string, number>();
        let total = 0;
        for (const [number, increment] of offers) {
          const key = `k${number}`;
          sketch.offer(key, increment);
          truth.set(key, (truth.get(key) ?? 0) + increment);
          total += increment;
        }
        const top = sketch.top(capacity);
        assert.ok(top.length <= capacity);
        assert.equal(
          top.reduce((sum, { count }) => sum + count, 0),
          total,
        );
        for (const { key, count, error } of top) {
          const real = truth.get(key) ?? 0;
          assert.ok(count >= real && count - error <= real && error <= total / capacity);
        }
        for (const [key, real] of truth) {
          if (real > total / capacity)
            assert.ok(
              top.some((entry) => entry.key === key),
              key,
            );
        }
      }),
    );
  });
});
