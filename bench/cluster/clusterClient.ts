import { setTimeout as sleep } from "node:timers/promises";
import { command, slotCount } from "./keys.ts";
import { NodeConnection } from "./nodeConnection.ts";

/** Refused, and to be sent again soon (Redis Cluster: `TRYAGAIN`). */
const againMillis = 2;
const redirectsMax = 32;
const asking = command("ASKING");

/** Called once with the answer: nothing if all went well, or the error that a client cannot make good. */
export type OnDone = (error: string | undefined) => void;

/**
 * A client of a cluster as libraries are: it sends a request to whom it believes to have the slot, follows `MOVED` (and remembers it) and
 * `ASK`, and tries again after `TRYAGAIN`.
 */
export class ClusterClient {
  redirects = 0;
  readonly #owners: Uint16Array;
  readonly #connections: Map<number, readonly NodeConnection[]>;
  readonly #retries = new Set<Promise<void>>();
  #turn = 0;

  private constructor(owners: Uint16Array, connections: Map<number, readonly NodeConnection[]>) {
    this.#owners = owners;
    this.#connections = connections;
  }

  /** `owners`: the port for each slot. */
  static async open(
    owners: Uint16Array,
    ports: readonly number[],
    connectionsPerNode: number,
    onFailure: (error: Error) => void,
  ): Promise<ClusterClient> {
    const connections = new Map<number, readonly NodeConnection[]>();
    for (const port of ports) {
      const opened = await Promise.all(Array.from({ length: connectionsPerNode }, () => NodeConnection.open(port)));
      for (const connection of opened) connection.onFailure = onFailure;
      connections.set(port, opened);
    }
    if (owners.length !== slotCount) throw new Error("a client has to know who has which slot");
    return new ClusterClient(owners.slice(), connections);
  }

  ownerOf(slot: number): number {
    return this.#owners[slot]!;
  }

  /** Sends a request about a key of this slot, wherever it has to go. */
  send(slot: number, request: string, onDone: OnDone): void {
    this.#sendTo(this.#connection(this.#owners[slot]!), slot, request, onDone, redirectsMax);
  }

  #connection(port: number): NodeConnection {
    const connections = this.#connections.get(port);
    if (connections === undefined) throw new Error(`sent to port ${port}, which is no node`);
    this.#turn = (this.#turn + 1) % connections.length;
    return connections[this.#turn]!;
  }

  #sendTo(connection: NodeConnection, slot: number, request: string, onDone: OnDone, left: number): void {
    connection.send(request, (line) => {
      if (!line.startsWith("-")) return onDone(undefined);
      const [code = "", , address = ""] = line.split(" ");
      if (left === 0) return onDone(`redirected ${redirectsMax} times: ${line}`);
      switch (code) {
        case "-MOVED":
          this.redirects++;
          this.#owners[slot] = portOf(address);
          return this.#sendTo(this.#connection(portOf(address)), slot, request, onDone, left - 1);
        case "-ASK": {
          this.redirects++;
          const other = this.#connection(portOf(address));
          other.send(asking, () => undefined);
          return this.#sendTo(other, slot, request, onDone, left - 1);
        }
        case "-TRYAGAIN": {
          const retry = sleep(againMillis).then(() => this.#sendTo(connection, slot, request, onDone, left - 1));
          this.#retries.add(retry);
          return void retry.finally(() => this.#retries.delete(retry));
        }
        default:
          return onDone(line);
      }
    });
  }

  close(): void {
    for (const connections of this.#connections.values()) for (const connection of connections) connection.close();
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
