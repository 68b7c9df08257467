import type { ForwardHandler, ForwardNetwork, ForwardWire } from "../../src/ports/forwarder.ts";
import type { Life } from "../kernel/scheduler.ts";
import { SimForwardWire } from "./simForwardWire.ts";
import type { Carried, Party, SimNetwork } from "./simNetwork.ts";

const CONNECT_MICROS_MAX = 1_000_000;
/** How often somebody asks whether a machine that was there is still there, and how often in vain. */
const KEEP_ALIVE_MICROS = 1_000_000;
const KEEP_ALIVE_ATTEMPTS = 20;

/** Whoever takes connections: what comes over the new one goes to the handler, which is never told that it is open. */
type Accept = (wire: ForwardWire) => ForwardHandler;

interface Listener extends Party {
  readonly accept: Accept;
}

/**
 * Connections to the Redis ports of nodes in virtual time, over the same machines, delays and cuts as the simulated links. A cut
 * holds what is under way; when a connection ends, what was sent last may be lost, also a part of what was sent at once.
 */
export class SimForward implements Carried {
  readonly network: SimNetwork;
  readonly #listeners = new Map<string, Listener>();
  /** Ends that are not over. */
  readonly #wires = new Set<SimForwardWire>();
  /** Those whose machines have gone with them. */
  readonly #vanished = new Set<Life>();

  constructor(network: SimNetwork) {
    this.network = network;
    network.carried.add(this);
  }

  /** The connections as one process on a machine makes them. */
  of(host: string, life: Life): ForwardNetwork {
    return { dial: (address, handler) => this.#dial({ host, life }, address, handler) };
  }

  /** A process takes connections at `host:port`, until the function that is returned is called. */
  listen({ host, life }: Party, port: number, accept: Accept): () => void {
    const address = `${host}:${port}`;
    const listener: Listener = { host, life, accept };
    this.#listeners.set(address, listener);
    return () => {
      if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
    };
  }

  #dial(from: Party, address: string, handler: ForwardHandler): ForwardWire {
    const { network } = this;
    const wire = new SimForwardWire(this, from, handler);
    this.#wires.add(wire);
    wire.timer = network.scheduler.after(CONNECT_MICROS_MAX, from.life, "dialled in vain", () => {
      wire.end("it does not answer");
    });
    network.arriveLater(`dial ${from.host}>${address}`, 0, () => this.#dialled(wire, address));
    return wire;
  }

  #dialled(near: SimForwardWire, address: string): void {
    const { network } = this;
    const host = address.slice(0, address.lastIndexOf(":"));
    if (near.isOver || !near.party.life.alive || network.isCut(near.party.host, host)) return;
    const listener = this.#listeners.get(address);
    if (listener?.life.alive === true) return this.#accept(near, listener);
    if (listener !== undefined && this.#vanished.has(listener.life)) return;
    network.arriveLater(`refusal ${host}>${near.party.host}`, 0, () => {
      if (near.party.life.alive && !network.isCut(host, near.party.host)) near.end("it refuses connections");
    });
  }

  #accept(near: SimForwardWire, listener: Listener): void {
    const far = new SimForwardWire(this, listener);
    this.#wires.add(far);
    near.meet(far);
    far.meet(near);
    this.network.scheduler.after(0, listener.life, "connection accepted", () => far.accepted(listener.accept(far)));
  }

  /** A machine has gone without a word: whoever was connected to it hears of it when it is there again, or in a long time. */
  #watchFor(wire: SimForwardWire, attempt = 1): void {
    const { host } = wire.other!.party;
    this.network.scheduler.after(KEEP_ALIVE_MICROS, wire.party.life, "keep alive", () => {
      if (wire.isOver) return;
      const isThere = [...this.#listeners.values()].some((listener) => listener.host === host && listener.life.alive);
      if (isThere && !this.#isCutOff(wire)) wire.end("it does not know the connection");
      else if (attempt === KEEP_ALIVE_ATTEMPTS) wire.end("it is silent");
      else this.#watchFor(wire, attempt + 1);
    });
  }

  #isCutOff({ party, other }: SimForwardWire): boolean {
    const [here, there] = [party.host, other!.party.host];
    return this.network.isCut(here, there) || this.network.isCut(there, here);
  }

  // What ends tell

  isBlocked(from: Party, to: Party): boolean {
    return this.network.isBlocked(from, to);
  }

  /** Told of every write; may break its connection. */
  written(wire: SimForwardWire): void {
    const { chances, prng } = this.network;
    if (chances.breakOneIn > 0 && prng.chance(1, chances.breakOneIn)) this.#break(wire);
  }

  over(wire: SimForwardWire): void {
    this.#wires.delete(wire);
  }

  #break(wire: SimForwardWire): void {
    const { scheduler } = this.network;
    for (const end of [wire, wire.other!]) {
      end.outgoing.sever();
      scheduler.after(this.network.drawDelayMicros(), end.party.life, "connection broken", () =>
        end.end("it was reset"),
      );
    }
  }

  // What the network tells

  conditionsChanged(): void {
    for (const wire of [...this.#wires]) wire.other?.outgoing.release();
  }

  broken(a: string, b: string): void {
    for (const wire of [...this.#wires]) {
      if (wire.party.host === a && wire.other?.party.host === b) this.#break(wire);
    }
  }

  ended(life: Life, how: "process" | "machine"): void {
    if (how === "machine") this.#vanished.add(life);
    for (const wire of [...this.#wires]) {
      if (wire.party.life !== life) continue;
      if (how === "process") {
        wire.close();
        continue;
      }
      wire.vanish();
      if (wire.other?.isOver === false) this.#watchFor(wire.other);
    }
  }
}
