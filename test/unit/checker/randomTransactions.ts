import type { Transaction, TransactionStep } from "../../../sim/checker/transaction.ts";
import type { Prng } from "../../../src/base/prng.ts";

export type TransactionShape = {
  readonly processes: number;
  readonly transactions: number;
  readonly keys: number;
  readonly unknownPerMille: number;
  /** `stale`: reads an older state. `lost`: acknowledged and not executed. `torn`: other transactions come in between. */
  readonly anomaly?: "stale" | "lost" | "torn" | undefined;
};

type Lists = Map<string, readonly string[]>;
type Planned = {
  steps: readonly TransactionStep[];
  at: number;
  invokedMicros: number;
  returnedMicros: number | null;
  process: string;
};

/** Transactions executed one after another at a random time within their call; the last one reads every key. */
export function randomTransactions(shape: TransactionShape, random: Prng): Transaction[] {
  const planned = plan(shape, random).sort((one, other) => one.at - other.at);
  const states: Lists[] = [new Map()];
  const done: Transaction[] = [];
  let postponed: TransactionStep[] = [];
  for (const [index, { at: _, steps, ...rest }] of planned.entries()) {
    const isUnknown = rest.returnedMicros === null;
    const goesWrong = shape.anomaly !== undefined && random.chance(1, 5) && index < planned.length - 1;
    const isTorn = goesWrong && shape.anomaly === "torn" && steps.length > 1;
    const lists = new Map(states.at(-1)!);
    execute(lists, postponed);
    postponed = isTorn ? steps.slice(1) : [];
    const seen = goesWrong && shape.anomaly === "stale" ? new Map(random.pick(states)) : lists;
    const told = execute(seen, isTorn ? steps.slice(0, 1) : steps);
    const isDropped = isUnknown ? random.chance(1, 2) : goesWrong && shape.anomaly === "lost";
    if (seen !== lists && !isDropped) execute(lists, steps);
    const kept = isDropped ? states.at(-1)! : lists;
    states.push(kept);
    const hidden = (it: TransactionStep): TransactionStep => (it.kind === "read" ? { ...it, elements: null } : it);
    const answered = [...told, ...(isTorn ? steps.slice(1).map(hidden) : [])];
    const outcome = isUnknown ? "unknown" : "ok";
    done.push({ ...rest, id: index + 1, steps: isUnknown ? steps.map(hidden) : answered, outcome, servedBy: "n1" });
  }
  return done;
}

function plan(shape: TransactionShape, random: Prng): Planned[] {
  const freeAt = new Array<number>(shape.processes).fill(0);
  const planned = Array.from({ length: shape.transactions }, (_, index): Planned => {
    const process = random.below(shape.processes);
    const invokedMicros = freeAt[process]! + random.below(20);
    const at = invokedMicros + random.below(30);
    const returnedMicros = at + random.below(30);
    freeAt[process] = returnedMicros;
    const isUnknown = random.chance(shape.unknownPerMille, 1000);
    const steps = Array.from({ length: random.between(1, 3) }, (_, step): TransactionStep => {
      const key = `k${random.below(shape.keys)}`;
      return random.chance(1, 2)
        ? { kind: "append", key, value: `${index}.${step}` }
        : { kind: "read", key, elements: null };
    });
    const name = `c${process}`;
    return {
      steps,
      at: isUnknown ? at + random.below(60) : at,
      invokedMicros,
      returnedMicros: isUnknown ? null : returnedMicros,
      process: name,
    };
  });
  const end = Math.max(...planned.map((it) => Math.max(it.at, it.returnedMicros ?? 0))) + 1;
  const all = Array.from(
    { length: shape.keys },
    (_, key): TransactionStep => ({ kind: "read", key: `k${key}`, elements: null }),
  );
  return [...planned, { steps: all, at: end, invokedMicros: end, returnedMicros: end + 1, process: "last" }];
}

/** Executes steps on lists; returns them with what was read. */
function execute(lists: Lists, steps: readonly TransactionStep[]): TransactionStep[] {
  return steps.map((step) => {
    const old = lists.get(step.key) ?? [];
    if (step.kind === "read") return { ...step, elements: old };
    lists.set(step.key, [...old, step.value]);
    return step;
  });
}

/** Whether some order of the transactions, in keeping with time, explains everything read. Tries them all: for few. */
export function isStrictlySerializable(history: readonly Transaction[]): boolean {
  const failed = new Set<string>();
  const search = (left: readonly Transaction[], lists: Lists): boolean => {
    if (left.every((it) => it.outcome !== "ok")) return true;
    const configuration = JSON.stringify([left.map((it) => it.id), [...lists].sort()]);
    if (failed.has(configuration)) return false;
    const deadline = Math.min(...left.map((it) => it.returnedMicros ?? Number.POSITIVE_INFINITY));
    for (const next of left) {
      if (next.invokedMicros > deadline || next.outcome === "refused") continue;
      const after = new Map(lists);
      const told = execute(after, next.steps);
      const fits = next.steps.every((step, index) => {
        const found = told[index]!;
        if (step.kind !== "read" || found.kind !== "read" || step.elements === null) return true;
        return JSON.stringify(step.elements) === JSON.stringify(found.elements);
      });
      if (
        fits &&
        search(
          left.filter((it) => it !== next),
          after,
        )
      )
        return true;
    }
    failed.add(configuration);
    return false;
  };
  return search(history, new Map());
}
