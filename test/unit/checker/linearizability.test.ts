import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOperations } from "../../../sim/checker/counterexample.ts";
import type { Operation } from "../../../sim/checker/history.ts";
import { isRelevant } from "../../../sim/checker/keyHistory.ts";
import { checkLinearizable } from "../../../sim/checker/linearizability.ts";
import { searchPlainly } from "../../../sim/checker/plainSearch.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { randomHistory, type Shape } from "./randomHistory.ts";
import { story, type Told } from "./story.ts";

const STEPS_MAX = 100_000;
/** Operations a second of processor time; the figure of the machines that this was written on is a hundred times as high. */
const SPEED_MIN = 5_000;

function verdictOf(history: readonly Operation[]): string {
  const { code } = checkLinearizable(history);
  assert.equal(searchPlainly(history.filter(isRelevant), STEPS_MAX), code, "the plain checker says something else");
  return code;
}

describe("what a wrong rule of replication looks like to clients", () => {
  // The numbers are those of the wrong rules; a is written first in all stories.
  const a: Told = ["c1", "set a", 0, 1, "n1"];
  const anomalies: Record<string, readonly Told[]> = {
    "C1 a secondary answers what it has committed, though it knows of more": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c2", "get a", 4, 5, "n2"],
    ],
    "C2 a secondary answers what is not committed": [
      a,
      ["c1", "set b", 2, 20, "n1"],
      ["c2", "get b", 4, 5, "n2"],
      ["c2", "get a", 6, 7, "n3"],
    ],
    "C2 and what it answered never was": [
      a,
      ["c1", "set b", 2, "?", "n1"],
      ["c2", "get b", 4, 5, "n2"],
      ["c2", "get a", 60, 61, "n3"],
      ["c2", "get a", 90, 91, "n3"],
    ],
    "C3 a secondary that is cut off goes on answering": [
      a,
      ["c2", "get a", 2, 3, "n2"],
      ["c1", "set b", 80, 81, "n1"],
      ["c2", "get a", 82, 83, "n2"],
      ["c3", "get b", 84, 85, "n1"],
    ],
    "C4 a primary without a lease goes on answering": [a, ["c1", "set b", 80, 81, "n2"], ["c2", "get a", 82, 83, "n1"]],
    "C5 a removed secondary still has a lease": [
      a,
      ["c1", "set b", 2, 9, "n1"],
      ["c1", "set c", 10, 11, "n1"],
      ["c2", "get a", 12, 13, "n3"],
    ],
    "C6 a new primary begins while the old one serves": [
      a,
      ["c1", "set b", 2, 3, "n2"],
      ["c2", "cas a x yes", 4, 5, "n1"],
      ["c1", "get b", 6, 7, "n2"],
    ],
    "C7 a new primary answers before its barrier": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c2", "get a", 80, 81, "n2"],
      ["c2", "get b", 82, 83, "n2"],
    ],
    "C8 a lease outlives the primary's": [
      a,
      ["c2", "get a", 2, 3, "n3"],
      ["c1", "set b", 60, 61, "n2"],
      ["c2", "get a", 60.5, 66, "n3"],
      ["c3", "get b", 62, 63, "n2"],
      ["c2", "get a", 67, 68, "n3"],
    ],
    "C9 a lease was counted from its receipt": [a, ["c1", "delete yes", 60, 61, "n2"], ["c2", "get a", 62, 63, "n1"]],
    "C10 the member that takes over has never seen the write": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c2", "get a", 80, 81, "n3"],
      ["c1", "get a", 90, 91, "n3"],
    ],
    "C11 the old primary's lease counts without the new member": [
      a,
      ["c1", "set b", 10, 11, "n3"],
      ["c3", "get b", 12, 13, "n3"],
      ["c2", "get a", 14, 15, "n1"],
    ],
    "C12 a secondary infers a commit, the primary answers the old value": [
      a,
      ["c1", "set b", 2, "?", "n1"],
      ["c2", "get b", 4, 5, "n2"],
      ["c3", "get a", 6, 7, "n1"],
      ["c3", "get b", 8, 9, "n1"],
    ],
    "C13 one place in the log has two contents": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c1", "set c", 4, 5, "n1"],
      ["c2", "get c", 6, 7, "n1"],
      ["c2", "get b", 8, 9, "n2"],
      ["c2", "get c", 10, 11, "n1"],
    ],
    "C14 a member lost its tail and takes over": [
      ["c1", "increment 1", 0, 1, "n1"],
      ["c1", "increment 2", 2, 3, "n1"],
      ["c2", "increment 2", 80, 81, "n2"],
    ],
    "C15 a clock stood still while the machine slept": [
      a,
      ["c2", "get a", 2, 3, "n2"],
      ["c1", "cas a b yes", 9000, 9001, "n1"],
      ["c2", "cas a c yes", 9002, 9003, "n2"],
    ],
    "C16 the lease was tested before the read": [a, ["c1", "set b", 2, 3, "n2"], ["c2", "get a", 4, 900, "n1"]],
    "C17 the wait after a removal was left out": [
      a,
      ["c1", "set b", 5, 6, "n1"],
      ["c2", "get b", 7, 8, "n1"],
      ["c3", "get a", 7, 9, "n3"],
      ["c3", "get a", 10, 11, "n3"],
    ],
    "C18 a member truncated what was committed": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c1", "set c", 4, 5, "n1"],
      ["c2", "get a", 80, 81, "n2"],
    ],
    "a refused write takes effect": [a, ["c1", "set b", 2, "refused", "n1"], ["c2", "get b", 8, 9, "n1"]],
    "a write takes effect twice": [
      ["c1", "increment 1", 0, 1, "n1"],
      ["c1", "increment 3", 2, 3, "n1"],
    ],
    "a value comes back after it was overwritten": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c2", "get b", 4, 5, "n1"],
      ["c2", "get a", 6, 7, "n1"],
    ],
    "a key is deleted twice": [a, ["c1", "delete yes", 2, 3, "n1"], ["c2", "delete yes", 4, 5, "n2"]],
    "a compare-and-set fails though nothing else was there": [a, ["c1", "cas a b no", 2, 3, "n1"]],
  };
  for (const [name, lines] of Object.entries(anomalies)) {
    test(name, () => assert.equal(verdictOf(story(lines)), "violation"));
  }
});

