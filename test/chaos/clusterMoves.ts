import { setTimeout as sleep } from "node:timers/promises";
import { keySlot } from "../../src/base/crc16.ts";
import type { Prng } from "../../src/base/prng.ts";
import { countSlots, rangesOf, SLOT_COUNT } from "../../src/core/slots/slotRanges.ts";
import type { ClusterRig } from "../support/clusterRig.ts";

type MovingOptions = {
  readonly random: Prng;
  /** Of their slots some are in every move. */
  readonly keys: () => readonly string[];
};

const MORE_SLOTS_MAX = 200;
/** A request that takes longer is left to itself. */
const MOVE_MILLIS_MAX = 15_000;
/** One request in so many is given up while it is carried out. */
const CANCELLED_ONE_IN = 8;
const CANCEL_MILLIS_MAX = 300;
const PAUSE_MILLIS_MAX = 200;

/** Moves slots back and forth between all groups, all the time, also while masters and groups are not there. */
export class SlotMoving {
  /** Slots that were seen where they belong. */
  slots = 0;
  requests = 0;
  /** What was said to requests that were not carried out, or not in time. */
  readonly refusals: string[] = [];
  readonly #rig: ClusterRig;
  readonly #options: MovingOptions;
  readonly #loop: Promise<void>;
  readonly #stop = new AbortController();

  /** Begins at once. */
  constructor(rig: ClusterRig, options: MovingOptions) {
    this.#rig = rig;
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Resolves when nothing more is asked for; moves may be under way still. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { random } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#moveSome();
      } catch (error) {
        this.refusals.push((error as Error).message.split("\n")[0]!);
      }
      await sleep(random.below(PAUSE_MILLIS_MAX));
    }
  }

  async #moveSome(): Promise<void> {
    const { random, keys } = this.#options;
    const used = keys()
      .map(keySlot)
      .filter(() => random.chance(1, 2));
    const first = random.below(SLOT_COUNT - MORE_SLOTS_MAX);
    const more = Array.from({ length: random.below(MORE_SLOTS_MAX) }, (_, index) => first + index);
    const slots = rangesOf([...used, ...more, first]);
    const to = random.pick(this.#rig.groups).group;
    this.requests++;
    const command = { kind: "migrate", slots, to, bytesPerSecondMax: 0 } as const;
    const cancelled = new AbortController();
    const stop = AbortSignal.any([this.#stop.signal, cancelled.signal]);
    const moved = this.#rig.carryOut(command, MOVE_MILLIS_MAX, stop);
    if (random.chance(1, CANCELLED_ONE_IN)) {
      const ended = moved.catch(() => undefined);
      await sleep(random.below(CANCEL_MILLIS_MAX));
      await this.#rig.client.execute({ kind: "cancel", id: "all" }, "");
      cancelled.abort();
      await ended;
      return;
    }
    const { moves } = await moved;
    this.slots += moves.reduce((sum, move) => sum + countSlots(move.slots), 0);
  }
}
