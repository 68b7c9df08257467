/** What is counted of each slot at each node, in the words of `CLUSTER SLOT-STATS`. */
export type SlotMetric = "reads" | "writes" | "network-bytes-in" | "network-bytes-out" | "cpu-usec";

/** What slots and keys of a node are asked for, as its commands see it. */
export interface NodeHeat {
  /** Since the node began or had the slot, or the last `CONFIG RESETSTAT`. */
  total(slot: number, metric: SlotMetric): number;
  /** Of the last seconds, what is longer ago counting less. */
  perSecond(slot: number, metric: SlotMetric): number;
  /** The keys that are asked for most, the hottest first. */
  topKeys(max: number): readonly { readonly key: string; readonly perSecond: number }[];
}
