import type { Graph } from "./dependencyGraph.ts";

const UNSEEN = -1;

/** The strongly connected component of each node along edges of these kinds (Tarjan, 1972); alone if in no cycle. */
export function components({ nodes, first, to, kind }: Graph, kinds: number): Int32Array {
  const component = new Int32Array(nodes).fill(UNSEEN);
  const index = new Int32Array(nodes).fill(UNSEEN);
  const low = new Int32Array(nodes);
  const nextEdge = first.slice(0, nodes);
  const open: number[] = [];
  const path: number[] = [];
  let count = 0;
  const enter = (node: number): void => {
    index[node] = low[node] = count;
    count += 1;
    open.push(node);
    path.push(node);
  };
  const leave = (node: number): void => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
    if (low[node] !== index[node]) return;
    for (let member = open.pop()!; ; member = open.pop()!) {
      component[member] = node;
      if (member === node) return;
    }
  };
  for (let root = 0; root < nodes; root++) {
    if (index[root] !== UNSEEN) continue;
    enter(root);
    while (path.length > 0) {
      const node = path.at(-1)!;
      const edge = nextEdge[node]!;
      if (edge === first[node + 1]) {
        leave(node);
        continue;
      }
      nextEdge[node] = edge + 1;
      if ((kind[edge]! & kinds) === 0) continue;
      const target = to[edge]!;
      if (index[target] === UNSEEN) enter(target);
      else if (component[target] === UNSEEN) low[node] = Math.min(low[node]!, index[target]!);
    }
  }
  return component;
}

/** The edges of a shortest way along edges of these kinds within one component, or `undefined`. */
export function shortestPath(
  graph: Graph,
  kinds: number,
  from: number,
  target: number,
  component: Int32Array,
): number[] | undefined {
  const cameBy = new Map<number, number>([[from, UNSEEN]]);
  const cameFrom = new Map<number, number>();
  const queue = [from];
  for (const node of queue) {
    for (let edge = graph.first[node]!; edge < graph.first[node + 1]!; edge++) {
      const next = graph.to[edge]!;
      if ((graph.kind[edge]! & kinds) === 0 || component[next] !== component[from]) continue;
      if (next === target) return [...wayBack(node, cameBy, cameFrom), edge];
      if (cameBy.has(next)) continue;
      cameBy.set(next, edge);
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function wayBack(end: number, cameBy: ReadonlyMap<number, number>, cameFrom: ReadonlyMap<number, number>): number[] {
  const edges: number[] = [];
  for (let node = end; cameBy.get(node) !== UNSEEN; node = cameFrom.get(node)!) edges.push(cameBy.get(node)!);
  return edges.reverse();
}
