import { setTimeout as sleep } from "node:timers/promises";
import type { SlotRanges } from "../../src/core/slots/slotRanges.ts";
import type { Host } from "../servers.ts";
import { percentile } from "../statistics.ts";
import { ClusterClient } from "./clusterClient.ts";
import { fill } from "./fill.ts";
import { getCommand, type Keys, setCommand, slotCount, slotTags } from "./keys.ts";
import type { ClusterNode, HoldfastCluster } from "./systems.ts";

export interface PausePace {
  /** How many slots one move has, each with a client that writes and one that reads. */
  slotsPerMove: number;
  /** Moved slots in all. */
  slots: number;
  /** No move begins behind this, so that a run can be cut short. */
  secondsMax: number;
}

/** How long nothing was answered for a key: the longest time in each of many observed spans. */
export interface Gaps {
  p50Millis: number;
  p99Millis: number;
  maxMillis: number;
}

export interface PauseResult {
  moves: number;
  movedSlots: number;
  movesPerSecond: number;
  writes: Gaps;
  reads: Gaps;
  /** The same for spans in which nothing moved. */
  quietWrites: Gaps;
  quietReads: Gaps;
  errors: number;
  errorTexts: readonly string[];
}

interface HoldfastKind {
  start: (host: Host) => Promise<HoldfastCluster>;
}

const moveMillisMax = 30_000;
const pollMillis = 50;
/** A span goes on a little longer than its move, for what is answered last. */
const afterMillis = 20;
const quietSpans = 20;
const quietMillis = 150;
const warmUpMoves = 10;

/** Moves a few slots to another group and back, again and again, while each is written and read without a break. */
export async function measurePauses(kind: HoldfastKind, host: Host, keys: Keys, pace: PausePace): Promise<PauseResult> {
  const system = await kind.start(host);
  const probers: Prober[] = [];
  try {
    await fill(system, keys);
    const owners = await system.owners();
    for (let i = 0; i < pace.slotsPerMove * 2; i++) {
      probers.push(await Prober.open(system, owners, i % 2 === 0 ? setCommand : getCommand));
    }
    return await movePausing(system, owners, probers, pace);
  } finally {
    for (const prober of probers) prober.close();
    await system.close();
  }
}

async function movePausing(
  system: HoldfastCluster,
  owners: Uint16Array,
  probers: readonly Prober[],
  pace: PausePace,
): Promise<PauseResult> {
  const [home, away] = system.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const mine = Array.from({ length: slotCount }, (_, slot) => slot).filter((slot) => owners[slot] === home.port);
  const tags = slotTags();
  const gaps = {
    writes: [] as number[],
    reads: [] as number[],
    quietWrites: [] as number[],
    quietReads: [] as number[],
  };
  const take = (writes: number[], reads: number[]): void => {
    for (const [i, prober] of probers.entries()) (i % 2 === 0 ? writes : reads).push(prober.longestGap());
  };
  aim(probers, mine.slice(0, pace.slotsPerMove), tags);
  for (const prober of probers) prober.begin();
  for (let i = 0; i < quietSpans; i++) {
    for (const prober of probers) prober.reset();
    await sleep(quietMillis);
    take(gaps.quietWrites, gaps.quietReads);
  }
  const begin = performance.now();
  let measuredSince = begin;
  let moves = -warmUpMoves;
  let slots: number[] = [];
  for (; moves * pace.slotsPerMove < pace.slots && performance.now() - begin < pace.secondsMax * 1_000; moves++) {
    const isBack = moves % 2 !== 0;
    if (!isBack) {
      const at = (((moves + warmUpMoves) / 2) * pace.slotsPerMove) % (mine.length - pace.slotsPerMove);
      slots = mine.slice(at, at + pace.slotsPerMove);
      aim(probers, slots, tags);
      await sleep(afterMillis);
    }
    if (moves === 0) measuredSince = performance.now();
    for (const prober of probers) prober.reset();
    await move(system, slots, isBack ? home : away);
    await sleep(afterMillis);
    if (moves >= 0) take(gaps.writes, gaps.reads);
  }
  const seconds = (performance.now() - measuredSince) / 1_000;
  return {
    ...{ moves, movedSlots: moves * pace.slotsPerMove, movesPerSecond: moves / seconds },
    ...{ writes: gapsOf(gaps.writes), reads: gapsOf(gaps.reads) },
    ...{ quietWrites: gapsOf(gaps.quietWrites), quietReads: gapsOf(gaps.quietReads) },
    errors: probers.reduce((sum, { errors }) => sum + errors.length, 0),
    errorTexts: probers.flatMap(({ errors }) => errors).slice(0, 5),
  };
}

