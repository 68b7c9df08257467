import type { Prng } from "../../src/base/prng.ts";
import { err, ok } from "../../src/base/result.ts";
import type { LinkAddress, LinkJoin, LinkNetwork } from "../../src/ports/link.ts";
import { LINK_FRAME_BYTES_MAX } from "../../src/ports/link.ts";
import type { LinkObjection } from "../../src/ports/linkIdentity.ts";
import { objectionTo } from "../../src/ports/linkIdentity.ts";
import type { Life, Scheduler } from "../kernel/scheduler.ts";
import { SimEndpoint } from "./simEndpoint.ts";
import { SimLink } from "./simLink.ts";

export interface SimNetworkOptions {
  /** How long a write is under way. */
  readonly delayMicrosMin: number;
  readonly delayMicrosMax: number;
  readonly heartbeatMicros: number;
  readonly silenceMicros: number;
  readonly attemptMicrosMax: number;
  readonly backoffMicrosMin: number;
  readonly backoffMicrosMax: number;
  readonly unexpectedBackoffMicrosMax: number;
  readonly bufferBytesMax: number;
}

const DEFAULTS: SimNetworkOptions = {
  delayMicrosMin: 30,
  delayMicrosMax: 1000,
  heartbeatMicros: 100_000,
  silenceMicros: 400_000,
  attemptMicrosMax: 1_000_000,
  backoffMicrosMin: 20_000,
  backoffMicrosMax: 1_000_000,
  unexpectedBackoffMicrosMax: 100_000,
  bufferBytesMax: LINK_FRAME_BYTES_MAX,
};

/** What goes wrong by chance; all may be changed at any time. */
export interface SimNetworkChances {
  /** One in so many writes breaks its connection, and with it what is under way both ways; 0 for none. */
  breakOneIn: number;
  /** One in so many writes takes up to `slowMicrosMax`; 0 for none. */
  slowOneIn: number;
  slowMicrosMax: number;
}

/** One side of a connection: a process on a machine. */
export interface Party {
  readonly host: string;
  readonly life: Life;
}

/** Connections of another kind between the same machines: what befalls the links befalls them, too. */
export interface Carried {
  conditionsChanged(): void;
  broken(a: string, b: string): void;
  ended(life: Life, how: "process" | "machine"): void;
}

/**
 * The links of all replicas in virtual time. Machines are named by the host they listen at. A cut holds what is under way, as TCP
 * does: it arrives when the cut is healed before the link has gone down, else it is lost.
 */
export class SimNetwork {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly options: SimNetworkOptions;
  readonly chances: SimNetworkChances = { breakOneIn: 0, slowOneIn: 0, slowMicrosMax: 0 };
  readonly carried = new Set<Carried>();
  readonly #endpoints = new Map<string, SimEndpoint>();
  /** Both ends of every connection that is not down at both. */
  readonly #ends = new Set<SimLink>();
  /** `from>to` */
  readonly #cuts = new Set<string>();
  readonly #paused = new Set<string>();
  readonly #vanished = new Set<Life>();
  #nextPort = 20_000;

  constructor(scheduler: Scheduler, prng: Prng, options: Partial<SimNetworkOptions> = {}) {
    this.scheduler = scheduler;
    this.prng = prng;
    this.options = { ...DEFAULTS, ...options };
  }

  /** The network as one process sees it. */
  of(life: Life): LinkNetwork {
    return {
      join: async (join: LinkJoin) => {
        const { host } = join.listen;
        const port = join.listen.port === 0 ? this.#nextPort++ : join.listen.port;
        const known = this.#endpoints.get(addressKey({ host, port }));
        if (known?.life.alive === true && !known.isClosed)
          return err({ code: "address_in_use", message: `somebody listens at ${host}:${port}` });
        const process = this.prng.u32();
        const endpoint = new SimEndpoint(this, join, { host, port }, process, life);
        this.#endpoints.set(addressKey(endpoint.address), endpoint);
        return ok(endpoint);
      },
    };
  }

  // Faults

  /** Nothing gets from one machine to another. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
    this.#conditionsChanged();
  }

  cutBoth(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
    this.#conditionsChanged();
  }

  healAll(): void {
    this.#cuts.clear();
    this.#conditionsChanged();
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** The process stops, as with SIGSTOP: what is sent to it waits. Its own timers and events are its world's business. */
  pause(host: string): void {
    this.#paused.add(host);
    this.#conditionsChanged();
  }

  resume(host: string): void {
    this.#paused.delete(host);
    this.#conditionsChanged();
  }

  isPaused(host: string): boolean {
    return this.#paused.has(host);
  }

