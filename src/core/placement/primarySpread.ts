import { invariant } from "../../base/invariant.ts";

interface Place {
  readonly process: string;
  readonly host: string;
}

/** One primary more on `to` and one less on `from`; `group` and `replica` if it is a hand-over that does it. */
interface Shift {
  readonly from: number;
  readonly to: number;
  readonly price: number;
  readonly group: number;
  readonly replica: number;
}

const NO_GROUP = -1;
/** Greedy passes before the exact search: they do most of the work cheaply. */
const PASSES_MAX = 8;

/**
 * A flow of least cost: each group sends one primary to one of its replicas' processes, each process what it gets to its host. The
 * cost is, in this order, the squares of the hosts' counts, the squares of the processes' counts, the hand-overs. A cheap first
 * answer is improved as long as a circle of shifts saves something (Klein's cycle cancelling); when there is none left, no
 * answer is better.
 */
export class PrimarySpread {
  /** For each group the index of the replica that is to be primary; 0 is the one that is now. */
  readonly chosen: number[];
  /** For each group its replicas' processes, by node number. Node 0 is where all flows end, then come hosts, then processes. */
  readonly #places: readonly (readonly number[])[];
  readonly #hosts: number;
  readonly #hostOf: readonly number[];
  readonly #counts: Float64Array;
  readonly #hostPrice: number;
  readonly #processPrice: number;

  constructor(groups: readonly (readonly Place[])[]) {
    const hosts = numbered(groups.flat().map(({ host }) => host));
    const processes = numbered(groups.flat().map(({ host, process }) => `${host} ${process}`));
    this.#hosts = hosts.size;
    const hostOf = new Array<number>(1 + hosts.size + processes.size).fill(0);
    this.#places = groups.map((replicas) =>
      replicas.map(({ host, process }) => {
        const node = hosts.size + processes.get(`${host} ${process}`)!;
        hostOf[node] = hosts.get(host)!;
        return node;
      }),
    );
    this.#hostOf = hostOf;
    this.chosen = groups.map(() => 0);
    this.#counts = new Float64Array(hostOf.length);
    for (const replicas of this.#places) this.#count(replicas[0]!, 1);
    // No circle changes more hand-overs than there are groups, nor the squares of processes by more than the bracket.
    this.#processPrice = 2 * groups.length + 1;
    this.#hostPrice = this.#processPrice * (2 * (2 * groups.length + hostOf.length) + 1);
  }

  settle(): void {
    for (let pass = 0; pass < PASSES_MAX && this.#improveEach(); pass++);
    for (;;) {
      const circle = savingCircle(this.#shifts(), this.#counts.length);
      if (circle.length === 0) return;
      for (const { group, replica } of circle) if (group !== NO_GROUP) this.#choose(group, replica);
    }
  }

  /** Every group once takes the replica that is best as things are. */
  #improveEach(): boolean {
    let isBetter = false;
    for (const [group, places] of this.#places.entries()) {
      const before = this.chosen[group]!;
      this.#count(places[before]!, -1);
      let [best, bestPrice] = [before, this.#priceAt(group, before)];
      for (let replica = 0; replica < places.length; replica++) {
        const price = this.#priceAt(group, replica);
        if (price < bestPrice) [best, bestPrice] = [replica, price];
      }
      this.#count(places[best]!, 1);
      this.chosen[group] = best;
      if (best !== before) isBetter = true;
    }
    return isBetter;
  }

  #priceAt(group: number, replica: number): number {
    const place = this.#places[group]![replica]!;
    const onHost = this.#hostPrice * (2 * this.#counts[this.#hostOf[place]!]! + 1);
    return onHost + this.#processPrice * (2 * this.#counts[place]! + 1) + handOvers(replica);
  }

  /** Everything that could be changed by one, with what it would add to the cost. */
  #shifts(): Shift[] {
    const shifts: Shift[] = [];
    for (const [group, places] of this.#places.entries()) {
      const now = this.chosen[group]!;
      for (const [replica, to] of places.entries()) {
        if (replica === now) continue;
        shifts.push({ from: places[now]!, to, price: handOvers(replica) - handOvers(now), group, replica });
      }
    }
    for (let node = 1; node < this.#counts.length; node++) {
      const [into, factor] = node <= this.#hosts ? [0, this.#hostPrice] : [this.#hostOf[node]!, this.#processPrice];
      const count = this.#counts[node]!;
      shifts.push({ from: node, to: into, price: factor * (2 * count + 1), group: NO_GROUP, replica: 0 });
      if (count === 0) continue;
      shifts.push({ from: into, to: node, price: -factor * (2 * count - 1), group: NO_GROUP, replica: 0 });
    }
    return shifts;
  }

  #choose(group: number, replica: number): void {
    const places = this.#places[group]!;
    this.#count(places[this.chosen[group]!]!, -1);
    this.#count(places[replica]!, 1);
    this.chosen[group] = replica;
  }

  #count(place: number, change: number): void {
    this.#counts[place]! += change;
    this.#counts[this.#hostOf[place]!]! += change;
  }
}

function handOvers(replica: number): number {
  return replica === 0 ? 0 : 1;
}

/** From 1, in the order of their first appearance. */
function numbered(names: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const name of names) if (!numbers.has(name)) numbers.set(name, numbers.size + 1);
  return numbers;
}

/** Shifts that form a circle and together cost less than nothing (Bellman and Ford, looking for the circle after each round). */
function savingCircle(shifts: readonly Shift[], nodes: number): Shift[] {
  const price = new Float64Array(nodes);
  const last = new Array<Shift | undefined>(nodes).fill(undefined);
  for (let round = 0; round <= nodes; round++) {
    let isCheaper = false;
    for (const shift of shifts) {
      const sum = price[shift.from]! + shift.price;
      if (sum >= price[shift.to]!) continue;
      price[shift.to] = sum;
      last[shift.to] = shift;
      isCheaper = true;
    }
    if (!isCheaper) return [];
    const circle = circleIn(last);
    if (circle.length > 0) return circle;
  }
  invariant(false, "what gets cheaper for ever goes round in a circle");
}

function circleIn(last: readonly (Shift | undefined)[]): Shift[] {
  const seenFrom = new Int32Array(last.length).fill(-1);
  for (let start = 0; start < last.length; start++) {
    let node = start;
    while (seenFrom[node] === -1 && last[node] !== undefined) {
      seenFrom[node] = start;
      node = last[node]!.from;
    }
    if (seenFrom[node] !== start || last[node] === undefined) continue;
    const circle: Shift[] = [];
    for (let at = node; ; ) {
      const shift = last[at]!;
      circle.push(shift);
      at = shift.from;
      if (at === node) return circle;
    }
  }
  return [];
}
