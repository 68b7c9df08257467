import type { Outcome } from "./history.ts";

/** One `MULTI … EXEC` of `RPUSH` and `LRANGE key 0 -1`. Every value is appended once in the whole history. */
export type Transaction = {
  readonly id: number;
  readonly process: string;
  readonly steps: readonly TransactionStep[];
  readonly invokedMicros: number;
  /** `null` when the outcome is unknown. */
  readonly returnedMicros: number | null;
  readonly outcome: Outcome;
  readonly servedBy: string | null;
};

export type TransactionStep =
  | { readonly kind: "append"; readonly key: string; readonly value: string }
  /** `elements` is what was found; `null` when the client never learned it. */
  | { readonly kind: "read"; readonly key: string; readonly elements: readonly string[] | null };

/** Something that a strictly serializable store cannot show; the names are Adya's, as Elle uses them. */
export type Anomaly = {
  readonly name: string;
  readonly detail: string;
  readonly transactions: readonly Transaction[];
};