describe("what clients may well see", () => {
  const a: Told = ["c1", "set a", 0, 1, "n1"];
  const histories: Record<string, readonly Told[]> = {
    nothing: [],
    "the old value while a write is under way": [
      a,
      ["c1", "set b", 2, 20, "n1"],
      ["c2", "get a", 4, 5, "n2"],
      ["c2", "get b", 6, 7, "n2"],
    ],
    "a read that lasts from the old value to the new one": [
      a,
      ["c1", "set b", 2, 3, "n1"],
      ["c2", "get a", 1, 9, "n2"],
    ],
    "an unknown write that took effect late": [
      a,
      ["c1", "set b", 2, "?", "n1"],
      ["c2", "get a", 50, 51, "n2"],
      ["c2", "get b", 900, 901, "n2"],
    ],
    "an unknown write that never did": [a, ["c1", "set b", 2, "?", "n1"], ["c2", "get a", 50, 51, "n2"]],
    "an unknown delete that explains nothing being there": [
      a,
      ["c1", "delete yes", 2, "?", "n1"],
      ["c2", "get -", 50, 51, "n2"],
    ],
    "an unknown increment between two known ones": [
      ["c1", "increment 1", 0, 1, "n1"],
      ["c1", "increment 0", 2, "?", "n1"],
      ["c2", "increment 3", 4, 5, "n1"],
    ],
    "an unknown swap that makes another one fail": [
      a,
      ["c1", "cas a b yes", 2, "?", "n1"],
      ["c2", "cas a c no", 4, 5, "n1"],
      ["c2", "get b", 6, 7, "n1"],
    ],
    "an eventual read of an old value": [a, ["c1", "set b", 2, 3, "n1"], ["c2", "eventual a", 4, 5, "n2"]],
    "a refused write without effect": [a, ["c1", "set b", 2, "refused", "n1"], ["c2", "get a", 8, 9, "n1"]],
    "events of one moment count as concurrent": [a, ["c1", "set b", 2, 3, "n1"], ["c2", "get a", 3, 4, "n2"]],
  };
  for (const [name, lines] of Object.entries(histories)) {
    test(name, () => assert.equal(verdictOf(story(lines)), "ok"));
  }
});

const PLENTY: Shape = {
  processes: 10,
  operations: 60_000,
  keys: 120,
  weights: { get: 4, set: 3, delete: 1, compareAndSet: 2, increment: 0 },
  unknownPerMille: 10,
  values: 0,
};

test("a counterexample is small and readable, however long the history was", () => {
  const good = randomHistory(
    { ...PLENTY, operations: 600, keys: 1, weights: { ...PLENTY.weights, delete: 0, compareAndSet: 0 } },
    createPrng(3),
  );
  const reads = good.filter((it) => it.kind === "get" && it.outcome === "ok");
  const victim = reads[Math.floor(reads.length / 2)]!;
  const old = reads[5]!.reply;
  const verdict = checkLinearizable(good.map((it) => (it === victim ? { ...it, reply: old } : it)));
  assert.equal(verdict.code, "violation");
  if (verdict.code !== "violation") return;
  assert.ok(verdict.operations.length <= 6, `${verdict.operations.length} operations`);
  const text = formatOperations(verdict.operations);
  assert.match(text, new RegExp(`#${victim.id} +c\\d +get → "${old}" .* n\\d +\\[ *=+ *\\]`));
  assert.match(verdict.reason, /there/);
});

test("a violation that only a search finds is shrunk, too", () => {
  const filler = Array.from({ length: 40 }, (_, index): Told[] => [
    ["c1", `set f${index}`, 2 * index, 2 * index + 1, "n1"],
    ["c2", `get f${index}`, 2 * index + 1, 2 * index + 2, "n2"],
  ]).flat();
  // Both of two concurrent writes are read by both readers, in opposite orders; no zone is forward.
  const heart: Told[] = [
    ["c1", "set x", 200, 300, "n1"],
    ["c2", "set y", 200, 300, "n1"],
    ["c3", "get x", 210, 220, "n1"],
    ["c4", "get y", 215, 225, "n2"],
    ["c3", "get y", 230, 240, "n1"],
    ["c4", "get x", 235, 245, "n2"],
  ];
  const verdict = checkLinearizable(story([...filler, ...heart]));
  assert.equal(verdict.code, "violation");
  if (verdict.code === "violation") assert.ok(verdict.operations.length <= 6, formatOperations(verdict.operations));
});

test("a search that takes too long is undecided, and says so", () => {
  const shape = { ...PLENTY, processes: 50, operations: 5_000, keys: 1 };
  assert.equal(checkLinearizable(randomHistory(shape, createPrng(1)), 2_000).code, "undecided");
});

test("the checker is fast", (t) => {
  const history = randomHistory(PLENTY, createPrng(7));
  const before = process.cpuUsage();
  const verdict = checkLinearizable(history);
  const { user, system } = process.cpuUsage(before);
  const speed = Math.round(history.length / ((user + system) / 1e6));
  t.diagnostic(`${speed} operations checked a second of processor time`);
  assert.equal(verdict.code, "ok");
  assert.ok(speed > SPEED_MIN, `${speed} operations a second`);
});
