import type { Model } from "./model.ts";
import type { RespValue } from "./respValue.ts";

interface Scan {
  /** Keys that have been there since the scan began and were not met yet. */
  readonly missing: Set<string>;
  cursor: string;
}

/** Follows scans of the keys: whoever is there from the first step to the last must be met. */
export class ScanWatch {
  /** Scans that came to their end. */
  completed = 0;
  readonly #model: Model;
  readonly #scans = new Map<number, Scan>();

  constructor(model: Model) {
    this.#model = model;
    model.onDelete = (key) => this.#deleted(key);
  }

  readonly #underWay = new Set<number>();

  #deleted(key: string | undefined): void {
    if (key === undefined) this.#scans.clear();
    else for (const scan of this.#scans.values()) scan.missing.delete(key);
  }

  /** The words of the next step of a client's scan, which is asked for. */
  next(id: number, count: number): string[] {
    this.#underWay.add(id);
    return ["SCAN", this.#scans.get(id)?.cursor ?? "0", "COUNT", String(count)];
  }

  /** A step was asked for and is not answered. */
  isUnderWay(id: number): boolean {
    return this.#underWay.has(id);
  }

  /** Called before each step. */
  begin(id: number, cursor: string, now: number): void {
    const alive = new Set(this.#keys(now));
    if (cursor === "0") this.#scans.set(id, { missing: alive, cursor });
    // The clock may go back: who was over once need not be met.
    const missing = this.#scans.get(id)?.missing ?? [];
    for (const key of missing) if (!alive.has(key)) this.#scans.get(id)!.missing.delete(key);
  }

  /** A step's reply; answers which key was not met, if the scan is over. */
  step(id: number, reply: RespValue, now: number): string | undefined {
    const scan = this.#scans.get(id);
    this.#underWay.delete(id);
    const [cursor, keys] = reply as readonly [string, readonly string[]];
    if (scan === undefined) return undefined;
    for (const key of keys) scan.missing.delete(key);
    scan.cursor = cursor;
    if (cursor !== "0") return undefined;
    this.#scans.delete(id);
    this.completed++;
    // What has expired meanwhile is not shown any more.
    const alive = new Set(this.#keys(now));
    const missed = [...scan.missing].filter((key) => alive.has(key));
    return missed.length === 0 ? undefined : `${missed.length} keys were not met, e.g. ${missed[0]!.slice(0, 40)}`;
  }

  abandonAll(): void {
    this.#scans.clear();
  }

  forget(id: number): void {
    this.#underWay.delete(id);
    this.#scans.delete(id);
  }

  #keys(now: number): string[] {
    const { state } = this.#model;
    const keys: string[] = [];
    let cursor = 0;
    do cursor = state.scan(cursor, 1000, (key) => keys.push(key));
    while (cursor !== 0);
    return keys.filter((key) => {
      const ref = state.find(key);
      return ref !== 0 && (state.expireAt(ref) === 0 || state.expireAt(ref) > now);
    });
  }
}
