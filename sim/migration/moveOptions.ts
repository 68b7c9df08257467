import { REPLICA_TIMES } from "../../src/core/replica/times.ts";
import { ENTRY_BYTES_MAX } from "../../src/core/state/mutator.ts";
import type { ClusterOptions } from "../cluster/options.ts";
import { NO_COORDINATOR_FAULTS } from "../node/simCoordinator.ts";

/** Whole nodes whose disks, links and coordinator are as they usually are. */
export const MOVE_OPTIONS: ClusterOptions = {
  durability: "sync",
  machines: 4,
  groups: [2, 2],
  moves: undefined,
  onceClients: 0,
  clients: 4,
  chaosMicros: 0,
  pauseMicrosMax: 6_000,
  readPerCent: 50,
  pipelineMax: 1,
  keys: 24,
  clientTimeoutMillis: 4_000,
  memoryBytesMax: 1 << 30,
  diskMicrosMax: 300,
  engineMicrosMax: 1_000,
  delayMicrosMax: 300,
  sessionMillis: 1_500,
  coordinatorFaults: NO_COORDINATOR_FAULTS,
  breakOneIn: 0,
  slowOneIn: 0,
  driftMillionths: 200,
  times: REPLICA_TIMES,
  sizes: {
    segmentBytesMax: 20_000,
    aheadBytes: 4_000,
    flushLogBytes: 4_000,
    dirtyBlockRefs: 4,
    batchBytes: 2_000,
    batchRecords: 6,
    wholeBytesMax: 600,
    backlogBytes: 1 << 20,
    entryBytesMax: ENTRY_BYTES_MAX,
  },
  faults: [],
};
