import type { Prng } from "../../src/base/prng.ts";
import { REPLICA_TIMES, type ReplicaTimes } from "../../src/core/replica/times.ts";
import { ENTRY_BYTES_MAX } from "../../src/core/state/mutator.ts";
import type { Durability } from "../../src/worker/journal.ts";
import type { NodeSizes } from "../../src/worker/sizes.ts";
import type { CoordinatorFaults } from "../node/simCoordinator.ts";

const FAULTS = [
  "kill",
  "crash",
  "crash of all",
  "stop",
  "pause",
  "cut",
  "one-way cut",
  "isolation",
  "broken links",
  "no coordinator",
  "no answers of the coordinator",
  "lost replies of the coordinator",
  "expired session",
  "late server of the coordinator",
  "take-over",
  "slow disk",
  "failing sync",
  "failing disk",
  "failing store",
  "full log disk",
  "full store",
  "wipe",
  "wall clock",
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Something that goes wrong: when, with whom, for how long. */
export interface PlannedFault {
  readonly atMicros: number;
  readonly kind: FaultKind;
  /** Machines, by number; of some kinds the second one does not matter. */
  readonly victim: number;
  readonly other: number;
  readonly micros: number;
  /** Decides what else there is to decide. */
  readonly draw: number;
}

/** What one world is like; all of it drawn from the seed. */
export interface ClusterOptions {
  readonly durability: Durability;
  readonly machines: number;
  readonly clients: number;
  readonly chaosMicros: number;
  /** Between a client's requests, at most. */
  readonly pauseMicrosMax: number;
  readonly readPerCent: number;
  readonly pipelineMax: number;
  readonly keys: number;
  readonly clientTimeoutMillis: number;
  readonly memoryBytesMax: number;
  readonly diskMicrosMax: number;
  readonly engineMicrosMax: number;
  readonly delayMicrosMax: number;
  readonly sessionMillis: number;
  readonly coordinatorFaults: CoordinatorFaults;
  /** One in so many writes to a link breaks it; 0 for none. */
  readonly breakOneIn: number;
  readonly slowOneIn: number;
  /** How much two clocks may differ, in millionths. */
  readonly driftMillionths: number;
  readonly times: ReplicaTimes;
  readonly sizes: NodeSizes;
  readonly faults: readonly PlannedFault[];
}

export function drawClusterOptions(prng: Prng): ClusterOptions {
  const machines = prng.pick([2, 3, 3, 3, 4, 5]);
  const chaosMicros = prng.pick([1_500_000, 4_000_000, 7_000_000]);
  const diskMicrosMax = prng.pick([1, 300, 4_000]);
  const durability = prng.chance(1, 3) ? "memory" : "sync";
  return {
    durability,
    machines,
    clients: prng.between(2, 6),
    chaosMicros,
    pauseMicrosMax: prng.pick([8_000, 40_000, 150_000]),
    readPerCent: prng.pick([20, 50, 80]),
    pipelineMax: prng.pick([1, 1, 4]),
    keys: prng.pick([1, 2, 5]),
    clientTimeoutMillis: prng.pick([300, 1_500, 7_000]),
    memoryBytesMax: prng.pick([134_000, 1 << 30, 1 << 30]),
    diskMicrosMax,
    engineMicrosMax: prng.pick([1, 1_000, 20_000]),
    delayMicrosMax: prng.pick([100, 1_000, 12_000]),
    sessionMillis: prng.pick([600, 1_500]),
    coordinatorFaults: {
      breaksPerMille: prng.pick([0, 0, 30, 150]),
      lagMicrosMax: prng.pick([0, 5_000, 400_000]),
      watchMicrosMax: prng.pick([0, 5_000, 400_000]),
    },
    breakOneIn: prng.pick([0, 0, 400]),
    slowOneIn: prng.pick([0, 0, 50]),
    driftMillionths: prng.pick([0, 500]),
    times: prng.chance(1, 2) ? REPLICA_TIMES : SHORT_TIMES,
    sizes: drawSizes(prng, diskMicrosMax > 300),
    faults: drawFaults(prng.fork("faults"), machines, chaosMicros),
  };
}

/** Everything sooner, so that more happens in the same time. */
const SHORT_TIMES: ReplicaTimes = {
  ...REPLICA_TIMES,
  beaconMillis: 50,
  suspectMillis: 160,
  suspectStaggerMillis: 30,
  evictMillis: 190,
  leaseMillis: 230,
  resendMillis: 120,
  askMillis: 100,
  learnerMillis: 4_000,
};

/** A slow disk with a thousand small files takes longer to be read than anybody waits. */
function drawSizes(prng: Prng, isSlow: boolean): NodeSizes {
  return {
    segmentBytesMax: prng.pick([isSlow ? 4_000 : 300, isSlow ? 4_000 : 2_000, 1 << 20]),
    aheadBytes: prng.pick([0, 100, 4_000]),
    flushLogBytes: prng.pick([300, 300, 2_000, 1 << 20]),
    dirtyBlockRefs: prng.pick([1, 4, 256]),
    batchBytes: prng.pick([200, 2_000, 1 << 18]),
    batchRecords: prng.pick([1, 6, 1_000]),
    wholeBytesMax: prng.pick([100, 600, 8_192]),
    backlogBytes: prng.pick([0, 0, 1 << 20]),
    entryBytesMax: ENTRY_BYTES_MAX,
  };
}

function drawFaults(prng: Prng, machines: number, chaosMicros: number): PlannedFault[] {
  const kinds = FAULTS.filter(() => prng.chance(2, 5));
  const gapMicrosMax = prng.pick([150_000, 600_000, 2_000_000]);
  const faults: PlannedFault[] = [];
  if (kinds.length === 0) return faults;
  for (let atMicros = 600_000; atMicros < chaosMicros; atMicros += prng.between(1, gapMicrosMax)) {
    const victim = prng.below(machines);
    faults.push({
      atMicros,
      kind: prng.pick(kinds),
      victim,
      other: (victim + prng.between(1, machines - 1)) % machines,
      micros: prng.pick([2_000, 60_000, 250_000, 700_000, 2_500_000]),
      draw: prng.u32(),
    });
  }
  return faults;
}
