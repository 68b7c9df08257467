import type { Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import { parseWorkerRecord, type WorkerRecord } from "./workerRecord.ts";

const AGAIN_MILLIS = 500;

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
  readonly #parts: RosterParts;
  #reading = false;
  #again = false;
  #stopped = false;
  readonly #nonsense = new Set<string>();

  constructor(parts: RosterParts) {
    this.#parts = parts;
    parts.coordinator.onSession((event) => {
      if (event === "connected" || event === "renewed") void this.read();
    });
  }

  /** Reads everything anew, and watches it. */
  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    const isRead = await this.#readAll();
    this.#reading = false;
    if (this.#stopped) return;
    if (this.#again) {
      this.#again = false;
      void this.read();
    } else if (!isRead) this.#parts.timers.after(AGAIN_MILLIS, () => void this.read());
  }

  /** Always the same function, so that it is left once for each znode, however often that is read. */
  readonly #changed = (): void => {
    if (!this.#stopped) void this.read();
  };

  async #readAll(): Promise<boolean> {
    const { coordinator, onChange } = this.#parts;
    const watch = this.#changed;
    const children = await coordinator.children("/workers", { sync: true, watch });
    if (!children.ok) return false;
    const read = await Promise.all(
      children.value.map(async (id) => [id, await coordinator.get(`/workers/${id}`, { watch })] as const),
    );
    for (const [id, znode] of read) {
      if (!znode.ok) continue;
      const record = parseWorkerRecord(znode.value.data);
      if (record !== undefined) this.workers.set(id, record);
      else if (!this.#nonsense.has(id)) {
        this.#nonsense.add(id);
        this.#parts.onNotice(`/workers/${id} holds nonsense, so this worker is passed over`);
      }
    }
    if (!this.#stopped) onChange();
    return read.every(([, znode]) => znode.ok || znode.error.code === "no_node");
  }

  stop(): void {
    this.#stopped = true;
  }
}
