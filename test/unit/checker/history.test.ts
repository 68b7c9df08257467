import assert from "node:assert/strict";
import { test } from "node:test";
import { readHistory, writeHistory } from "../../../sim/checker/history.ts";
import { HistoryLog } from "../../../sim/checker/historyLog.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { randomHistory } from "./randomHistory.ts";
import { story } from "./story.ts";

test("a history survives being written and read", () => {
  const weights = { get: 1, set: 1, delete: 1, compareAndSet: 1, increment: 1 };
  const shape = { processes: 4, operations: 200, keys: 5, weights, unknownPerMille: 100, values: 0 };
  const history = [...randomHistory(shape, createPrng(1)), ...story([["c1", "append \u0000ÿ", 1, 2, "n1"]])];
  assert.deepEqual(readHistory(writeHistory(history)), { code: "ok", operations: history });
});

test("a line that is no operation is refused with its number and the reason", () => {
  const [good] = story([["c1", "set a", 0, 1, "n1"]]);
  const line = (changes: object): string => `${writeHistory([good!])}\n${JSON.stringify({ ...good, ...changes })}\n`;
  const reasonOf = (text: string) => readHistory(text);
  assert.deepEqual(reasonOf(`${writeHistory([good!])}{"id":`), { code: "bad_line", line: 2, reason: "not JSON" });
  for (const [changes, reason] of [
    [{ id: "1" }, "no id"],
    [{ kind: "rename" }, "unknown kind"],
    [{ value: 5 }, "no value"],
    [{ outcome: "maybe" }, "no outcome"],
    [{ outcome: "unknown" }, "an unknown outcome has no time of return"],
    [{ returnedMicros: -1 }, "returned before it was called"],
    [{ kind: "get", reply: 7 }, "a get answers text or null"],
    [{ consistency: "strong" }, "unknown consistency"],
  ] as const) {
    assert.deepEqual(reasonOf(line(changes)), { code: "bad_line", line: 3, reason });
  }
});

test("the log keeps the order of events that fall on one tick of the clock", () => {
  const log = new HistoryLog(3);
  const request = { process: "c1", key: "k", servedBy: "n1", consistency: "linearizable" } as const;
  const first = log.invoke({ ...request, kind: "set", value: "a" }, 10);
  log.end(first, { outcome: "ok" }, 10);
  const second = log.invoke({ ...request, kind: "get" }, 10);
  log.end(second, { outcome: "ok", reply: "a", servedBy: "n2" }, 10);
  log.invoke({ ...request, kind: "delete" }, 9);
  const [one, two, three] = log.operations();
  assert.ok(one!.returnedMicros! < two!.invokedMicros && two!.returnedMicros! < three!.invokedMicros);
  assert.deepEqual([one!.outcome, two!.servedBy, three!.outcome, three!.returnedMicros], ["ok", "n2", "unknown", null]);
  assert.equal(log.isFull, true);
  assert.throws(() => log.invoke({ ...request, kind: "get" }, 11), /full length/);
  assert.throws(() => log.end(second, { outcome: "ok" }, 11), /not under way/);
});
