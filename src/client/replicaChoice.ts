/** What tells how soon a node would answer. */
export interface NodeLoad {
  /** Reads without an answer. Writes take long wherever they go, and say nothing of reads. */
  readonly readsInFlight: number;
  /** How long answers to reads take, smoothed; grown to the age of the oldest one without. */
  latencyMillis(now: number): number;
  /** Counts choices, so that nodes which are alike take turns. */
  turn: number;
}

/** Costs that differ by less are alike: a difference that comes and goes must not draw everything to one node. */
const ALIKE_RATIO = 3;
/** So that one call more or less makes no difference where there are few. */
const CALLS_ALIKE = 3;

/**
 * The better of two that are drawn by chance, by latency times load: M. Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing". Nodes that are alike take turns, so each gets its part also when calls come one at a time.
 * `random` answers numbers from 0 up to 1.
 */
export function chooseNode<T extends NodeLoad>(nodes: readonly T[], now: number, random: () => number): T | undefined {
  if (nodes.length <= 1) return nodes[0];
  const first = Math.floor(random() * nodes.length);
  const step = nodes.length === 2 ? 1 : 1 + Math.floor(random() * (nodes.length - 1));
  const one = nodes[first]!;
  const other = nodes[(first + step) % nodes.length]!;
  const oneCost = one.latencyMillis(now) * (one.readsInFlight + CALLS_ALIKE);
  const otherCost = other.latencyMillis(now) * (other.readsInFlight + CALLS_ALIKE);
  if (oneCost > otherCost * ALIKE_RATIO) return decided(other, one);
  if (otherCost > oneCost * ALIKE_RATIO) return decided(one, other);
  const chosen = one.turn <= other.turn ? one : other;
  chosen.turn++;
  return chosen;
}

/** Who was passed over for its slowness has no claim to catch up later. */
function decided<T extends NodeLoad>(chosen: T, passed: T): T {
  chosen.turn++;
  passed.turn = Math.max(passed.turn, chosen.turn);
  chosen.turn = passed.turn;
  return chosen;
}
