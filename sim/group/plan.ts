import { createPrng, type Prng } from "../../src/base/prng.ts";
import type { ReplicaTimes } from "../../src/core/replica/times.ts";
import type { NetworkOptions } from "./network.ts";
import type { RegisterOptions, SessionCut } from "./register.ts";

/** What goes wrong, when, and to whom. Times are milliseconds of the world. */
export type Fault = { readonly at: number } & (
  | { readonly kind: "crash"; readonly node: number; readonly millis: number; readonly wiped: boolean }
  | { readonly kind: "crash all"; readonly millis: readonly number[] }
  | { readonly kind: "pause"; readonly node: number; readonly millis: number }
  | {
      readonly kind: "cut";
      readonly from: number;
      readonly to: number;
      readonly both: boolean;
      readonly millis: number;
    }
  | { readonly kind: "isolate"; readonly node: number; readonly millis: number; readonly coordinatorToo: boolean }
  | { readonly kind: "session"; readonly node: number; readonly millis: number; readonly what: SessionCut }
  | { readonly kind: "coordinator down"; readonly millis: number }
  | {
      readonly kind: "depose";
      readonly rank: number;
      readonly keep: number;
      readonly cutMillis: number;
      readonly blind: number;
    }
  | {
      readonly kind: "hand over";
      readonly to: number;
      readonly stay: boolean;
      readonly withdrawAfter: number;
      /** A machine that is cut off so many milliseconds after it has begun. */
      readonly cutOff: number;
      readonly cutAfter: number;
      readonly cutMillis: number;
    }
  | { readonly kind: "leave"; readonly node: number; readonly millis: number }
  | { readonly kind: "slow disk"; readonly node: number; readonly millis: number; readonly stepMillis: number }
  | { readonly kind: "confirm" }
);
type FaultKind = Fault["kind"];

export const PROFILES = ["calm", "harsh", "churn", "hand-over", "coordinator"] as const;
export type Profile = (typeof PROFILES)[number];

/** What one world is like; all of it drawn from the seed. */
export interface GroupPlan {
  readonly seed: string;
  readonly profile: Profile;
  readonly nodes: number;
  /** How many of them are members from the beginning; 0: the first to come founds the group. */
  readonly members: number;
  readonly durability: "sync" | "memory";
  readonly times: ReplicaTimes;
  readonly tickMillis: number;
  readonly diskMillis: number;
  readonly readMillis: number;
  readonly flushMillis: number;
  readonly keptEntries: number;
  readonly clients: number;
  readonly keys: number;
  readonly writesPerCent: number;
  /** Whether a read of a key with an undecided write waits for it at the primary, too; it need not (R12). */
  readonly primaryHolds: boolean;
  readonly network: NetworkOptions;
  readonly register: RegisterOptions;
  readonly faultMillis: number;
  readonly faults: readonly Fault[];
}

type Weights = Readonly<Record<FaultKind, number>>;

const HARSH: Weights = {
  crash: 14,
  "crash all": 1,
  pause: 14,
  cut: 20,
  isolate: 12,
  session: 8,
  "coordinator down": 1,
  depose: 12,
  "hand over": 5,
  leave: 4,
  "slow disk": 5,
  confirm: 4,
};

const WEIGHTS: Readonly<Record<Profile, Weights>> = {
  calm: { ...HARSH, crash: 3, "crash all": 0, pause: 3, cut: 3, isolate: 2, session: 2, depose: 2 },
  harsh: HARSH,
  churn: { ...HARSH, crash: 30, leave: 20, depose: 20, pause: 5, session: 12 },
  "hand-over": { ...HARSH, "hand over": 60, leave: 12, cut: 25, pause: 12 },
  coordinator: { ...HARSH, session: 50, "coordinator down": 8, depose: 18, "slow disk": 2 },
};

