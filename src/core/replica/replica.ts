import { type Epoch, type Seq, seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";

/** Who a group's members are: (epoch, primary, secondaries), each named by id and incarnation. */
export interface Configuration {
  readonly epoch: Epoch;
  readonly primary: Member;
  readonly secondaries: readonly Member[];
}

/** A process that holds the group's data. A new incarnation of a replica is another member. */
export interface Member {
  readonly id: string;
  readonly incarnation: number;
}

/**
 * The primary of a group, as far as the log is concerned: hands out seqs, hears what is durable, and says what is committed.
 * Pure: whatever happens comes in as a call, and what follows from it comes back as a value.
 */
export class Replica {
  readonly configuration: Configuration;
  #lastSeq: Seq;
  #commitPoint: Seq;
  /** Per member, in the order primary, secondaries: its durable point. */
  readonly #durable: Seq[];

  /** `lastSeq` is the end of the recovered log: what is in a recovered log of one replica is committed. */
  constructor(configuration: Configuration, lastSeq: Seq) {
    this.configuration = configuration;
    this.#lastSeq = lastSeq;
    this.#commitPoint = lastSeq;
    this.#durable = [lastSeq, ...configuration.secondaries.map(() => seq(0))];
  }

  get epoch(): Epoch {
    return this.configuration.epoch;
  }

  /** Seq of the newest entry, committed or not. */
  get lastSeq(): Seq {
    return this.#lastSeq;
  }

  get nextSeq(): Seq {
    return seq(this.#lastSeq + 1);
  }

  get commitPoint(): Seq {
    return this.#commitPoint;
  }

  /** An entry was evaluated and appended in memory. */
  propose(): Seq {
    this.#lastSeq = seq(this.#lastSeq + 1);
    return this.#lastSeq;
  }

  /** The primary's own log has everything up to `upTo` on disk. Returns the commit point: the lowest durable point of all members. */
  persisted(upTo: Seq): Seq {
    invariant(upTo <= this.#lastSeq, "nothing is durable that was not proposed");
    this.#durable[0] = upTo;
    let lowest = upTo;
    for (const durable of this.#durable) if (durable < lowest) lowest = durable;
    if (lowest > this.#commitPoint) this.#commitPoint = lowest;
    return this.#commitPoint;
  }

  /** The log could not take what is not committed: those entries never were. */
  discardUncommitted(): Seq {
    this.#lastSeq = this.#commitPoint;
    return this.#lastSeq;
  }
}
