import { formatOperations } from "../../checker/counterexample.ts";
import { checkLinearizable } from "../../checker/linearizability.ts";
import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

/** What clients were told of each key can have happened in some order, each operation between its call and its return. */
export function checkHistory(world: ClusterWorld): void {
  const verdict = checkLinearizable(world.history.operations());
  if (verdict.code === "ok") return world.count("operations checked", verdict.operations);
  const name = "keys are linearizable";
  if (verdict.code === "undecided") {
    return world.fail(new Violation(name, `${verdict.key} is undecided after ${verdict.steps} steps`));
  }
  const { key, reason, operations } = verdict;
  world.fail(new Violation(name, `${key}: ${reason}\n${formatOperations(operations)}`));
}
