import { invariant } from "../../src/base/invariant.ts";
import { components, shortestPath } from "./cycles.ts";
import { DEPENDENCY, dependencyGraph, type Graph } from "./dependencyGraph.ts";
import type { Anomaly, Transaction } from "./transaction.ts";
import { findVersionOrders } from "./versionOrders.ts";

export type TransactionVerdict =
  | { readonly code: "ok"; readonly transactions: number }
  | ({ readonly code: "violation" } & Anomaly);

const { ww, wr, rw, realTime } = DEPENDENCY;

/** From the worst to the mildest; `single` asks for exactly one `rw` in the cycle. */
const CYCLES = [
  { name: "G0", kinds: ww, single: false },
  { name: "G1c", kinds: ww | wr, single: false },
  { name: "G-single", kinds: ww | wr, single: true },
  { name: "G2", kinds: ww | wr | rw, single: false },
  { name: "G0-realtime", kinds: ww | realTime, single: false },
  { name: "G1c-realtime", kinds: ww | wr | realTime, single: false },
  { name: "G-single-realtime", kinds: ww | wr | realTime, single: true },
  { name: "G2-realtime", kinds: ww | wr | rw | realTime, single: false },
] as const;

/** How many starting points are tried for a short cycle. */
const STARTS_MAX = 200;

/**
 * Whether transactions over lists are strictly serializable, after Elle (Kingsbury and Alvaro, 2020): what was read tells
 * the order of the writes, the orders and time tell who came before whom, and nobody may come before itself. Nothing is
 * missed when the last transactions read every key; what nobody read later than that is not judged.
 */
export function checkTransactions(history: readonly Transaction[]): TransactionVerdict {
  const orders = findVersionOrders(history);
  if ("name" in orders) return { code: "violation", ...orders };
  const graph = dependencyGraph(history, orders);
  const all = components(graph, ww | wr | rw | realTime);
  if (all.every((component, node) => component === node)) return { code: "ok", transactions: history.length };
  for (const { name, kinds, single } of CYCLES) {
    const cycle = single ? cycleWithOneRead(graph, kinds, all) : shortCycle(graph, kinds);
    if (cycle === undefined) continue;
    const nodes = cycle.map((edge) => sourceOf(graph, edge));
    const transactions = nodes.map((node) => history[node]!);
    return { code: "violation", name, detail: describe(graph, cycle, history), transactions };
  }
  invariant(false, "a component of several transactions has no cycle");
}

function shortCycle(graph: Graph, kinds: number): number[] | undefined {
  const component = components(graph, kinds);
  let best: number[] | undefined;
  let starts = 0;
  for (let node = 0; node < graph.nodes && starts < STARTS_MAX; node++) {
    // A component is named after one of its members, so this is another one.
    if (component[node] === node) continue;
    starts += 1;
    const cycle = shortestPath(graph, kinds, node, node, component);
    if (cycle !== undefined && cycle.length < (best?.length ?? Number.POSITIVE_INFINITY)) best = cycle;
  }
  return best;
}

function cycleWithOneRead(graph: Graph, kinds: number, component: Int32Array): number[] | undefined {
  let best: number[] | undefined;
  let starts = 0;
  for (let node = 0; node < graph.nodes && starts < STARTS_MAX; node++) {
    for (let edge = graph.first[node]!; edge < graph.first[node + 1]!; edge++) {
      const next = graph.to[edge]!;
      if (graph.kind[edge] !== rw || component[next] !== component[node]) continue;
      starts += 1;
      const back = shortestPath(graph, kinds, next, node, component);
      if (back !== undefined && back.length + 1 < (best?.length ?? Number.POSITIVE_INFINITY)) best = [edge, ...back];
    }
  }
  return best;
}

function sourceOf({ first }: Graph, edge: number): number {
  let low = 0;
  let high = first.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (first[middle]! <= edge) low = middle;
    else high = middle;
  }
  return low;
}

/** `T7 read before T9 wrote, T9 returned before T7 was called`. */
function describe(graph: Graph, cycle: readonly number[], history: readonly Transaction[]): string {
  const parts = cycle.map((edge) => {
    const [from, to] = [`T${history[sourceOf(graph, edge)]!.id}`, `T${history[graph.to[edge]!]!.id}`];
    switch (graph.kind[edge]) {
      case ww:
        return `${from} wrote before ${to} wrote`;
      case wr:
        return `${to} read what ${from} wrote`;
      case rw:
        return `${from} read before ${to} wrote`;
      default:
        return `${from} returned before ${to} was called`;
    }
  });
  return parts.join(", ");
}
