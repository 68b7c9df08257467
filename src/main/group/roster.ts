import { parseWorkerRecord, type WorkerRecord } from "../../coordination/workerRecord.ts";
import type { Timer, Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";

const AGAIN_MILLIS = 500;
/** Who has gone is remembered for this many looks, … */
const LOOK_MILLIS = 60_000;
const LOOKS_MAX = 10;
/** … and those who went first are forgotten earlier when there are more than this. */
const GONE_MAX = 1_000;

export interface RosterParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  /** The workers that there are may be others now. */
  readonly onChange: () => void;
  readonly onNotice: (text: string) => void;
}

/** Which workers there are, by what they say of themselves at the coordinator. Those that have gone are remembered for a while. */
export class Roster {
  readonly workers = new Map<string, WorkerRecord>();
  /** Changes with what is known of the workers. */
  version = 0;
  readonly #parts: RosterParts;
  readonly #texts = new Map<string, string>();
  readonly #watches = new Map<string, () => void>();
  /** Workers whose znode may be another than when it was read, … */
  readonly #stale = new Set<string>();
  /** … or all of them. */
  #isAllStale = true;
  /** Who has gone, and how often that was looked at since; those who went first come first. */
  readonly #gone = new Map<string, number>();
  #reading: Promise<boolean> | undefined;
  /** The reading after the present one. */
  #next: Promise<boolean> | undefined;
  #stopped = false;
  readonly #nonsense = new Set<string>();
  readonly #looks: Timer;

  constructor(parts: RosterParts) {
    this.#parts = parts;
    parts.coordinator.onSession((event) => {
      if (event === "connected" || event === "renewed") void this.read();
    });
    this.#looks = parts.timers.every(LOOK_MILLIS, () => this.#forgetOld());
  }

  /** Whether the worker's znode is there. */
  isPresent(id: string): boolean {
    return this.workers.has(id) && !this.#gone.has(id);
  }

  /** Reads everything anew, and watches it. Whether that could be done; if not, it is tried again. */
  read(): Promise<boolean> {
    this.#isAllStale = true;
    return this.#run();
  }

  #run(): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false);
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<boolean> {
    this.#next = undefined;
    const reading = this.#readStale().then((isRead) => {
      this.#reading = undefined;
      if (!isRead && !this.#stopped) this.#parts.timers.after(AGAIN_MILLIS, () => void this.#run());
      return isRead;
    });
    this.#reading = reading;
    return reading;
  }

  readonly #listChanged = (): void => {
    if (!this.#stopped) void this.#run();
  };

  /** Always the same function for a znode, so that it is left there once, however often that is read. */
  #watchOf(id: string): () => void {
    let watch = this.#watches.get(id);
    if (watch === undefined) {
      watch = () => {
        this.#stale.add(id);
        this.#listChanged();
      };
      this.#watches.set(id, watch);
    }
    return watch;
  }

  /** Reads who is there, and of those whose znode may be another what it says. */
  async #readStale(): Promise<boolean> {
    if (this.#stopped) return false;
    const { coordinator, onChange } = this.#parts;
    const isAll = this.#isAllStale;
    const stale = new Set(this.#stale);
    this.#isAllStale = false;
    this.#stale.clear();
    const children = await coordinator.children("/workers", { sync: true, watch: this.#listChanged });
    if (!children.ok) {
      this.#isAllStale = true;
      return false;
    }
    const mustRead = (id: string): boolean => isAll || stale.has(id) || !this.#texts.has(id) || this.#gone.has(id);
    const read = await Promise.all(
      children.value
        .filter(mustRead)
        .map(async (id) => [id, await coordinator.get(`/workers/${id}`, { watch: this.#watchOf(id) })] as const),
    );
    const present = new Set(children.value);
    let isRead = true;
    for (const [id, znode] of read) {
      if (znode.ok) this.#take(id, znode.value.data);
      else if (znode.error.code === "no_node") present.delete(id);
      else {
        this.#stale.add(id);
        isRead = false;
      }
    }
    this.#miss(present);
    if (!this.#stopped) onChange();
    return isRead;
  }

  #take(id: string, text: string): void {
    if (this.#gone.delete(id)) this.version++;
    if (this.#texts.get(id) === text) return;
    const record = parseWorkerRecord(text);
    if (record === undefined) {
      if (!this.#nonsense.has(id)) this.#parts.onNotice(`/workers/${id} holds nonsense, so this worker is passed over`);
      this.#nonsense.add(id);
      return;
    }
    this.#texts.set(id, text);
    this.workers.set(id, record);
    this.version++;
  }

  #miss(present: ReadonlySet<string>): void {
    for (const id of this.workers.keys()) {
      if (present.has(id) || this.#gone.has(id)) continue;
      this.#gone.set(id, 0);
      this.version++;
    }
    for (const id of this.#gone.keys()) {
      if (this.#gone.size <= GONE_MAX) break;
      this.#forget(id);
    }
  }

  #forgetOld(): void {
    for (const [id, looks] of this.#gone) {
      if (looks < LOOKS_MAX) this.#gone.set(id, looks + 1);
      else this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#gone.delete(id);
    this.workers.delete(id);
    this.#texts.delete(id);
    this.#watches.delete(id);
    this.#nonsense.delete(id);
    this.version++;
  }

  stop(): void {
    this.#stopped = true;
    this.#looks.cancel();
  }
}
