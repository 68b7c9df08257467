import { setTimeout as pause } from "node:timers/promises";
import { keySlot } from "../../src/base/crc16.ts";
import { createPrng } from "../../src/base/prng.ts";
import { countSlots, hasSlot, rangesOf, SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";
import type { ClusterRig } from "../support/clusterRig.ts";
import { type PauseKind, RedisClusterClients } from "../support/clusterRigClients.ts";
import { playRound, type RoundReport } from "./round.ts";

type CalmOptions = {
  readonly seed: number;
  /** Keys begin with it. */
  readonly name: string;
  /** Moves go on for so long, and until so many slots have moved. */
  readonly millis: number;
  readonly slotsMin: number;
};

/** Of one slot in one move: the longest that a request took for a key of it, in ms. */
type Pauses = Readonly<Record<PauseKind, number[]>>;

export type CalmReport = {
  readonly round: RoundReport;
  readonly requests: number;
  readonly failures: readonly string[];
  readonly moves: number;
  readonly slots: number;
  readonly pauses: Pauses;
  /** The same while nothing moves. */
  readonly unmoved: Pauses;
};

const WATCHED_SLOTS = 6;
const MORE_SLOTS = 94;
const MOVE_MILLIS_MAX = 60_000;
const UNMOVED_TIMES = 5;
const UNMOVED_MILLIS = 400;
const MILLIS_MAX = 200_000;

/** Moves slots under load while nothing else goes wrong: then no request fails, none is answered with what is old, and none waits for long. */
export async function playCalm(rig: ClusterRig, { seed, name, millis, slotsMin }: CalmOptions): Promise<CalmReport> {
  const random = createPrng(seed);
  const first = random.below(SLOT_COUNT - WATCHED_SLOTS);
  const watched = Array.from({ length: WATCHED_SLOTS }, (_, index) => first + index);
  const clients = new RedisClusterClients(rig.endpoints, watched);
  const pauses: Pauses = { write: [], read: [] };
  const unmoved: Pauses = { write: [], read: [] };
  const take = (to: Pauses): void => {
    for (const kind of ["write", "read"] as const) to[kind].push(...clients.takeLongest(kind));
  };
  let moves = 0;
  let slots = 0;
  const round = await playRound(rig, {
    seed,
    name,
    trouble: async ({ keys }) => {
      await pause(UNMOVED_MILLIS);
      take({ write: [], read: [] });
      for (let times = 0; times < UNMOVED_TIMES; times++) {
        await pause(UNMOVED_MILLIS);
        take(unmoved);
      }
      const began = performance.now();
      const passed = (): number => performance.now() - began;
      for (; (passed() < millis || slots < slotsMin) && passed() < MILLIS_MAX; moves++) {
        const others = random.below(SLOT_COUNT - MORE_SLOTS);
        const more = Array.from({ length: MORE_SLOTS }, (_, index) => others + index);
        const moved = rangesOf([...watched, ...more, ...keys().map(keySlot)]);
        const to = rig.groups[moves % rig.groups.length]!.group;
        const command = { kind: "migrate", slots: moved, to, bytesPerSecondMax: 0 } as const;
        take({ write: [], read: [] });
        const plan = await rig.carryOut(command, MOVE_MILLIS_MAX);
        if (plan.moves.some((move) => hasSlot(move.slots, first))) take(pauses);
        slots += plan.moves.reduce((sum, move) => sum + countSlots(move.slots), 0);
      }
    },
  });
  await clients.stop();
  return { round, requests: clients.requests, failures: clients.failures, moves, slots, pauses, unmoved };
}

/** `median 4.1 ms, 99th percentile 31 ms, longest 40 ms of 120` */
export function describePauses(millis: readonly number[]): string {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(1);
  return `median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, longest ${at(1)} ms of ${sorted.length}`;
}
