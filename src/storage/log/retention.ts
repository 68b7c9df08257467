import type { Seq } from "../../base/ids.ts";

/** Says that somebody needs what the log has behind an entry: it is not cut until he has moved on or let go. */
export class Retention {
  readonly name: string;
  readonly bytesMax: number;
  #after: Seq;
  #isDropped = false;
  readonly #forget: (retention: Retention) => void;

  constructor(name: string, after: Seq, bytesMax: number, forget: (retention: Retention) => void) {
    this.name = name;
    this.bytesMax = bytesMax;
    this.#after = after;
    this.#forget = forget;
  }

  /** Nothing behind this entry is cut. */
  get after(): Seq {
    return this.#after;
  }

  /** Too much log stood behind `after`, or it was rewritten: what is needed may be gone. */
  get dropped(): boolean {
    return this.#isDropped;
  }

  /** What is up to `after` is needed no more. */
  advance(after: Seq): void {
    if (after > this.#after) this.#after = after;
  }

  release(): void {
    this.#forget(this);
  }

  /** Called by the log. */
  drop(): void {
    this.#isDropped = true;
    this.#forget(this);
  }
}

/** Who needs the log at present. */
export class Retentions {
  readonly #all = new Set<Retention>();

  add(name: string, after: Seq, bytesMax: number): Retention {
    const retention = new Retention(name, after, bytesMax, (gone) => this.#all.delete(gone));
    this.#all.add(retention);
    return retention;
  }

  /** Whether everything up to `upTo` may go. Drops who holds on to more than he may. */
  allowCut(upTo: Seq, bytesAfter: (after: Seq) => number): boolean {
    let isAllowed = true;
    for (const retention of [...this.#all]) {
      if (retention.after >= upTo) continue;
      if (bytesAfter(retention.after) > retention.bytesMax) retention.drop();
      else isAllowed = false;
    }
    return isAllowed;
  }

  /** Entries behind `after` are replaced: who stood behind it has read what no longer is. */
  dropBehind(after: number): void {
    for (const retention of [...this.#all]) if (retention.after > after) retention.drop();
  }

  dropAll(): void {
    this.dropBehind(Number.NEGATIVE_INFINITY);
  }
}
