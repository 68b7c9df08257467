import type { Seq } from "../../../src/base/ids.ts";
import { ok } from "../../../src/base/result.ts";
import { PrimaryRole } from "../../../src/core/replica/primaryRole.ts";
import { ALL_RULES, type ReplicaRules } from "../../../src/core/replica/rules.ts";
import { SecondaryRole } from "../../../src/core/replica/secondaryRole.ts";
import { Log } from "../../../src/storage/log/log.ts";
import { DurablePoint } from "../../../src/worker/durablePoint.ts";
import { HeldReplies } from "../../../src/worker/heldReplies.ts";
import { Undecided } from "../../../src/worker/replication/undecided.ts";
import { exchange, overriding } from "../../sabotage/patching.ts";
import type { ClusterSabotage } from "./clusterSabotage.ts";
import { FORWARD_SABOTAGES } from "./forwardSabotages.ts";
import { MOVE_SABOTAGES } from "./moveSabotages.ts";
import { ONCE_SABOTAGES } from "./onceSabotages.ts";
import { withFaults } from "./withFaults.ts";

/** Bugs that one could have made around the core of a replica, in moving slots and in forwarding. The worlds must find each of them. */
export const CLUSTER_SABOTAGES: Readonly<Record<string, ClusterSabotage>> = {
  "a secondary answers without a lease": {
    patch: () =>
      exchange(SecondaryRole.prototype, "mayServe", () => {
        return function (this: SecondaryRole) {
          return this.isMember;
        };
      }),
    options: (drawn) => withFaults({ ...drawn, machines: 3 }, ["isolation"]),
  },
  "the primary answers without a lease": {
    patch: () =>
      exchange(PrimaryRole.prototype, "mayServe", () => {
        return function (this: PrimaryRole) {
          return this.phase === "active";
        };
      }),
  },
  "a secondary does not wait for what is undecided": {
    patch: () => exchange(Undecided.prototype, "newestOf", () => () => 0),
  },
  "what was undecided at the start is taken for decided": {
    node: ({ undecided }) => {
      Object.defineProperty(undecided, "blindUpTo", { get: () => 0, set: () => undefined });
    },
    options: (drawn) =>
      withFaults({ ...drawn, machines: 3, durability: "sync", diskMicrosMax: 4_000, pauseMicrosMax: 8_000, keys: 1 }, [
        "slow disk",
        "kill",
      ]),
  },
  "a secondary applies what is prepared": {
    node: ({ progress, replica }) => {
      const { advance } = progress;
      progress.advance = (upTo) => advance.call(progress, Math.max(upTo, replica.appendedSeq) as Seq);
    },
  },
  "a cut tail is applied": {
    patch: () => exchange(Undecided.prototype, "truncate", () => () => undefined),
  },
  "the state is flushed before the commit": {
    patch: () => exchange(DurablePoint.prototype, "wait", () => () => Promise.resolve()),
  },
  "what was evaluated stays in memory after the deposition": {
    node: ({ trouble, progress, replica }) => {
      trouble.reload = (then) => {
        progress.evaluated(replica.commitPoint);
        then();
      };
    },
  },
  "what is acknowledged is not on disk": {
    patch: () =>
      exchange(Log.prototype, "adopt", () => {
        return async function (this: Log, records) {
          for (const record of records) this.adoptNow(record);
          return ok(undefined);
        };
      }),
    options: (drawn) => withFaults({ ...drawn, durability: "sync" }, ["crash", "crash of all"]),
  },
  "syncs do nothing": {
    disk: (disk) =>
      overriding(disk, {
        open: async (name, options) => overriding(await disk.open(name, options), { sync: async () => undefined }),
      }),
    options: (drawn) => withFaults({ ...drawn, durability: "sync" }, ["crash", "crash of all"]),
  },
  "what was only in memory is still a member's after a power cut": {
    forgetsBoots: true,
    options: (drawn) => withFaults({ ...drawn, durability: "memory" }, ["crash"]),
  },
  "a snapshot leaves the log as it was": {
    patch: () => exchange(Log.prototype, "reset", () => () => Promise.resolve()),
  },
  "a cut of the log's tail is forgotten": {
    patch: () => exchange(Log.prototype, "truncateAfter", () => () => Promise.resolve()),
  },
  "a restarted primary keeps its epoch": { patch: without("newEpochAfterRestart") },
  "replies go out before the commit": {
    patch: () => exchange(HeldReplies.prototype, "add", () => (client, _seq, output) => client.sink.send(output)),
  },
  "who is deposed says of all that it was not executed": {
    patch: () =>
      exchange(HeldReplies.prototype, "doubt", (original) => {
        return function (this: HeldReplies, commitPoint, _appended, epochAt) {
          return original.call(this, commitPoint, commitPoint, epochAt);
        };
      }),
    options: (drawn) =>
      withFaults({ ...drawn, machines: 3, pauseMicrosMax: 8_000, readPerCent: 20 }, ["take-over", "one-way cut"]),
  },
  "who is deposed says of all that it was executed": {
    patch: () =>
      exchange(HeldReplies.prototype, "release", (original) => {
        return function (this: HeldReplies, commitPoint) {
          return original.call(this, commitPoint, () => "kept");
        };
      }),
  },
  "secondaries expire keys by their own clock": {
    node: ({ executor }) => {
      Object.defineProperty(executor, "decidesExpiry", { get: () => true, set: () => undefined });
    },
  },
  ...MOVE_SABOTAGES,
  ...ONCE_SABOTAGES,
  ...FORWARD_SABOTAGES,
};

/** A rule of the core that is not kept. */
function without(rule: keyof ReplicaRules): () => () => void {
  return () => {
    const rules = ALL_RULES as Record<keyof ReplicaRules, boolean>;
    rules[rule] = false;
    return () => {
      rules[rule] = true;
    };
  };
}
