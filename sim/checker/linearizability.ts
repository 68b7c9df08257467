import { shrink } from "./counterexample.ts";
import { searchFast } from "./fastSearch.ts";
import { groupByKey } from "./groupByKey.ts";
import type { Operation } from "./history.ts";
import { isRelevant, type KeyHistory, prepare } from "./keyHistory.ts";
import { type Contradiction, findContradiction } from "./zones.ts";

/**
 * What the checker says of a history. `undecided` is a failure, too: the search took more steps than allowed for this
 * key, and nobody knows whether the history is right.
 */
export type Verdict =
  | { readonly code: "ok"; readonly keys: number; readonly operations: number }
  | {
      readonly code: "violation";
      readonly key: string;
      readonly reason: string;
      /** Few operations that cannot have happened together, in the order of their calls. */
      readonly operations: readonly Operation[];
    }
  | { readonly code: "undecided"; readonly key: string; readonly operations: number; readonly steps: number };

/** What one candidate of a shorter counterexample may cost. */
const SHRINK_STEPS_MAX = 100_000;

/** Enough for every history that keeps to 10 operations under way and 20 unknown outcomes a key. */
const STEPS_MAX = 4_000_000;

/**
 * Whether there is an order of all operations, each one between its call and its return, in which every key behaves like
 * a register that was empty at first (Herlihy and Wing, 1990). Linearizability is local, so each key is judged alone.
 * Reads that asked for eventual consistency and appends are left to other checkers.
 *
 * @param stepsMax what the search may cost a key; at least its number of operations is allowed.
 */
export function checkLinearizable(history: readonly Operation[], stepsMax: number = STEPS_MAX): Verdict {
  let undecided: Verdict | undefined;
  let operations = 0;
  const byKey = groupByKey(history.filter(isRelevant));
  for (const [key, ofKey] of byKey) {
    operations += ofKey.length;
    const verdict = checkKey(key, ofKey, stepsMax);
    if (verdict?.code === "violation") return withRefusals(verdict, history);
    undecided ??= verdict;
  }
  return undecided ?? { code: "ok", keys: byKey.size, operations };
}

type Violation = Extract<Verdict, { code: "violation" }>;

function checkKey(key: string, operations: readonly Operation[], stepsMax: number): Verdict | undefined {
  const history = prepare(operations);
  const contradiction = findContradiction(history);
  if (contradiction !== undefined) {
    return { code: "violation", key, reason: contradiction.reason, operations: evidence(history, contradiction) };
  }
  const result = searchFast(history, Math.max(stepsMax, 2 * operations.length));
  if (result === "ok") return undefined;
  if (result === "undecided") return { code: "undecided", key, operations: operations.length, steps: stepsMax };
  return explain(key, operations, stepsMax);
}

/** The violation in as few operations as can be found, each as it was told in full. */
function explain(key: string, operations: readonly Operation[], stepsMax: number): Violation {
  const candidateStepsMax = Math.min(stepsMax, SHRINK_STEPS_MAX);
  const shrunk = shrink(operations, (candidate) => isViolated(candidate, candidateStepsMax));
  const chosen = new Set(shrunk.map((it) => it.id));
  const left = prepare(operations.filter((it) => chosen.has(it.id)));
  const reason = findContradiction(left)?.reason ?? "no order of these operations explains what the clients were told";
  return { code: "violation", key, reason, operations: left.operations };
}

function isViolated(operations: readonly Operation[], stepsMax: number): boolean {
  const history = prepare(operations);
  return findContradiction(history) !== undefined || searchFast(history, stepsMax) === "violation";
}

/** The operations of a contradiction, and who wrote what they speak of: not a history of its own, but all of the proof. */
function evidence(history: KeyHistory, { operations }: Contradiction): Operation[] {
  const { before, after } = history;
  const chosen = new Set(operations);
  const states = new Set(operations.map((it) => before[it]!));
  for (let operation = 0; operation < after.length; operation++) {
    if (after[operation]! > 0 && states.has(after[operation]!)) chosen.add(operation);
  }
  return [...chosen].sort((one, other) => one - other).map((it) => history.operations[it]!);
}

/** A refused write of a value that was found nevertheless belongs to the evidence. */
function withRefusals(violation: Violation, history: readonly Operation[]): Violation {
  const found = new Set(violation.operations.filter((it) => it.kind === "get").map((it) => it.reply));
  const refused = history.filter(
    (it) => it.outcome === "refused" && it.key === violation.key && "value" in it && found.has(it.value),
  );
  if (refused.length === 0) return violation;
  const operations = [...violation.operations, ...refused].sort(
    (one, other) => one.invokedMicros - other.invokedMicros,
  );
  return { ...violation, reason: `${violation.reason}; a write of such a value was refused`, operations };
}
