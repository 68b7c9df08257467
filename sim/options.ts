import type { Prng } from "../src/base/prng.ts";
import { ENTRY_BYTES_MAX } from "../src/core/state/mutator.ts";
import type { Durability } from "../src/worker/journal.ts";
import type { NodeSizes } from "../src/worker/sizes.ts";
import type { RequestOptions } from "./workload/requests.ts";

const FAULTS = [
  "crash",
  "kill",
  "crash after a reply",
  "stop",
  "full log disk",
  "full store",
  "failing sync",
  "failing disk",
  "failing store",
  "slow disk",
  "wall clock",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What one world is like; all of it drawn from the seed. */
export interface WorldOptions {
  readonly durability: Durability;
  readonly clients: number;
  /** Requests before the world is healed and judged. */
  readonly requests: number;
  /** Between a client's chunks, at most. */
  readonly pauseMicrosMax: number;
  readonly memoryBytesMax: number;
  readonly diskMicrosMax: number;
  readonly engineMicrosMax: number;
  /** A store on a full disk cannot be opened. */
  readonly storeNeedsRoom: boolean;
  /** Between two faults lie up to so many events. */
  readonly eventsBetweenFaults: number;
  readonly faults: readonly Fault[];
  readonly sizes: NodeSizes;
  readonly requestOptions: RequestOptions;
}

export function drawOptions(prng: Prng): WorldOptions {
  return {
    durability: prng.chance(1, 3) ? "memory" : "sync",
    clients: prng.between(1, 5),
    requests: prng.pick([60, 120, 250]),
    pauseMicrosMax: prng.pick([500, 20_000, 400_000]),
    memoryBytesMax: prng.pick([134_000, 150_000, 1 << 30]),
    diskMicrosMax: prng.pick([1, 300, 8_000]),
    engineMicrosMax: prng.pick([1, 1_000, 60_000]),
    storeNeedsRoom: prng.chance(1, 2),
    eventsBetweenFaults: prng.pick([40, 200, 800]),
    faults: FAULTS.filter(() => prng.chance(1, 2)),
    sizes: drawSizes(prng),
    requestOptions: drawRequestOptions(prng),
  };
}

function drawSizes(prng: Prng): NodeSizes {
  return {
    segmentBytesMax: prng.pick([300, 4_000, 1 << 20]),
    aheadBytes: prng.pick([0, 100, 4_000]),
    flushLogBytes: prng.pick([500, 10_000, 1 << 20]),
    dirtyBlockRefs: prng.pick([1, 4, 256]),
    batchBytes: prng.pick([200, 2_000, 1 << 18]),
    batchRecords: prng.pick([1, 6, 1_000]),
    wholeBytesMax: prng.pick([100, 600, 8_192]),
    entryBytesMax: ENTRY_BYTES_MAX,
  };
}

function drawRequestOptions(prng: Prng): RequestOptions {
  const keys = Array.from({ length: prng.pick([3, 8, 30, 30, 400]) }, (_, i) => `k${i}`);
  if (prng.chance(1, 2)) keys.push(..."abc".split("").map((char, i) => char.repeat(254 + i)));
  return {
    keys,
    valueBytesMax: prng.pick([8, 60, 400]),
    hugePerMille: prng.pick([0, 0, 10]),
    elementsMax: prng.pick([5, 40, 150]),
    expiryPerCent: prng.pick([0, 5, 25]),
    blockingPerCent: prng.pick([0, 5, 40]),
    flushPerMyriad: prng.pick([0, 0, 60, 200]),
  };
}
