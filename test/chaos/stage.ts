import { setTimeout as sleep } from "node:timers/promises";
import type { Prng } from "../../src/base/prng.ts";
import { ClusterRig } from "../support/clusterRig.ts";
import { GroupRig } from "../support/groupRig.ts";
import { CLUSTER_FAULTS, type ClusterFault } from "./clusterFaults.ts";
import { SlotMoving } from "./clusterMoves.ts";
import type { Fault, LoadFacts } from "./faults.ts";
import type { RoundRig } from "./round.ts";

type StageOptions = {
  readonly zookeeperServers: 1 | 3;
  readonly diskFaults: boolean;
  readonly args: readonly string[];
};

type StageFault = Pick<Fault, "name" | "needs"> & {
  readonly inject: (random: Prng, load: LoadFacts) => Promise<void>;
};

/** A group, or a cluster, with what can go wrong there. */
export interface Stage {
  readonly rig: RoundRig & { stop(): Promise<void> };
  /** Those that are possible here. */
  readonly faults: readonly StageFault[];
  /** What goes on all the time while faults are played; answers what came of it, for people. */
  readonly meanwhile: (random: Prng, load: LoadFacts, play: () => Promise<void>) => Promise<string>;
}

/** The rig is of several groups. */
export type ClusterStage = Stage & { readonly rig: ClusterRig };

const MOVES_BEFORE_MILLIS = [0, 3_000] as const;
/** Moves that faults have delayed go on for so long. */
const MOVES_AFTER_MILLIS = 2_000;
const REFUSAL_CHARACTERS_MAX = 160;

export async function groupStage(options: StageOptions, faults: readonly Fault[]): Promise<Stage> {
  const rig = await GroupRig.start(options);
  return {
    rig,
    faults: bound(rig, faults, options),
    meanwhile: async (_random, _load, play) => {
      await play();
      return "";
    },
  };
}

/** Slots move all the time. */
export async function clusterStage(
  options: StageOptions,
  faults: readonly ClusterFault[] = CLUSTER_FAULTS,
): Promise<ClusterStage> {
  const rig = await ClusterRig.start(options);
  return {
    rig,
    faults: bound(rig, faults, options),
    meanwhile: async (random, { keys }, play) => {
      const moving = new SlotMoving(rig, { random, keys });
      try {
        await sleep(random.between(...MOVES_BEFORE_MILLIS));
        await play();
      } finally {
        await rig.repair();
        await sleep(MOVES_AFTER_MILLIS);
        await moving.stop();
      }
      const refused = [...new Set(moving.refusals)].map(
        (refusal) => `\n      ${refusal.slice(0, REFUSAL_CHARACTERS_MAX)}`,
      );
      const late = `${moving.refusals.length} were refused or late`;
      return `${moving.requests} requests moved ${moving.slots} slots, ${late}${refused.join("")}`;
    },
  };
}

type Bindable<Rig> = Pick<Fault, "name" | "needs"> & {
  readonly inject: (rig: Rig, random: Prng, load: LoadFacts) => Promise<void>;
};

function bound<Rig extends { readonly diskFaults: boolean }>(
  rig: Rig,
  faults: readonly Bindable<Rig>[],
  { zookeeperServers }: StageOptions,
): StageFault[] {
  const isThere = (needs: Fault["needs"]): boolean =>
    needs === undefined || (needs === "disk" ? rig.diskFaults : zookeeperServers > 1);
  return faults
    .filter(({ needs }) => isThere(needs))
    .map(({ inject, ...facts }) => ({ ...facts, inject: (random, load) => inject(rig, random, load) }));
}

/** Plays faults at the same time. */
export async function playFaults(faults: readonly StageFault[], random: Prng, load: LoadFacts): Promise<void> {
  // Two at once get in each other's way: what one wanted to wait for may not come, because of the other.
  const outcomes = await Promise.allSettled(faults.map((fault) => fault.inject(random.fork(fault.name), load)));
  if (faults.length > 1) return;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
