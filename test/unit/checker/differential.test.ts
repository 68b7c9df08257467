import assert from "node:assert/strict";
import { test } from "node:test";
import { searchFast } from "../../../sim/checker/fastSearch.ts";
import { type Operation, writeHistory } from "../../../sim/checker/history.ts";
import { isRelevant, prepare } from "../../../sim/checker/keyHistory.ts";
import { searchPlainly } from "../../../sim/checker/plainSearch.ts";
import { findContradiction } from "../../../sim/checker/zones.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import { runSeed } from "../../support/runSeed.ts";
import { type Anomaly, mutate, randomHistory, type Shape } from "./randomHistory.ts";

/** `HOLDFAST_HISTORIES` asks for another number, and then for as long as it takes. */
const HISTORIES = Number(process.env["HOLDFAST_HISTORIES"] ?? 20_000);
const STEPS_MAX = 3_000_000;
const ANOMALIES: readonly (Anomaly | undefined)[] = [undefined, "staleReads", "lostWrites", "inversions"];

test(`the fast checker finds what the plain one finds, in ${HISTORIES} small histories`, (t) => {
  const counts = { ok: 0, violation: 0, undecided: 0 };
  let foundWithoutSearch = 0;
  for (let index = 0; index < HISTORIES; index++) {
    const random = createPrng(`${runSeed}/${index}`);
    const shape = drawShape(random, ANOMALIES[index % ANOMALIES.length]);
    let history = randomHistory(shape, random);
    if (random.chance(1, 2)) history = mutate(history, random);
    const relevant = history.filter(isRelevant);
    const prepared = prepare(relevant);
    const expected = searchPlainly(relevant, STEPS_MAX);
    counts[expected] += 1;
    assert.notEqual(expected, "undecided");
    const contradiction = findContradiction(prepared);
    if (contradiction !== undefined) foundWithoutSearch += 1;
    explain(searchFast(prepared, STEPS_MAX), expected, relevant, index, "search");
    if (contradiction !== undefined) explain("violation", expected, relevant, index, contradiction.reason);
  }
  t.diagnostic(`${counts.ok} linearizable, ${counts.violation} not, ${foundWithoutSearch} of them without a search`);
  assert.ok(counts.ok > HISTORIES / 5 && counts.violation > HISTORIES / 5, "one kind of history is too rare");
});

function explain(found: string, expected: string, history: readonly Operation[], index: number, by: string): void {
  const story = (): string => `history ${index} of seed ${runSeed}, by ${by}:\n${writeHistory(history)}`;
  if (found !== expected) assert.equal(found, expected, story());
}

function drawShape(random: Prng, anomaly: Anomaly | undefined): Shape {
  const weight = (): number => (random.chance(1, 2) ? 0 : random.between(1, 4));
  const shape = {
    processes: random.between(1, 5),
    operations: random.between(3, 12),
    keys: 1,
    weights: { get: 4, set: weight(), delete: weight(), compareAndSet: weight(), increment: weight() },
    unknownPerMille: random.pick([0, 50, 300]),
    values: random.pick([0, 0, 3]),
  };
  if (shape.weights.set + shape.weights.increment + shape.weights.compareAndSet === 0) shape.weights.set = 4;
  return anomaly === undefined ? shape : { ...shape, anomaly };
}
