import type { Epoch } from "../../src/base/ids.ts";
import type { Entry } from "./toyLog.ts";

/** What nobody in the world knows, and the judges do: which entries were committed, in which order. */
export class Ghost {
  /** By seq; the first is nothing. */
  readonly committed: ((Entry & { readonly epoch: Epoch }) | undefined)[] = [undefined];
  /** Where an op that was written stands, if it is committed. */
  readonly placeOf = new Map<number, number>();

  get commitPoint(): number {
    return this.committed.length - 1;
  }
}

/** What a client asked for and what it was told. */
export interface ToyOperation {
  readonly id: number;
  readonly client: number;
  readonly key: number;
  readonly isWrite: boolean;
  readonly began: number;
  /** When the answer came; never, if it is not known. */
  ended: number;
  outcome: "ok" | "refused" | "unknown";
  /** What a read has shown: the id of a write, or 0. */
  shown: number;
  node: string;
}
