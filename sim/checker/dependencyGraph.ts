import type { Transaction } from "./transaction.ts";
import type { VersionOrders } from "./versionOrders.ts";

/** Why one transaction comes before another; the values are bits. */
export const DEPENDENCY = {
  /** It wrote the version before. */
  ww: 1,
  /** It wrote what the other read. */
  wr: 2,
  /** It read the version before. */
  rw: 4,
  /** It had returned before the other was called. */
  realTime: 8,
} as const;

/** Edges by their source: those of node `n` are at `first[n]` to `first[n + 1] - 1`. Nodes are indices of transactions. */
export type Graph = {
  readonly nodes: number;
  readonly first: Int32Array;
  readonly to: Int32Array;
  readonly kind: Uint8Array;
};

/** All dependencies among the transactions that were not refused. */
export function dependencyGraph(transactions: readonly Transaction[], orders: VersionOrders): Graph {
  const edges = new Edges(transactions);
  addVersions(edges, orders);
  addReads(edges, orders);
  addRealTime(edges, transactions);
  return edges.graph();
}

class Edges {
  readonly #indices: ReadonlyMap<Transaction, number>;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #kind: number[] = [];

  constructor(transactions: readonly Transaction[]) {
    this.#indices = new Map(transactions.map((it, index) => [it, index]));
  }

  add(from: Transaction, to: Transaction, kind: number): void {
    if (from === to) return;
    this.#from.push(this.#indices.get(from)!);
    this.#to.push(this.#indices.get(to)!);
    this.#kind.push(kind);
  }

  graph(): Graph {
    const nodes = this.#indices.size;
    const first = new Int32Array(nodes + 1);
    for (const from of this.#from) first[from + 1]! += 1;
    for (let node = 0; node < nodes; node++) first[node + 1]! += first[node]!;
    const next = first.slice();
    const to = new Int32Array(this.#to.length);
    const kind = new Uint8Array(this.#to.length);
    for (let edge = 0; edge < this.#from.length; edge++) {
      const at = next[this.#from[edge]!]!;
      next[this.#from[edge]!] = at + 1;
      to[at] = this.#to[edge]!;
      kind[at] = this.#kind[edge]!;
    }
    return { nodes, first, to, kind };
  }
}

function addVersions(edges: Edges, { orders, writers }: VersionOrders): void {
  for (const [key, order] of orders) {
    const ofKey = writers.get(key);
    for (let at = 1; at < order.length; at++) {
      edges.add(ofKey!.get(order[at - 1]!)!.transaction, ofKey!.get(order[at]!)!.transaction, DEPENDENCY.ww);
    }
  }
}

function addReads(edges: Edges, { orders, reads, writers }: VersionOrders): void {
  const unseen = unseenWriters({ orders, writers });
  for (const { reader, key, elements } of reads) {
    const order = orders.get(key)!;
    const ofKey = writers.get(key);
    const last = elements.at(-1);
    if (last !== undefined) edges.add(ofKey!.get(last)!.transaction, reader, DEPENDENCY.wr);
    const next = order[elements.length];
    if (next !== undefined) edges.add(reader, ofKey!.get(next)!.transaction, DEPENDENCY.rw);
    else for (const writer of unseen.get(key)!) edges.add(reader, writer, DEPENDENCY.rw);
  }
}

/**
 * By key, those whose append is not in the longest list, though they did take effect: they were acknowledged, or another
 * one of their appends was seen. They can only come after all who read the longest list.
 */
function unseenWriters({ orders, writers }: Pick<VersionOrders, "orders" | "writers">): Map<string, Transaction[]> {
  const seen = new Set<Transaction>();
  for (const [key, order] of orders) {
    for (const value of order) seen.add(writers.get(key)!.get(value)!.transaction);
  }
  const unseen = new Map<string, Transaction[]>();
  for (const [key, order] of orders) {
    const present = new Set(order);
    const missing: Transaction[] = [];
    for (const [value, { transaction }] of writers.get(key) ?? []) {
      const tookEffect = transaction.outcome === "ok" || seen.has(transaction);
      if (tookEffect && !present.has(value)) missing.push(transaction);
    }
    unseen.set(key, missing);
  }
  return unseen;
}

/** Edges from those that returned last; what they imply is left out. */
function addRealTime(edges: Edges, transactions: readonly Transaction[]): void {
  const events: { readonly micros: number; readonly isCall: boolean; readonly transaction: Transaction }[] = [];
  for (const transaction of transactions) {
    if (transaction.outcome === "refused") continue;
    events.push({ micros: transaction.invokedMicros, isCall: true, transaction });
    if (transaction.returnedMicros === null) continue;
    events.push({ micros: transaction.returnedMicros, isCall: false, transaction });
  }
  events.sort((one, other) => one.micros - other.micros || Number(other.isCall) - Number(one.isCall));
  const frontier = new Set<Transaction>();
  const before = new Map<Transaction, Transaction[]>();
  for (const { isCall, transaction } of events) {
    if (isCall) {
      before.set(transaction, [...frontier]);
      for (const earlier of frontier) edges.add(earlier, transaction, DEPENDENCY.realTime);
      continue;
    }
    for (const earlier of before.get(transaction)!) frontier.delete(earlier);
    before.delete(transaction);
    frontier.add(transaction);
  }
}
