import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type RunningServer, startServerUnderTest } from "../support/serverUnderTest.ts";
import { fuzzBudget } from "./respFuzz.ts";
import { fuzzServer } from "./serverFuzz.ts";

const INPUTS = 20_000;

describe("a server that is sent anything", () => {
  let server: RunningServer;
  before(async () => {
    server = await startServerUnderTest({ skipsSync: true });
  });
  after(() => server.removeData());

  it("answers what is right, refuses what is wrong, and goes on", async (test) => {
    const budget = fuzzBudget(INPUTS);
    test.diagnostic(`HOLDFAST_SEED=${budget.seed}`);
    const report = await fuzzServer(server, budget);
    test.diagnostic(JSON.stringify(report));
    assert.ok(report.errors > report.inputs / 20, "some inputs are refused");
    assert.equal(await server.stop(), 0, server.output());
  });
});
