import type { RespValue } from "../oracle/respValue.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import { Connection } from "./connection.ts";
import type { Operation, Requests } from "./requests.ts";

/** In the end every key is read at every replica, and what lists still have at one of them. */
export class FinalReads {
  readonly #world: ClusterWorld;
  readonly #requests: Requests;
  #open = 0;

  constructor(world: ClusterWorld, requests: Requests) {
    this.#world = world;
    this.#requests = requests;
  }

  get isOver(): boolean {
    return this.#open === 0;
  }

  begin(): void {
    const { serving, registers, counters, elements, groups, onceWrites } = this.#world;
    for (const [i, process] of serving.entries()) {
      const asking = { process: `last ${process.machine.id}`, servedBy: process.machine.id };
      const keys = [...registers.all, ...counters.all].filter((key) => key.uses > 0);
      const operations = keys.map((key) => this.#requests.get(asking, key));
      if (i === 0 || groups.length > 1) operations.push(...elements.lists.map((list) => elements.readAll(list)));
      operations.push(...onceWrites.lastReads());
      this.#readAll(1_000 + i, process, operations);
    }
  }

  #readAll(id: number, process: ClusterWorld["serving"][number], operations: Operation[]): void {
    this.#open++;
    const { scheduler } = this.#world;
    const replies = (reply: RespValue): void => {
      operations.shift()!.done([reply]);
      if (operations.length === 0) this.#open--;
    };
    const connection = new Connection(id, process, true, {
      scheduler,
      prng: process.prng,
      answered: replies,
      closed: () => undefined,
    });
    if (operations.length === 0) this.#open--;
    else connection.request(operations.flatMap((operation) => operation.requests));
  }
}
