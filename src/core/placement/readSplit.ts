/** A worker that could answer reads. */
export interface Reader {
  readonly worker: string;
  readonly capacityPerSecond: number;
  /** What it carries without these reads. */
  readonly load: number;
}

/** Divides reads so that the busiest worker is as little busy as possible: all that get any become equally busy. */
export function splitReads(readsPerSecond: number, readers: readonly Reader[]): Map<string, number> {
  const sorted = [...readers].sort((a, b) => a.load / a.capacityPerSecond - b.load / b.capacityPerSecond);
  let [capacity, load, level] = [0, 0, 0];
  for (const [index, reader] of sorted.entries()) {
    if (index > 0 && reader.load / reader.capacityPerSecond >= level) break;
    capacity += reader.capacityPerSecond;
    load += reader.load;
    level = (load + readsPerSecond) / capacity;
  }
  return new Map(readers.map((reader) => [reader.worker, Math.max(0, level * reader.capacityPerSecond - reader.load)]));
}

/** The same division in whole percents that make 100; even when there is nothing to divide. */
export function percents(parts: ReadonlyMap<string, number>): { [worker: string]: number } {
  const entries = [...parts];
  const sum = entries.reduce((total, [, part]) => total + part, 0);
  const exact = entries.map(([, part]) => (sum > 0 ? (100 * part) / sum : 100 / entries.length));
  const whole = exact.map(Math.floor);
  const order = exact.map((_, index) => index).sort((a, b) => exact[b]! - whole[b]! - (exact[a]! - whole[a]!) || a - b);
  let left = 100 - whole.reduce((total, part) => total + part, 0);
  for (const index of order) if (left-- > 0) whole[index]!++;
  return Object.fromEntries(entries.map(([worker], index) => [worker, whole[index]!]));
}
