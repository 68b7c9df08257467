import { firstAssignment } from "../core/placement/firstAssignment.ts";
import { encodeSlotMap, firstSlotMap } from "../core/slots/slotMap.ts";
import { countSlots } from "../core/slots/slotRanges.ts";
import type { Clock } from "../ports/clock.ts";
import { type ClusterSettings, weightOf } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { DecisionLog } from "./decisionLog.ts";
import type { FencedWrites } from "./fencedWrites.ts";
import { hasPrimary } from "./groupViews.ts";

export interface FirstSlotsOptions {
  /** Slots are shared out when so many groups are there; undefined: when no group has come for `settleMillis`. */
  readonly groupsExpected: number | undefined;
  readonly settleMillis: number;
}

/** Makes `/slots`, once in a cluster's life: each group begins with its slots, asking nobody for data. */
export class FirstSlots {
  readonly #clock: Clock;
  readonly #options: FirstSlotsOptions;
  readonly #log: DecisionLog;
  #groups = "";
  #since = 0;

  constructor(clock: Clock, options: FirstSlotsOptions, log: DecisionLog) {
    this.#clock = clock;
    this.#options = options;
    this.#log = log;
  }

  /** Whoever is first wins: a group that came with its data may have made `/slots` itself. */
  async act(snapshot: TreeSnapshot, settings: ClusterSettings, writes: FencedWrites): Promise<void> {
    if (!snapshot.isUnassigned) return;
    const groups = [...snapshot.groups.keys()].filter(
      (id) => hasPrimary(snapshot, id) && !settings.draining.includes(id),
    );
    if (!this.#areSettled(groups)) return;
    const first = firstAssignment(groups.map((id) => ({ id, weight: weightOf(settings, id) })));
    if (!first.ok) {
      this.#log.say("first", "wait", first.error, false);
      return;
    }
    const data = encodeSlotMap(firstSlotMap(first.value));
    const made = await writes.write([{ op: "create", path: "/slots", data, kind: "durable" }]);
    if (!made.ok) return;
    const shares = Object.entries(first.value).map(([id, ranges]) => `${id} ${countSlots(ranges)}`);
    this.#log.add("assign", `the slots of a new cluster were shared out by weight: ${shares.join(", ")}`);
  }

  #areSettled(groups: readonly string[]): boolean {
    const names = groups.join(" ");
    const now = this.#clock.monotonic();
    if (names !== this.#groups) {
      this.#groups = names;
      this.#since = now;
    }
    const { groupsExpected, settleMillis } = this.#options;
    if (groups.length === 0) return false;
    return groupsExpected === undefined ? now - this.#since >= settleMillis : groups.length >= groupsExpected;
  }
}
