import type { Prng } from "../../../src/base/prng.ts";
import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import type { OnceNumber } from "./kvMessages.ts";
import { OnceLane } from "./onceLane.ts";
import type { OnceWrite, OnceWrites } from "./onceWrites.ts";

const SESSION_BYTES = 16;
const EXPIRY_BYTES = 6;
/** Clocks that somebody sets by an hour or two leave such a session valid. */
const LONG_MILLIS = 12 * 3_600_000;
const LANES_MAX = 4;
const WRITES_MAX = 3_000;

/** A program with a session: several of its writes are under way at the same time, and each is sent until it is answered. */
export class OnceClient {
  readonly name: string;
  readonly world: ClusterWorld;
  readonly writes: OnceWrites;
  readonly prng: Prng;
  readonly lanes: readonly OnceLane[];
  /** By tag, where the primary is that has its slot, as the last `MOVED` has said. */
  readonly primaries = new Map<string, string>();
  isQuiet = false;
  /** Numbers that are not answered, or may be asked for again. */
  readonly #open = new Set<number>();
  #session: Uint8Array;
  #sessions = 0;
  #number = 0;

  constructor(world: ClusterWorld, writes: OnceWrites, id: number, prng: Prng) {
    this.world = world;
    this.writes = writes;
    this.prng = prng;
    this.name = `once${id}`;
    this.#session = this.#newSession();
    const count = prng.between(1, LANES_MAX);
    this.lanes = Array.from({ length: count }, (_, i) => new OnceLane(this, 2_000 + id * LANES_MAX + i));
  }

  /** As whoever is asked grants one: it begins with its end. */
  #newSession(): Uint8Array {
    const { prng, world } = this;
    this.#sessions++;
    const session = new Uint8Array(SESSION_BYTES);
    // Short ones end by wall clocks, which then have to be right.
    const areClocksRight = world.options.faults.every(({ kind }) => kind !== "wall clock");
    const ttlMillis = areClocksRight && prng.chance(1, 4) ? prng.between(300, 5_000) : LONG_MILLIS;
    let expiry = world.machines[0]!.clock.wall() + ttlMillis;
    for (let i = EXPIRY_BYTES - 1; i >= 0; i--, expiry = Math.floor(expiry / 256)) session[i] = expiry % 256;
    for (let i = EXPIRY_BYTES; i < SESSION_BYTES; i++) session[i] = prng.below(256);
    return session;
  }

  /** Something new to ask for; undefined if there is to be nothing new. */
  next(): OnceWrite | undefined {
    const { writes, prng } = this;
    if (this.isQuiet || writes.all.length >= WRITES_MAX) return undefined;
    const number = ++this.#number;
    const { tag, change } = writes.draw(prng);
    const name = `${this.name}.${this.#sessions}/${number}`;
    const write: OnceWrite = {
      ...{ name, tag, change, session: this.#session, number, answer: undefined, isGivenUp: false },
    };
    writes.all.push(write);
    this.#open.add(number);
    return write;
  }

  /** With the session's oldest number that is open. */
  numberOf({ session, number }: OnceWrite): OnceNumber {
    const isPresent = session === this.#session;
    return { session, number, firstOpen: isPresent ? Math.min(...this.#open) : 1 };
  }

  /** It will not be asked for again. */
  close({ session, number }: OnceWrite): void {
    if (session === this.#session) this.#open.delete(number);
  }

  /** Its session has ended: what is asked for next is in another one. */
  renew({ session }: OnceWrite): void {
    if (session !== this.#session) return;
    this.#session = this.#newSession();
    this.#open.clear();
    this.#number = 0;
  }

  count(what: string): void {
    this.world.count(`once: ${what}`);
  }

  fail(message: string): void {
    this.world.fail(new Violation("a write happens once", message));
  }
}
