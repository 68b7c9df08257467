import type { Prng } from "../../src/base/prng.ts";
import { drawMicros } from "./chance.ts";
import type { ToyOperation } from "./ghost.ts";
import type { GroupWorld } from "./groupWorld.ts";

const GIVES_UP_MICROS = 250_000;

/** Clients that write what nobody has written before, and read from any replica, one request each at a time. */
export class Clients {
  readonly operations: ToyOperation[] = [];
  stopped = false;
  readonly #world: GroupWorld;
  readonly #prng: Prng;

  constructor(world: GroupWorld) {
    this.#world = world;
    this.#prng = world.prng.fork("clients");
    for (let client = 0; client < world.plan.clients; client++) this.#after(5, () => this.#next(client));
  }

  #after(millis: number, run: () => void): void {
    this.#world.scheduler.after(drawMicros(this.#prng, millis), undefined, "client", run);
  }

  #next(client: number): void {
    if (this.stopped) return;
    const { plan, scheduler, nodes, isHealed } = this.#world;
    const operation: ToyOperation = {
      id: this.operations.length + 1,
      client,
      key: this.#prng.below(plan.keys),
      // Enough of them that none being acknowledged is no accident.
      isWrite: this.#prng.chance(isHealed ? 80 : plan.writesPerCent, 100),
      began: scheduler.nowMicros,
      ended: Number.POSITIVE_INFINITY,
      outcome: "unknown",
      shown: 0,
      node: "",
    };
    this.operations.push(operation);
    const target = operation.isWrite && this.#prng.chance(9, 10) ? this.#primary() : this.#prng.below(nodes.length);
    let isOver = false;
    const goOn = () => {
      if (isOver) return;
      isOver = true;
      this.#after(operation.outcome === "ok" ? 4 : 15, () => this.#next(client));
    };
    scheduler.after(GIVES_UP_MICROS, undefined, "client gives up", goOn);
    const end = (outcome: "ok" | "refused" | "unknown") =>
      this.#after(0.5, () => {
        if (isOver) return;
        operation.outcome = outcome;
        if (outcome === "ok") operation.ended = scheduler.nowMicros;
        goOn();
      });
    this.#after(this.#prng.chance(1, 50) ? 60 : 0.5, () => this.#ask(operation, target, end));
  }

  #ask(operation: ToyOperation, target: number, end: (outcome: "ok" | "refused" | "unknown") => void): void {
    const node = this.#world.nodes[target]!;
    const { process } = node;
    if (process === undefined || this.stopped) return end("refused");
    operation.node = node.id;
    node.run(process, () => {
      if (operation.isWrite) return process.act(() => process.write(operation.id, operation.key, end));
      process.act(() =>
        process.reads.read(operation.key, (shown) => {
          operation.shown = shown ?? 0;
          end(shown === undefined ? "refused" : "ok");
        }),
      );
    });
  }

  #primary(): number {
    const id = this.#world.register.value?.primary.id;
    const index = this.#world.nodes.findIndex((node) => node.id === id);
    return Math.max(0, index);
  }
}
