import type { Timer, Timers } from "../../ports/clock.ts";
import type { ForwardNetwork } from "../../ports/forwarder.ts";
import { Upstream } from "./upstream.ts";

const IDLE_CHECK_MILLIS = 30_000;

export interface UpstreamsParts {
  readonly network: ForwardNetwork;
  readonly timers: Timers;
  /** The cluster's password, latin1; empty for none. */
  readonly password: () => string;
  readonly onReplies: () => void;
  readonly onRoom: () => void;
}

/** The connections to other nodes: one for each target and protocol that all clients share, and those of single clients. */
export class Upstreams {
  readonly #parts: UpstreamsParts;
  readonly #shared = new Map<string, Upstream>();
  readonly #own = new Set<Upstream>();
  readonly #used = new Set<Upstream>();
  readonly #timer: Timer;

  constructor(parts: UpstreamsParts) {
    this.#parts = parts;
    this.#timer = parts.timers.every(IDLE_CHECK_MILLIS, () => this.#closeIdle());
  }

  get size(): number {
    return this.#shared.size + this.#own.size;
  }

  shared(address: string, protocol: 2 | 3): Upstream {
    const name = `${protocol} ${address}`;
    let upstream = this.#shared.get(name);
    if (upstream === undefined) {
      upstream = this.#open(address, protocol, false);
      if (!upstream.isClosed) this.#shared.set(name, upstream);
    }
    this.#used.add(upstream);
    return upstream;
  }

  /** A connection of one client, which closes it. */
  own(address: string, protocol: 2 | 3): Upstream {
    const upstream = this.#open(address, protocol, true);
    if (!upstream.isClosed) this.#own.add(upstream);
    return upstream;
  }

  #open(address: string, protocol: 2 | 3, asksId: boolean): Upstream {
    const { network, timers, password, onReplies, onRoom } = this.#parts;
    return new Upstream({
      ...{ network, timers, address, protocol, onReplies, onRoom },
      password: password(),
      asksId,
      onClosed: (closed) => this.#closed(closed),
    });
  }

  #closed(upstream: Upstream): void {
    const name = `${upstream.protocol} ${upstream.address}`;
    if (this.#shared.get(name) === upstream) this.#shared.delete(name);
    this.#own.delete(upstream);
    this.#used.delete(upstream);
  }

  #closeIdle(): void {
    for (const upstream of this.#shared.values())
      if (!this.#used.has(upstream) && upstream.outstanding === 0) upstream.close("it is not needed");
    this.#used.clear();
  }

  stop(): void {
    this.#timer.cancel();
    for (const upstream of [...this.#shared.values(), ...this.#own]) upstream.close("this node is stopping");
  }
}
