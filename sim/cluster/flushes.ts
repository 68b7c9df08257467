import type { Prng } from "../../src/base/prng.ts";
import { parseSlotMap } from "../../src/core/slots/slotMap.ts";
import type { RespValue } from "../oracle/respValue.ts";
import type { ClusterProcess } from "./clusterProcess.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import { Connection } from "./connection.ts";
import type { Key } from "./keys.ts";
import type { Requests } from "./requests.ts";
import { slotOfTag } from "./tags.ts";

const CLIENT = 900;
const TIMEOUT_MICROS = 6_000_000;

/** Somebody deletes all keys of a group now and then, whatever slots come and go there. Only one at a time. */
export class Flushes {
  readonly #world: ClusterWorld;
  readonly #requests: Requests;
  #connection: Connection | undefined;

  constructor(world: ClusterWorld, requests: Requests, prng: Prng, count: number) {
    this.#world = world;
    this.#requests = requests;
    for (let i = 0; i < count; i++) {
      world.scheduler.after(prng.below(world.options.chaosMicros), undefined, "flush", () => this.#flush(prng));
    }
  }

  get waits(): boolean {
    return this.#connection !== undefined;
  }

  connectionTo(process: ClusterProcess): Connection | undefined {
    return this.#connection?.process === process ? this.#connection : undefined;
  }

  #flush(prng: Prng): void {
    const primaries = this.#world.serving.filter(({ node }) => node!.replica.mayEvaluate);
    if (this.waits || primaries.length === 0 || this.#world.phase !== "chaos" || this.#world.isHistoryFull) return;
    const process = prng.pick(primaries);
    const asking = { process: "flush", servedBy: process.machine.id };
    const before = this.#mapVersion;
    const spared = new Set(this.#world.tags.filter((tag) => isHidden(process, tag)));
    const isSpared = ({ tag }: Key): boolean =>
      spared.has(tag) && this.#mapVersion === before && isHidden(process, tag);
    const operation = this.#requests.flush(asking, isSpared);
    const { scheduler } = this.#world;
    const end = (reply: RespValue | undefined): void => {
      if (this.#connection !== connection) return;
      timeout.cancelled = true;
      this.#connection = undefined;
      this.#world.count(reply === "OK" ? "flushes" : "flushes that came to nothing");
      if (reply === undefined) operation.lost();
      else operation.done([reply]);
      connection.close();
    };
    const connection = new Connection(CLIENT, process, false, {
      ...{ scheduler, prng },
      answered: end,
      closed: () => end(undefined),
    });
    const timeout = scheduler.after(TIMEOUT_MICROS, undefined, "flush gives up", () => end(undefined));
    this.#connection = connection;
    this.#world.trace(`flush at ${process.machine.id}, which has not ${[...spared].join(" ")}`);
    connection.request(operation.requests);
  }

  get #mapVersion(): number {
    return parseSlotMap(this.#world.coordinator.peek("/slots") ?? "")?.version ?? 0;
  }
}

/** Whether the group has the slot neither now nor before the map changes. */
function isHidden({ node }: ClusterProcess, tag: string): boolean {
  const { slots } = node!.state;
  return slots.isAssigned && slots.isHidden(slotOfTag(tag));
}
