import assert from "node:assert/strict";
import { it } from "node:test";
import { fuzzParser } from "./parserFuzz.ts";
import { fuzzBudget } from "./respFuzz.ts";

const INPUTS = 120_000;

it("no stream of bytes confuses the request parser", (test) => {
  const budget = fuzzBudget(INPUTS);
  test.diagnostic(`HOLDFAST_SEED=${budget.seed}`);
  const started = performance.now();
  const { inputs, requests, errors } = fuzzParser(budget);
  const perSecond = Math.round((inputs / (performance.now() - started)) * 1000);
  test.diagnostic(`${inputs} inputs, ${requests} requests, ${errors} protocol errors, ${perSecond} inputs a second`);
  assert.ok(errors > inputs / 20 && requests > inputs / 2, "the inputs are neither all good nor all bad");
});
