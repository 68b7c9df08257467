import type { Prng } from "../../src/base/prng.ts";
import { encodeMove, type MoveRecord, parseMove } from "../../src/core/slots/moveRecord.ts";
import { SLOT_COUNT, type SlotRanges } from "../../src/core/slots/slotRanges.ts";
import type { MasterRequest } from "../../src/master/masterApi.ts";
import { parseLocks } from "../../src/master/moveLocks.ts";
import { CANCELLED } from "../../src/master/mover.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import { activeOf, MasterMachine } from "./masters.ts";
import type { MoveOptions } from "./options.ts";
import { slotOfTag } from "./tags.ts";

const PAUSE_MICROS_MAX = 400_000;
const AGAIN_MICROS = 100_000;

/** Masters, and somebody who has them move slots back and forth all the time, and thinks better of it. */
export class Operator {
  readonly masters: readonly MasterMachine[];
  /** A master is about to be asked for something. */
  onAsk: (master: MasterMachine) => void = () => undefined;
  readonly #world: ClusterWorld;
  readonly #options: MoveOptions;
  readonly #prng: Prng;
  /** Knows the coordinator himself, too. */
  readonly #hand: Coordinator;
  #isQuiet = false;

  constructor(world: ClusterWorld, options: MoveOptions, prng: Prng) {
    this.#world = world;
    this.#options = options;
    this.#prng = prng;
    this.masters = Array.from(
      { length: options.masters },
      (_, i) => new MasterMachine(world, i, prng.fork(`master ${i}`)),
    );
    this.#hand = world.coordinator.connect("operator", { alive: true });
    this.#nextLater();
  }

  /** Wants nothing more but that everything goes on. */
  beQuiet(): void {
    this.#isQuiet = true;
    this.#resume();
  }

  #nextLater(): void {
    const { scheduler } = this.#world;
    scheduler.after(this.#prng.between(1, this.#options.gapMicrosMax), undefined, "operator", () => {
      if (this.#isQuiet) return;
      this.#act();
      this.#nextLater();
    });
  }

  #act(): void {
    const prng = this.#prng;
    const { cancelPerCent, pausePerCent } = this.#options;
    const drawn = prng.below(100);
    if (drawn < cancelPerCent) this.#giveUp();
    else if (drawn < cancelPerCent + pausePerCent) this.#pause();
    else this.#ask({ kind: "migrate", slots: this.#someSlots(), to: this.#someGroup(), bytesPerSecondMax: 0 });
  }

  #someGroup(): string {
    return this.#prng.pick(this.#world.groups).id;
  }

  /** One of the slots that have keys, and perhaps others beside it. */
  #someSlots(): SlotRanges {
    const prng = this.#prng;
    const slot = slotOfTag(prng.pick(this.#world.tags));
    const width = prng.pick([0, 0, 20, 200]);
    const from = Math.max(0, slot - prng.between(0, width));
    return [[from, Math.min(SLOT_COUNT - 1, slot + prng.between(0, width))]];
  }

  #ask(request: MasterRequest): void {
    const { trace, count } = this.#world;
    const active = activeOf(this.masters);
    if (active === undefined) return;
    this.onAsk(active);
    trace.call(this.#world, `operator: ${JSON.stringify(request)}`);
    void active.master!.execute(request).then((answer) => {
      count.call(this.#world, `operator: ${request.kind} ${answer.ok ? "" : answer.error.code}`);
    });
  }

  /** By the master, or by the record itself, as either side may do it. */
  #giveUp(): void {
    const moves = this.moves;
    if (moves.length === 0) return;
    const { id } = this.#prng.pick(moves);
    if (this.#prng.chance(1, 3)) this.#ask({ kind: "cancel", move: this.#prng.chance(1, 2) ? id : "all" });
    else void this.abort(id);
  }

  /** Gives a move up, unless it is decided. */
  async abort(id: string): Promise<void> {
    const read = await this.#hand.get(`/migrations/${id}`, { sync: true });
    const record = read.ok ? parseMove(read.value.data) : undefined;
    if (!read.ok || record === undefined || (record.state !== "planned" && record.state !== "copying")) return;
    const data = encodeMove({ ...record, state: "aborted", reason: `${record.reason}; ${CANCELLED}` });
    const done = await this.#hand.replace(`/migrations/${id}`, data, read.value.version);
    if (done.ok) this.#world.count("operator: aborted");
  }

  #pause(): void {
    const move = this.moves[0]?.id;
    if (move === undefined) return;
    this.#ask({ kind: "pause", move: this.#prng.chance(1, 2) ? move : "all" });
    const { scheduler } = this.#world;
    scheduler.after(this.#prng.below(PAUSE_MICROS_MAX), undefined, "operator", () => this.#resume());
  }

  /** Until nothing is paused. */
  #resume(): void {
    if (this.#isPaused) this.#ask({ kind: "resume", move: "all" });
    if (this.#isQuiet || this.#isPaused) {
      this.#world.scheduler.after(AGAIN_MICROS, undefined, "operator", () => this.#resume());
    }
  }

  get #isPaused(): boolean {
    const settings = this.#world.coordinator.peek("/settings") ?? "";
    return this.moves.some(({ paused }) => paused) || /"paused":true/.test(settings);
  }

  /** Records of moves that are there. */
  get moves(): readonly MoveRecord[] {
    const { coordinator } = this.#world;
    const locks = parseLocks(coordinator.peek("/migrations") ?? "");
    return Object.keys(locks?.active ?? {}).flatMap((id) => {
      const record = parseMove(coordinator.peek(`/migrations/${id}`) ?? "");
      return record === undefined ? [] : [record];
    });
  }

  /** What remains to be done of what was asked for. */
  whatIsOpen(): string | undefined {
    const { coordinator } = this.#world;
    const locks = coordinator.peek("/migrations") ?? "";
    const [move] = this.moves;
    if (move !== undefined) return `move ${JSON.stringify(move)} is there`;
    if (Object.keys(parseLocks(locks)?.active ?? {}).length > 0) return `${locks} is locked`;
    const requests = /"requests":\[[^\]]/.exec(coordinator.peek("/settings") ?? "");
    return requests === null ? undefined : `${requests.input} is to be done`;
  }
}
