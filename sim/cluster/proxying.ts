import { commandTable } from "../../src/core/command/commandTable.ts";
import type { Timers } from "../../src/ports/clock.ts";
import type { Node } from "../../src/worker/node.ts";
import type { GroupParts } from "../../src/worker/replication/groupParts.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { SimForward } from "../net/simForward.ts";
import type { ClusterProcess } from "./clusterProcess.ts";
import { ForwardedConnection } from "./forwardedConnection.ts";

/** Connections of other nodes have numbers from here on. */
const FIRST_ID = 10_000;

export interface ProxyingParts {
  readonly process: ClusterProcess;
  readonly node: Node;
  readonly group: GroupParts;
  readonly forward: SimForward;
  readonly scheduler: Scheduler;
  readonly timers: Timers;
  readonly port: number;
  /** So many requests have come from other nodes. */
  readonly onForwarded: (count: number) => void;
}

/** What `--proxy yes` makes of a process: it executes at other nodes what belongs there, and they do so here. */
export class Proxying {
  readonly #node: Node;
  readonly #stopListening: () => void;
  readonly #connections = new Set<ForwardedConnection>();
  #nextId = FIRST_ID;

  constructor({ process, node, group, forward, scheduler, timers, port, onForwarded }: ProxyingParts) {
    const { machine, life, prng } = process;
    this.#node = node;
    node.executor.forwardBy({
      network: forward.of(machine.host, life),
      clock: machine.clock,
      timers,
      random: prng,
      table: commandTable,
      password: () => "",
      self: () => group.clientAddress(group.self.id),
    });
    this.#stopListening = forward.listen({ host: machine.host, life }, port, (wire) => {
      const connection = new ForwardedConnection(this.#nextId++, process, wire, {
        ...{ scheduler, prng, onForwarded },
        onEnded: (ended) => void this.#connections.delete(ended),
      });
      this.#connections.add(connection);
      return connection;
    });
  }

  stopAccepting(): void {
    this.#stopListening();
  }

  /** Other nodes are hung up on, as clients are. */
  endAll(): void {
    for (const connection of [...this.#connections]) connection.end();
  }

  stop(): void {
    this.#node.executor.forwarding!.stop();
  }
}
