import { splitAddress } from "../base/address.ts";
import type { WorkerRecord } from "../coordination/workerRecord.ts";
import type { Clock, Timer, Timers } from "../ports/clock.ts";
import type { WorkerCaller, WorkerCalls } from "../ports/workerCalls.ts";
import { type HeatReport, type MoveReport, parseHeat } from "./heatReport.ts";
import type { WorkerHeat } from "./masterApi.ts";

const EVERY_MILLIS = 2_000;
const ANSWER_MILLIS_MAX = 1_500;
/** What a worker said longer ago counts no more. */
const OLD_MILLIS = 20_000;

export interface WorkerReportsParts {
  readonly calls: WorkerCalls;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly cluster: string;
  readonly workers: () => ReadonlyMap<string, WorkerRecord>;
  /** All workers that answer have answered. */
  readonly onRound: () => void;
}

interface Asked {
  readonly caller: WorkerCaller;
  readonly rpc: string;
  readonly group: string;
  isAsking: boolean;
  report: HeatReport | undefined;
  /** Bytes a second of each move to its group, between the last two reports. */
  speeds: ReadonlyMap<string, number>;
  /** Monotonic and wall clock of the report. */
  heardAt: number;
  at: number;
}

/** Asks every worker for its heat, again and again. No answer is waited for by anybody else. */
export class WorkerReports {
  readonly #parts: WorkerReportsParts;
  readonly #asked = new Map<string, Asked>();
  readonly #timer: Timer;
  #isStopped = false;

  constructor(parts: WorkerReportsParts) {
    this.#parts = parts;
    this.#timer = parts.timers.every(EVERY_MILLIS, () => void this.#round());
    void this.#round();
  }

  async #round(): Promise<void> {
    this.#compare();
    await Promise.all([...this.#asked.values()].map((each) => this.#ask(each)));
    if (!this.#isStopped) this.#parts.onRound();
  }

  /** Opens a connection for those who are new, closes those of who has gone or is elsewhere. */
  #compare(): void {
    const workers = this.#parts.workers();
    for (const [id, asked] of this.#asked) {
      const worker = workers.get(id);
      if (worker !== undefined && worker.rpc === asked.rpc && worker.group === asked.group) continue;
      asked.caller.close();
      this.#asked.delete(id);
    }
    for (const [id, worker] of workers) if (!this.#asked.has(id)) this.#open(id, worker);
  }

  #open(id: string, { rpc, group }: WorkerRecord): void {
    const address = splitAddress(rpc);
    if (address === undefined) return;
    const caller = this.#parts.calls.caller(address, { cluster: this.#parts.cluster, group, replica: id });
    this.#asked.set(id, {
      caller,
      rpc,
      group,
      isAsking: false,
      report: undefined,
      speeds: new Map(),
      heardAt: 0,
      at: 0,
    });
  }

  async #ask(asked: Asked): Promise<void> {
    if (asked.isAsking) return;
    asked.isAsking = true;
    const answer = await asked.caller.heat(ANSWER_MILLIS_MAX);
    asked.isAsking = false;
    const report = answer.ok ? parseHeat(answer.value) : undefined;
    if (report === undefined) return;
    const now = this.#parts.clock.monotonic();
    asked.speeds = speedsOf(asked.report?.moves ?? [], report.moves, now - asked.heardAt);
    asked.report = report;
    asked.heardAt = now;
    asked.at = this.#parts.clock.wall();
  }

  /** For hand-overs; undefined for a worker that was not there at the last round. */
  caller(worker: string): WorkerCaller | undefined {
    return this.#asked.get(worker)?.caller;
  }

  report(worker: string): HeatReport | undefined {
    const asked = this.#asked.get(worker);
    if (asked === undefined || this.#parts.clock.monotonic() - asked.heardAt > OLD_MILLIS) return undefined;
    return asked.report;
  }

  heat(): WorkerHeat[] {
    return [...this.#asked].flatMap(([worker, { group, at }]) => {
      const report = this.report(worker);
      if (report === undefined) return [];
      const { moves: _, capacityPerSecond: _capacity, ...figures } = report;
      return [{ worker, group, at, ...figures }];
    });
  }

  /** What both sides of a move say of it; and how fast it is, in bytes a second. */
  move(id: string): { readonly sides: readonly MoveReport[]; readonly bytesPerSecond: number } {
    const sides: MoveReport[] = [];
    let bytesPerSecond = 0;
    for (const [worker, { speeds }] of this.#asked) {
      const side = this.report(worker)?.moves.find((each) => each.id === id);
      if (side === undefined) continue;
      sides.push(side);
      if (side.role === "target") bytesPerSecond = speeds.get(id) ?? 0;
    }
    return { sides, bytesPerSecond };
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
    for (const { caller } of this.#asked.values()) caller.close();
    this.#asked.clear();
  }
}

function speedsOf(before: readonly MoveReport[], after: readonly MoveReport[], millis: number): Map<string, number> {
  const bytes = new Map(before.map((each) => [each.id, each.bytes]));
  const speeds = after.flatMap((each): [string, number][] => {
    const was = bytes.get(each.id);
    return was === undefined || millis <= 0 ? [] : [[each.id, (Math.max(0, each.bytes - was) * 1000) / millis]];
  });
  return new Map(speeds);
}
