import { invariant } from "../../src/base/invariant.ts";
import type {
  Link,
  LinkAddress,
  LinkDownReason,
  LinkEndpoint,
  LinkHandler,
  LinkIdentity,
  LinkJoin,
  LinkStatistics,
} from "../../src/ports/link.ts";
import { dials, LINK_VERSION, type LinkHello, type LinkObjection, objectionTo } from "../../src/ports/linkIdentity.ts";
import type { Life, Scheduled } from "../kernel/scheduler.ts";
import type { SimLink } from "./simLink.ts";
import type { SimNetwork } from "./simNetwork.ts";

interface Expected {
  address: LinkAddress;
  backoffMicros: number;
  next: Scheduled | undefined;
}

/** One process's part in the simulated links. */
export class SimEndpoint implements LinkEndpoint {
  readonly address: LinkAddress;
  readonly self: LinkIdentity;
  readonly process: number;
  readonly life: Life;
  readonly handler: LinkHandler;
  readonly statistics: LinkStatistics = {
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    writes: 0,
    linksUp: 0,
    linksDown: 0,
    failedAttempts: 0,
    framesRefused: 0,
    refusals: new Map(),
  };
  isClosed = false;
  readonly #network: SimNetwork;
  readonly #expected = new Map<string, Expected>();
  readonly #links = new Map<string, SimLink>();
  readonly #told = new Set<string>();

  constructor(network: SimNetwork, join: LinkJoin, address: LinkAddress, process: number, life: Life) {
    this.#network = network;
    this.self = join.self;
    this.handler = join.handler;
    this.address = address;
    this.process = process;
    this.life = life;
  }

  get host(): string {
    return this.address.host;
  }

  get isPaused(): boolean {
    return this.#network.isPaused(this.host);
  }

  expect(replica: string, address: LinkAddress): void {
    invariant(replica !== this.self.replica, "a replica has no link with itself");
    if (this.isClosed) return;
    const known = this.#expected.get(replica);
    if (known !== undefined && known.address.host === address.host && known.address.port === address.port) return;
    if (known?.next !== undefined) known.next.cancelled = true;
    const expected = { address, backoffMicros: this.#network.options.backoffMicrosMin, next: undefined };
    this.#expected.set(replica, expected);
    if (dials(this.self.replica, replica) && this.link(replica) === undefined) this.#callLater(replica, expected, 0);
  }

  forget(replica: string): void {
    const expected = this.#expected.get(replica);
    if (expected?.next !== undefined) expected.next.cancelled = true;
    this.#expected.delete(replica);
    this.#links.get(replica)?.close();
  }

  link(replica: string): Link | undefined {
    const link = this.#links.get(replica);
    return link?.isUp === true ? link : undefined;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#network.left(this);
    for (const { next } of this.#expected.values()) if (next !== undefined) next.cancelled = true;
    for (const link of this.#links.values()) link.abandon();
    this.#links.clear();
  }

  linkDown(link: SimLink, reason: LinkDownReason): void {
    const { replica } = link.peer;
    if (this.isClosed || this.#links.get(replica) !== link) return;
    this.#links.delete(replica);
    this.statistics.linksDown++;
    this.#retry(replica);
    this.handler.onDown(link, reason);
  }

  #retry(replica: string, backoffMicrosMax = this.#network.options.backoffMicrosMax): void {
    const expected = this.#expected.get(replica);
    if (expected === undefined || this.isClosed || !dials(this.self.replica, replica)) return;
    const backoff = Math.min(expected.backoffMicros, backoffMicrosMax);
    expected.backoffMicros = Math.min(expected.backoffMicros * 2, this.#network.options.backoffMicrosMax);
    this.#callLater(replica, expected, this.#network.prng.between(backoff >>> 1, backoff));
  }

  #callLater(replica: string, expected: Expected, micros: number): void {
    if (expected.next !== undefined) expected.next.cancelled = true;
    expected.next = this.#network.scheduler.after(micros, this.life, `call ${replica}`, () => {
      expected.next = undefined;
      this.#network.call(this, replica, expected.address);
    });
  }

  hello(to: string): LinkHello {
    return { version: LINK_VERSION, identity: this.self, process: this.process, to };
  }

  isCalling(replica: string): boolean {
    return !this.isClosed && this.#expected.has(replica) && this.link(replica) === undefined;
  }

  /** Why the one who called and says `hello` gets no link. */
  objectionTo(hello: LinkHello): LinkObjection | undefined {
    const objection = objectionTo(hello, this.self);
    if (objection !== undefined) return objection;
    const { replica } = hello.identity;
    const message = `${this.self.replica} says no to ${replica}`;
    if (!dials(replica, this.self.replica)) return { code: "wrong_direction", message };
    if (!this.#expected.has(replica)) return { code: "unexpected", message };
    const link = this.#links.get(replica);
    return link?.isUp === true && link.process !== hello.process ? { code: "duplicate", message } : undefined;
  }

  /** An attempt led to nothing. */
  callFailed(replica: string, address: string, by: "us" | "peer", objection: LinkObjection | undefined): void {
    this.statistics.failedAttempts++;
    if (objection !== undefined) this.refused(by, address, objection);
    if (objection?.code === "unexpected") this.#retry(replica, this.#network.options.unexpectedBackoffMicrosMax);
    else this.#retry(replica);
  }

  refused(by: "us" | "peer", address: string, { code, message }: LinkObjection): void {
    const { refusals } = this.statistics;
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
    const key = `${address} ${by} ${code}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.handler.onRefusal({ code, by, address, message });
  }

  /** The one who called has heard our answer and agrees. */
  welcomed(link: SimLink): void {
    const objection = this.objectionTo(link.other.endpoint.hello(this.self.replica));
    if (objection === undefined) {
      this.linkUp(link);
      return;
    }
    link.abandon();
    this.refused("us", link.other.endpoint.host, objection);
  }

  linkUp(link: SimLink): void {
    const { replica } = link.peer;
    const old = this.#links.get(replica);
    if (old !== undefined) {
      old.abandon();
      this.linkDown(old, "closed_by_peer");
    }
    this.#links.set(replica, link);
    const expected = this.#expected.get(replica);
    if (expected !== undefined) expected.backoffMicros = this.#network.options.backoffMicrosMin;
    this.statistics.linksUp++;
    this.#told.clear();
    link.come();
    this.handler.onUp(link);
  }
}
