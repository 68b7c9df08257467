import type { Call } from "../call.ts";
import type { ClusterFacts } from "../clusterFacts.ts";
import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";

/** Redis's answer of a node without `cluster-enabled`; ours is one that is alone. */
const DISABLED = "ERR This instance has cluster support disabled";

export const SLOT_LAST = 16_383;

type Facts = Pick<CommandSpec, "name" | "arity" | "since" | "summary"> &
  Partial<Pick<CommandSpec, "syntax" | "complexity" | "hints" | "history" | "deprecated">>;

/** A subcommand of `CLUSTER` that only looks. */
export function clusterSubcommand(facts: Facts, evaluate: (call: Call, cluster: ClusterFacts) => void): CommandSpec {
  return { complexity: "O(1)", ...facts, flags: ["stale"], group: "cluster", evaluate: inGroup(evaluate) };
}

/** One that Redis keeps to administrators. */
export function adminSubcommand(facts: Facts, evaluate: (call: Call, cluster: ClusterFacts) => void): CommandSpec {
  return { ...clusterSubcommand(facts, evaluate), flags: ["admin", "stale"] };
}

/** Lets the command be evaluated only where there is a group. */
export function inGroup(evaluate: (call: Call, cluster: ClusterFacts) => void): (call: Call) => void {
  return (call) => {
    const cluster = call.node.cluster();
    if (cluster === undefined) fail(call, DISABLED);
    else evaluate(call, cluster);
  };
}