  /** Breaks the connections between two machines; what was under way is lost. */
  breakLinks(a: string, b: string): void {
    for (const end of [...this.#ends]) {
      if (end.endpoint.host === a && end.other.endpoint.host === b) this.#break(end);
    }
    for (const each of this.carried) each.broken(a, b);
  }

  /** The process with this life has ended: its machine closes the connections, or is gone too. To be called after the end. */
  ended(life: Life, how: "process" | "machine"): void {
    if (how === "machine") this.#vanished.add(life);
    for (const end of [...this.#ends]) {
      if (end.endpoint.life !== life) continue;
      if (how === "machine") end.vanish();
      else end.abandon();
    }
    for (const each of this.carried) each.ended(life, how);
    this.#conditionsChanged();
  }

  // What links ask

  /** What is sent does not arrive at present. */
  isBlocked(from: Pick<Party, "host">, to: Pick<Party, "host">): boolean {
    return this.isCut(from.host, to.host) || this.isPaused(to.host);
  }

  /** Not even a ping comes. */
  isSilent(from: Party, to: Party): boolean {
    return this.isCut(from.host, to.host) || this.isPaused(from.host) || this.#vanished.has(from.life);
  }

  /** Runs something when a write of now arrives, not before `notBefore`; returns when. */
  arriveLater(label: string, notBefore: number, run: () => void): number {
    const { scheduler } = this;
    const at = Math.max(notBefore, scheduler.nowMicros + this.drawDelayMicros());
    scheduler.after(at - scheduler.nowMicros, undefined, label, run);
    return at;
  }

  drawSilenceMicros(): number {
    return this.options.silenceMicros - this.prng.below(this.options.heartbeatMicros);
  }

  connectionEnded(end: SimLink): void {
    this.#ends.delete(end);
  }

  left(endpoint: SimEndpoint): void {
    this.#endpoints.delete(addressKey(endpoint.address));
  }

  /** Tries to make a connection; the outcome comes later. */
  call(from: SimEndpoint, replica: string, address: LinkAddress): void {
    const name = addressKey(address);
    const to = this.#endpoints.get(name);
    if (to === undefined || !to.life.alive || this.#isUnreachable(from, to)) {
      const isDead = to === undefined || !this.#vanished.has(to.life);
      const refusedSoon = isDead && !this.isCut(from.host, address.host) && !this.isCut(address.host, from.host);
      this.#fail(from, replica, name, refusedSoon ? this.drawDelayMicros() : this.options.attemptMicrosMax);
      return;
    }
    this.arriveLater("introduction", 0, () => this.#introduce(from, to, replica, name));
  }

  #introduce(from: SimEndpoint, to: SimEndpoint, replica: string, name: string): void {
    if (!from.life.alive) return;
    if (!to.life.alive || to.isClosed || this.#isUnreachable(from, to)) {
      this.#fail(from, replica, name, this.options.attemptMicrosMax);
      return;
    }
    const objection = to.objectionTo(from.hello(replica));
    if (objection !== undefined) to.refused("us", from.host, objection);
    this.scheduler.after(this.drawDelayMicros(), from.life, "introduction answered", () =>
      this.#answered(from, to, replica, name, objection),
    );
  }

  #answered(
    from: SimEndpoint,
    to: SimEndpoint,
    replica: string,
    name: string,
    objection: LinkObjection | undefined,
  ): void {
    if (!from.isCalling(replica)) return;
    if (!to.life.alive || to.isClosed || this.#isUnreachable(from, to))
      return this.#fail(from, replica, name, this.options.attemptMicrosMax);
    if (objection !== undefined) return from.callFailed(replica, name, "peer", objection);
    const own = objectionTo(to.hello(from.self.replica), from.self);
    if (own !== undefined) return from.callFailed(replica, name, "us", own);
    const near = new SimLink(this, from, to.hello(from.self.replica));
    const far = new SimLink(this, to, from.hello(replica));
    near.other = far;
    far.other = near;
    this.#ends.add(near).add(far);
    near.outgoing.push({ type: "welcome" });
    from.linkUp(near);
  }

  #fail(from: SimEndpoint, replica: string, name: string, micros: number): void {
    this.scheduler.after(micros, from.life, "call failed", () => {
      if (from.isCalling(replica)) from.callFailed(replica, name, "us", undefined);
    });
  }

  #isUnreachable(a: Party, b: Party): boolean {
    return this.isCut(a.host, b.host) || this.isCut(b.host, a.host) || this.isPaused(a.host) || this.isPaused(b.host);
  }

  /** How long a write of now is under way. */
  drawDelayMicros(): number {
    const { prng, options, chances } = this;
    if (chances.slowOneIn > 0 && prng.chance(1, chances.slowOneIn)) return prng.between(0, chances.slowMicrosMax);
    return prng.between(options.delayMicrosMin, options.delayMicrosMax);
  }

  /** Each end notices in its own time. */
  #break(end: SimLink): void {
    const { other } = end;
    end.outgoing.sever();
    other.outgoing.sever();
    for (const each of [end, other]) {
      this.scheduler.after(this.drawDelayMicros(), each.endpoint.life, "link broken", () => each.down("broken"));
    }
  }

  /** Told of every write; may break its connection. */
  written(end: SimLink): void {
    const { breakOneIn } = this.chances;
    if (breakOneIn > 0 && this.prng.chance(1, breakOneIn)) this.#break(end);
  }

  #conditionsChanged(): void {
    for (const end of [...this.#ends]) end.conditionsChanged();
    for (const each of this.carried) each.conditionsChanged();
  }
}

function addressKey({ host, port }: LinkAddress): string {
  return `${host}:${port}`;
}