/** A writer and a reader for each slot. */
function aim(probers: readonly Prober[], slots: readonly number[], tags: readonly string[]): void {
  for (const [i, prober] of probers.entries()) {
    const slot = slots[i >> 1]!;
    prober.aim(slot, `{${tags[slot]}}probe`);
  }
}

async function move({ masters }: HoldfastCluster, slots: readonly number[], target: ClusterNode): Promise<void> {
  const ranges: SlotRanges = slots.map((slot) => [slot, slot]);
  const command = { kind: "migrate", slots: rangesOf(ranges), to: target.id, bytesPerSecondMax: 0 } as const;
  const executed = await masters.execute(command, "");
  if (!executed.ok) throw new Error(executed.error.message);
  const deadline = performance.now() + moveMillisMax;
  for (;;) {
    await sleep(pollMillis);
    const work = await masters.work();
    if (!work.ok) throw new Error(work.error.message);
    if (work.value.moves.length === 0 && work.value.wanted.length === 0) return;
    if (performance.now() > deadline) throw new Error(`a move does not end: ${JSON.stringify(work.value)}`);
  }
}

/** Neighbours become one range. */
function rangesOf(ranges: SlotRanges): SlotRanges {
  const joined: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && last[1] === from - 1) last[1] = to;
    else joined.push([from, to]);
  }
  return joined;
}

function gapsOf(millis: number[]): Gaps {
  millis.sort((a, b) => a - b);
  return { p50Millis: percentile(millis, 0.5), p99Millis: percentile(millis, 0.99), maxMillis: millis.at(-1)! };
}

/** Asks for one key again and again, a millisecond after each answer, and remembers the longest time without an answer. */
class Prober {
  readonly errors: string[] = [];
  readonly #client: ClusterClient;
  readonly #render: (key: string) => string;
  #slot = 0;
  #request = "";
  #answeredAt = performance.now();
  #longest = 0;
  #isClosed = false;

  private constructor(client: ClusterClient, render: (key: string) => string) {
    this.#client = client;
    this.#render = render;
  }

  /** With connections of its own: nobody else's request stands before its own. */
  static async open(system: HoldfastCluster, owners: Uint16Array, render: (key: string) => string): Promise<Prober> {
    const client = await ClusterClient.open(owners, system.ports, 1, ({ message }) => prober.errors.push(message));
    const prober: Prober = new Prober(client, render);
    return prober;
  }

  aim(slot: number, key: string): void {
    this.#slot = slot;
    this.#request = this.#render(key);
  }

  begin(): void {
    if (this.#isClosed) return;
    this.#client.send(this.#slot, this.#request, (error) => {
      if (error !== undefined) this.errors.push(error);
      this.#longest = this.longestGap();
      this.#answeredAt = performance.now();
      setTimeout(() => this.begin(), 1);
    });
  }

  reset(): void {
    this.#longest = 0;
    this.#answeredAt = performance.now();
  }

  longestGap(): number {
    return Math.max(this.#longest, performance.now() - this.#answeredAt);
  }

  close(): void {
    this.#isClosed = true;
    this.#client.close();
  }
}