export function drawPlan(seed: string, profileWanted?: Profile): GroupPlan {
  const prng = createPrng(seed).fork("plan");
  const drawn = prng.pick(PROFILES);
  const profile = profileWanted ?? drawn;
  const nodes = prng.pick([3, 3, 4, 4, 5]);
  const leaseMillis = prng.pick([60, 60, 100, 200]);
  const faultMillis = prng.pick([400, 900, 1_600]);
  const isCalm = profile === "calm";
  const hasTrouble = profile === "coordinator" || prng.chance(1, 3);
  return {
    seed,
    profile,
    nodes,
    members: prng.chance(1, 5) ? 0 : prng.between(1, Math.min(3, nodes)),
    durability: prng.chance(1, 4) ? "memory" : "sync",
    times: drawTimes(prng, leaseMillis),
    tickMillis: prng.pick([2, 5, 10]),
    diskMillis: prng.pick([0.1, 0.5, 2]),
    readMillis: prng.pick([0.2, 2, 15]),
    flushMillis: prng.pick([10, 50, 200]),
    keptEntries: prng.pick([4, 4, 30, 1_000]),
    clients: prng.between(2, 6),
    keys: prng.between(1, 3),
    writesPerCent: prng.pick([10, 35, 60]),
    primaryHolds: prng.chance(1, 2),
    network: {
      latencyMillis: prng.pick([0.3, 1, 4]),
      lostPerMille: isCalm ? 0 : prng.pick([0, 0, 10, 50]),
      twicePerMille: isCalm ? 0 : prng.pick([0, 0, 10, 100]),
      slowPerMille: prng.pick([0, 30, 60]),
      slowMillis: 40,
      reorders: prng.chance(1, 2),
      encodes: prng.chance(1, 8),
    },
    register: {
      latencyMillis: prng.pick([1, 4]),
      lostRequestPerMille: hasTrouble ? 30 : 0,
      lostReplyPerMille: hasTrouble ? prng.pick([50, 150, 400]) : 0,
      latePerMille: hasTrouble ? prng.pick([0, 50, 200]) : 0,
      lateMillis: prng.pick([50, 150]),
      lagMillis: hasTrouble ? prng.pick([0, 0, 30, 150]) : 0,
      lateWatchPerMille: prng.pick([0, 100, 500]),
    },
    faultMillis,
    faults: drawFaults(prng, profile, nodes, faultMillis),
  };
}

function drawTimes(prng: Prng, leaseMillis: number): ReplicaTimes {
  const beaconMillis = leaseMillis / prng.pick([4, 6]);
  return {
    beaconMillis,
    suspectMillis: leaseMillis * 0.7,
    suspectStaggerMillis: leaseMillis / 10,
    evictMillis: leaseMillis * prng.pick([0.45, 0.8, 1.2]),
    leaseMillis,
    driftRate: 0.01,
    slackMillis: 2,
    resendMillis: leaseMillis * 0.6,
    askMillis: leaseMillis * 0.5,
    learnerMillis: leaseMillis * 8,
  };
}

function drawFaults(prng: Prng, profile: Profile, nodes: number, faultMillis: number): Fault[] {
  const weights = WEIGHTS[profile];
  const gap = profile === "calm" ? 150 : prng.pick([10, 25, 60]);
  const kinds = Object.entries(weights).filter(([, weight]) => weight > 0 && prng.chance(3, 4)) as [
    FaultKind,
    number,
  ][];
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0);
  const faults: Fault[] = [];
  if (total === 0) return faults;
  for (let at = 30 + prng.below(gap); at < faultMillis; at += 1 + prng.below(2 * gap)) {
    let drawn = prng.below(total);
    const [kind] = kinds.find(([, weight]) => {
      drawn -= weight;
      return drawn < 0;
    })!;
    faults.push(drawFault(prng, kind, at, nodes));
  }
  return faults;
}

function drawFault(prng: Prng, kind: FaultKind, at: number, nodes: number): Fault {
  const node = prng.below(nodes);
  const millis = prng.chance(1, 4) ? 1 + prng.below(6) : 10 + prng.below(prng.pick([60, 150, 300]));
  switch (kind) {
    case "crash":
      return { at, kind, node, millis, wiped: prng.chance(1, 8) };
    case "crash all":
      return { at, kind, millis: Array.from({ length: nodes }, () => 1 + prng.below(100)) };
    case "pause":
    case "leave":
      return { at, kind, node, millis };
    case "cut":
      return { at, kind, from: node, to: (node + 1 + prng.below(nodes - 1)) % nodes, both: prng.chance(1, 2), millis };
    case "isolate":
      return { at, kind, node, millis, coordinatorToo: prng.chance(1, 2) };
    case "session":
      return { at, kind, node, millis: millis + 30, what: prng.pick(["requests", "replies", "both", "replies"]) };
    case "coordinator down":
    case "confirm":
      return { at, kind, millis };
    case "depose":
      return {
        at,
        kind,
        rank: prng.below(nodes),
        keep: prng.chance(1, 3) ? 255 : prng.below(256),
        cutMillis: prng.chance(3, 5) ? 40 + prng.below(100) : 0,
        blind: prng.chance(2, 3) ? prng.below(256) : 0,
      };
    case "hand over":
      return {
        at,
        kind,
        to: node,
        stay: prng.chance(2, 3),
        withdrawAfter: prng.chance(1, 3) ? prng.below(80) : 0,
        cutOff: prng.below(nodes),
        cutAfter: prng.below(12),
        cutMillis: prng.chance(1, 3) ? 50 + prng.below(150) : 0,
      };
    case "slow disk":
      return { at, kind, node, millis, stepMillis: prng.pick([5, 20, 60]) };
  }
}
