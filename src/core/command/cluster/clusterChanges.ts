import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";
import { adminSubcommand } from "./clusterSpec.ts";

// Groups, members and slots are decided by the groups, the master and the coordinator: a node that is told by a client what to be, as
// `redis-cli --cluster` does, says what to do instead.
const MOVE = "use `holdfast migrate --slots 0-99 --to GROUP`, or `holdfast rebalance`";
const ASSIGN = "the master assigns slots to new groups; `holdfast rebalance` and `holdfast migrate` move them";
const JOIN =
  "start `holdfast worker --group GROUP` with the cluster's --zookeeper; `holdfast rebalance` gives a new group slots";
const LEAVE = "`holdfast drain GROUP` takes its slots away; then stop its workers";
const PRIMARY = "the group chooses its primary; stop the present one, and it hands over before it ends";

interface Change {
  readonly name: string;
  readonly arity: number;
  readonly since: string;
  readonly summary: string;
  readonly syntax?: string;
  readonly complexity?: string;
  readonly hints?: readonly string[];
  readonly history?: readonly (readonly [string, string])[];
  readonly instead: string;
}

const RANGES = "start-slot_end-slot{start-slot<integer> end-slot<integer>}*";
const BY_SLOT = "O(N) where N is the total number of hash slot arguments";
const BY_RANGE = "O(N) where N is the total number of the slots between the start slot and end slot arguments.";

const CHANGES: readonly Change[] = [
  {
    name: "addslots",
    arity: -3,
    since: "3.0.0",
    summary: "Assign new hash slots to receiving node",
    syntax: "slot<integer>*",
    complexity: BY_SLOT,
    instead: ASSIGN,
  },
  {
    name: "addslotsrange",
    arity: -4,
    since: "7.0.0",
    summary: "Assign new hash slots to receiving node",
    syntax: RANGES,
    complexity: BY_RANGE,
    instead: ASSIGN,
  },
  {
    name: "bumpepoch",
    arity: 2,
    since: "3.0.0",
    summary: "Advance the cluster config epoch",
    instead: "epochs are the coordinator's, and nothing has to be repaired by hand",
  },
  {
    name: "delslots",
    arity: -3,
    since: "3.0.0",
    summary: "Set hash slots as unbound in receiving node",
    syntax: "slot<integer>*",
    complexity: BY_SLOT,
    instead: MOVE,
  },
  {
    name: "delslotsrange",
    arity: -4,
    since: "7.0.0",
    summary: "Set hash slots as unbound in receiving node",
    syntax: RANGES,
    complexity: BY_RANGE,
    instead: MOVE,
  },
  {
    name: "failover",
    arity: -2,
    since: "3.0.0",
    summary: "Forces a replica to perform a manual failover of its master.",
    syntax: "[options(FORCE|TAKEOVER)]",
    instead: PRIMARY,
  },
  {
    name: "flushslots",
    arity: 2,
    since: "3.0.0",
    summary: "Delete a node's own slots information",
    instead: LEAVE,
  },
  {
    name: "forget",
    arity: 3,
    since: "3.0.0",
    summary: "Remove a node from the nodes table",
    syntax: "node-id",
    instead: LEAVE,
  },
  {
    name: "meet",
    arity: -4,
    since: "3.0.0",
    summary: "Force a node cluster to handshake with another node",
    syntax: "ip port<integer> [cluster_bus_port<integer>@4.0.0]",
    history: [["4.0.0", "Added the optional `cluster_bus_port` argument."]],
    instead: JOIN,
  },
  {
    name: "replicate",
    arity: 3,
    since: "3.0.0",
    summary: "Reconfigure a node as a replica of the specified master node",
    syntax: "node-id",
    instead: "start the worker with the --group whose replica it is to be",
  },
  {
    name: "reset",
    arity: -2,
    since: "3.0.0",
    summary: "Reset a Redis Cluster node",
    syntax: "[hard_soft(HARD|SOFT)]",
    complexity: "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
    instead: "stop the worker, and start it with an empty --data directory",
  },
  {
    name: "saveconfig",
    arity: 2,
    since: "3.0.0",
    summary: "Forces the node to save cluster state on disk",
    instead: "the coordinator keeps it, and nothing has to be saved",
  },
  {
    name: "set-config-epoch",
    arity: 3,
    since: "3.0.0",
    summary: "Set the configuration epoch in a new node",
    syntax: "config-epoch<integer>",
    instead: "epochs are the coordinator's, and nothing has to be repaired by hand",
  },
  {
    name: "setslot",
    arity: -4,
    since: "3.0.0",
    summary: "Bind a hash slot to a specific node",
    syntax: "slot<integer> subcommand(IMPORTING=node-id|MIGRATING=node-id|NODE=node-id|STABLE)",
    instead: MOVE,
  },
];

export const clusterChanges: readonly CommandSpec[] = CHANGES.map(({ instead, ...facts }) => {
  const text = `ERR CLUSTER ${facts.name.toUpperCase()} does not apply to Holdfast: ${instead}`;
  const spec = adminSubcommand(facts, (call) => fail(call, text));
  return { ...spec, flags: ["admin", "stale", facts.name === "reset" ? "noscript" : "no_async_loading"] };
});
