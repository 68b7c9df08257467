import { splitAddress } from "../base/address.ts";
import type { HandOver } from "../core/placement/decision.ts";
import { type PlacedGroup, type PlacedReplica, spreadPrimaries } from "../core/placement/spreadPrimaries.ts";
import type { Clock } from "../ports/clock.ts";
import type { WorkerCaller } from "../ports/workerCalls.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { DecisionLog } from "./decisionLog.ts";
import { hasPrimary, secondariesOf } from "./groupViews.ts";

const HAND_OVER_MILLIS_MAX = 5_000;
/** A group's primary is handed over at most so often. */
const REST_MILLIS = 60_000;
/** Nothing is handed over as long as configurations change: somebody is just being started, or has just failed. */
const CALM_MILLIS = 15_000;

export interface SpreadingParts {
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly caller: (worker: string) => WorkerCaller | undefined;
}

/** Hands primaries over, so that they are spread over machines and processes. */
export class Spreading {
  readonly #parts: SpreadingParts;
  readonly #restUntil = new Map<string, number>();
  #configurations = "";
  #calmSince = 0;
  #isHandingOver = false;

  constructor(parts: SpreadingParts) {
    this.#parts = parts;
  }

  /** One hand-over at a time. */
  act(snapshot: TreeSnapshot, advice: boolean): void {
    if (this.#isHandingOver || !this.#isCalm(snapshot)) return;
    for (const handOver of spreadPrimaries(placed(snapshot))) {
      if (this.begin(snapshot, handOver, advice)) return;
    }
  }

  /** Whether it has begun. */
  begin(snapshot: TreeSnapshot, handOver: HandOver, advice: boolean): boolean {
    const { clock, log, caller } = this.#parts;
    const { group, from, to, why } = handOver;
    const now = clock.monotonic();
    const configuration = snapshot.groups.get(group);
    const primary = caller(from);
    if (configuration?.primary.id !== from || primary === undefined) return false;
    if (this.#isHandingOver || now < (this.#restUntil.get(group) ?? 0)) return false;
    const sentence = `group ${group} is to be led by ${to} instead of ${from}: ${why}`;
    if (advice) {
      log.say(`hand over ${group}`, "hand over", sentence, false);
      return false;
    }
    this.#restUntil.set(group, now + REST_MILLIS);
    this.#isHandingOver = true;
    void this.#handOver(primary, configuration.epoch, handOver, sentence);
    return true;
  }

  async #handOver(primary: WorkerCaller, epoch: number, { to }: HandOver, sentence: string): Promise<void> {
    const done = await primary.handOver({ epoch, to }, HAND_OVER_MILLIS_MAX);
    this.#isHandingOver = false;
    const { log } = this.#parts;
    if (done.ok) log.add("hand over", sentence);
    else log.add("hand over", `${sentence}; that did not succeed: ${done.error.message}`, false);
  }

  #isCalm({ groups, workers, moves }: TreeSnapshot): boolean {
    const epochs = [...groups].map(([id, configuration]) => `${id} ${configuration?.epoch}`);
    const now = this.#parts.clock.monotonic();
    const configurations = `${epochs.join(",")} ${[...workers.keys()].join(",")} ${moves.size > 0}`;
    if (configurations !== this.#configurations) {
      this.#configurations = configurations;
      this.#calmSince = now;
    }
    return moves.size === 0 && now - this.#calmSince >= CALM_MILLIS;
  }
}

function placed(snapshot: TreeSnapshot): PlacedGroup[] {
  const place = (worker: string): PlacedReplica => {
    const { resp, pid } = snapshot.workers.get(worker)!;
    const host = splitAddress(resp)?.host ?? resp;
    return { worker, host, process: `${host} ${pid}` };
  };
  return [...snapshot.groups].flatMap(([id, configuration]) => {
    if (configuration === undefined || !hasPrimary(snapshot, id)) return [];
    return [{ id, primary: place(configuration.primary.id), secondaries: secondariesOf(snapshot, id).map(place) }];
  });
}
