import type { Prng } from "../../src/base/prng.ts";
import { REPLICA_TIMES, type ReplicaTimes } from "../../src/core/replica/times.ts";
import { ENTRY_BYTES_MAX } from "../../src/core/state/mutator.ts";
import type { Durability } from "../../src/worker/journal.ts";
import { MOVE_SETTINGS, type MoveSettings } from "../../src/worker/migration/moveSettings.ts";
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
/** What happens to masters, of which there are some where groups share the slots. */
const MASTER_FAULTS = [
  "kill of a master",
  "pause of a master",
  "isolation of a master",
  "no coordinator for a master",
  "lost replies to a master",
  "expired session of a master",
] as const;
/** What happens only to masters that are lain in wait for: it stands still for longer than its session lasts. */
const AMBUSH_FAULT = "absence of a master";
export type FaultKind = (typeof FAULTS)[number] | (typeof MASTER_FAULTS)[number] | typeof AMBUSH_FAULT;

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
  /** Of all groups, one group after the other. */
  readonly machines: number;
  /** How many replicas each group has. Several groups share the slots. */
  readonly groups: readonly number[];
  /** What there is where several groups share the slots. */
  readonly moves: MoveOptions | undefined;
  readonly clients: number;
  /** So many more have sessions, in which their writes happen once. */
  readonly onceClients: number;
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
  /** Nodes execute at others what clients ask for and what belongs there (`--proxy yes`); undefined where they do not. */
  readonly proxies?: true;
}

/** How slots move in a world of several groups. */
export interface MoveOptions {
  readonly masters: number;
  /** All keys are in so many slots. */
  readonly slots: number;
  /** Between two requests of the operator, at most. */
  readonly gapMicrosMax: number;
  /** Of a hundred requests so many give up, or hold up, what goes on. */
  readonly cancelPerCent: number;
  readonly pausePerCent: number;
  /** Of a hundred steps of moves so many are when something goes wrong. */
  readonly ambushPerCent: number;
  /** And of a hundred things that a master is asked, or writes. */
  readonly masterAmbushPerCent: number;
  readonly settings: MoveSettings;
  /** So many times somebody deletes all keys of a group (`FLUSHALL`). */
  readonly flushes: number;
}

/** `groups`: how many there are, at least and at most. */
export function drawClusterOptions(prng: Prng, groups: readonly [number, number]): ClusterOptions {
  const drawn = drawOneGroup(prng);
  const several = prng.fork("groups");
  const count = several.between(...groups);
  const options = count === 1 ? drawn : withMoves(drawn, several, count);
  return prng.fork("proxies").chance(1, 3) ? { ...options, proxies: true } : options;
}

function withMoves(drawn: ClusterOptions, prng: Prng, count: number): ClusterOptions {
  const groups = Array.from({ length: count }, () => prng.pick([1, 2, 2, count === 2 ? 3 : 2]));
  const machines = groups.reduce((sum, replicas) => sum + replicas);
  const slots = prng.between(2, 5);
  return {
    ...drawn,
    machines,
    groups,
    clients: prng.between(3, 6),
    pauseMicrosMax: prng.pick([8_000, 8_000, 40_000]),
    keys: prng.pick([1, 2]),
    delayMicrosMax: prng.pick([100, 1_000, 5_000]),
    faults: drawFaults(prng.fork("faults"), machines, drawn.chaosMicros, [...FAULTS, ...MASTER_FAULTS]),
    moves: {
      masters: prng.between(1, 2),
      slots,
      gapMicrosMax: prng.pick([60_000, 300_000]),
      cancelPerCent: prng.pick([0, 10, 30]),
      pausePerCent: prng.pick([0, 0, 10]),
      ambushPerCent: prng.pick([0, 5, 25]),
      masterAmbushPerCent: prng.fork("masters").pick([0, 0, 0, 20]),
      settings: {
        ...MOVE_SETTINGS,
        sealedMillisMax: prng.pick([150, 600, 2_000]),
        safetyMillis: prng.pick([50, 1_500]),
        deleteKeysMax: prng.pick([1, 256]),
        importBytesMax: prng.pick([500, 4 << 20]),
        idleMillisMax: prng.pick([1_000, 5_000]),
      },
      flushes: prng.pick([0, 0, 1, 4]),
    },
  };
}

function drawOneGroup(prng: Prng): ClusterOptions {
  const machines = prng.pick([2, 3, 3, 3, 4, 5]);
  const chaosMicros = prng.pick([1_500_000, 4_000_000, 7_000_000]);
  const diskMicrosMax = prng.pick([1, 300, 4_000]);
  const durability = prng.chance(1, 3) ? "memory" : "sync";
  return {
    durability,
    machines,
    groups: [machines],
    moves: undefined,
    clients: prng.between(2, 6),
    onceClients: prng.fork("once").pick([0, 0, 1, 2]),
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
    faults: drawFaults(prng.fork("faults"), machines, chaosMicros, FAULTS),
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

function drawFaults(prng: Prng, machines: number, chaosMicros: number, all: readonly FaultKind[]): PlannedFault[] {
  const kinds = all.filter(() => prng.chance(2, 5));
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

/** Only those of the faults that have these numbers. */
export function chosen(
  faults: readonly PlannedFault[],
  numbers: readonly number[] | undefined,
): readonly PlannedFault[] {
  return numbers === undefined ? faults : faults.filter((_, i) => numbers.includes(i));
}
