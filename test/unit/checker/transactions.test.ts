import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Transaction, TransactionStep } from "../../../sim/checker/transaction.ts";
import { checkTransactions } from "../../../sim/checker/transactions.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { runSeed } from "../../support/runSeed.ts";
import { isStrictlySerializable, randomTransactions } from "./randomTransactions.ts";

const HISTORIES = Number(process.env["HOLDFAST_HISTORIES"] ?? 4_000);
const SPEED_MIN = 2_000;

/** `"k+a"` appends a to k, `"k=a,b"` read [a, b], `"k="` read nothing. */
function transaction(
  id: number,
  steps: string,
  from: number,
  to: number | null,
  outcome: Transaction["outcome"] = "ok",
): Transaction {
  const parsed = steps.split(" ").map((step): TransactionStep => {
    const [, key = "", sign, rest = ""] = /^(\w+)([+=])(.*)$/.exec(step)!;
    if (sign === "+") return { kind: "append", key, value: rest };
    return { kind: "read", key, elements: rest === "" ? [] : rest.split(",") };
  });
  const returnedMicros = outcome === "unknown" ? null : to;
  return { id, process: `c${id}`, steps: parsed, invokedMicros: from, returnedMicros, outcome, servedBy: "n1" };
}

describe("what transactions must not show", () => {
  const cases: Record<string, readonly Transaction[]> = {
    garbage: [transaction(1, "x=a", 0, 1)],
    duplicate: [transaction(1, "x+a", 0, 1), transaction(2, "x=a,a", 2, 3)],
    "incompatible-order": [
      transaction(1, "x+a", 0, 9),
      transaction(2, "x+b", 0, 9),
      transaction(3, "x=a,b", 0, 9),
      transaction(4, "x=b", 0, 9),
    ],
    internal: [transaction(1, "x+a", 0, 1), transaction(2, "x+b x=a", 2, 3)],
    G1a: [transaction(1, "x+a", 0, 1, "refused"), transaction(2, "x=a", 2, 3)],
    G1b: [transaction(1, "x+a x+b", 0, 9), transaction(2, "x=a", 0, 9)],
    G0: [transaction(1, "x+a y+b", 0, 9), transaction(2, "x+c y+d", 0, 9), transaction(3, "x=a,c y=d,b", 10, 11)],
    G1c: [transaction(1, "x+a y=b", 0, 9), transaction(2, "y+b x=a", 0, 9)],
    "G-single": [transaction(1, "x+a y+b", 0, 9), transaction(2, "x= y=b", 0, 9), transaction(3, "x=a", 10, 11)],
    G2: [transaction(1, "x= y+b", 0, 9), transaction(2, "y= x+a", 0, 9), transaction(3, "x=a y=b", 10, 11)],
    "G0-realtime": [transaction(1, "x+a", 0, 1), transaction(2, "x+b", 2, 3), transaction(3, "x=b,a", 4, 5)],
    "G1c-realtime": [transaction(1, "x=a", 0, 1), transaction(2, "x+a", 2, 3)],
    "G-single-realtime": [transaction(1, "x+a", 0, 1), transaction(2, "x=", 2, 3)],
  };
  for (const [name, history] of Object.entries(cases)) {
    test(name, () => {
      const verdict = checkTransactions(history);
      assert.equal(verdict.code, "violation");
      if (verdict.code === "violation") assert.equal(verdict.name, name, verdict.detail);
      assert.equal(isStrictlySerializable(history), false);
    });
  }

  test("an anomaly is told in words", () => {
    const verdict = checkTransactions([transaction(1, "x+a", 0, 1), transaction(2, "x=", 2, 3)]);
    assert.ok(verdict.code === "violation");
    assert.match(verdict.detail, /T2 read before T1 wrote/);
    assert.match(verdict.detail, /T1 returned before T2 was called/);
  });
});

test("an unknown transaction counts only if somebody saw it", () => {
  const unknown = transaction(1, "x+a y+b", 0, null, "unknown");
  const code = (...others: Transaction[]) => checkTransactions([unknown, ...others]).code;
  assert.equal(code(transaction(2, "x= y=", 5, 6), transaction(3, "x=a y=b", 7, 8)), "ok");
  assert.equal(code(transaction(2, "x= y=", 5, 6)), "ok");
  assert.equal(code(transaction(2, "x=a y=", 5, 6), transaction(3, "x=a y=b", 7, 8)), "violation");
});

test(`the graph says what trying all orders says, in ${HISTORIES} small histories`, (t) => {
  const anomalies = [undefined, "stale", "lost", "torn"] as const;
  let wrong = 0;
  for (let index = 0; index < HISTORIES; index++) {
    const random = createPrng(`${runSeed}/transactions/${index}`);
    const shape = { processes: random.between(1, 4), transactions: random.between(2, 7), keys: random.between(1, 3) };
    const history = randomTransactions(
      { ...shape, unknownPerMille: random.pick([0, 150]), anomaly: anomalies[index % 4] },
      random,
    );
    const expected = isStrictlySerializable(history) ? "ok" : "violation";
    const found = checkTransactions(history);
    if (expected === "violation") wrong += 1;
    if (found.code !== expected)
      assert.equal(found.code, expected, `history ${index} of seed ${runSeed}: ${JSON.stringify([history, found])}`);
  }
  t.diagnostic(`${wrong} of them not serializable`);
  assert.ok(wrong > HISTORIES / 10);
});

test("the checker is fast", (t) => {
  const shape = { processes: 20, transactions: 20_000, keys: 200, unknownPerMille: 10 };
  const history = randomTransactions(shape, createPrng(5));
  const before = process.cpuUsage();
  const verdict = checkTransactions(history);
  const { user, system } = process.cpuUsage(before);
  const speed = Math.round(history.length / ((user + system) / 1e6));
  t.diagnostic(`${speed} transactions checked a second of processor time`);
  assert.equal(verdict.code, "ok");
  assert.ok(speed > SPEED_MIN, `${speed} transactions a second`);
});
