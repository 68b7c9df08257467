const BUCKETS = 33;

/** Durations in microseconds, counted by their power of two: at index i those below 2^i that are not at i - 1. */
export class MicrosHistogram {
  readonly buckets = new Uint32Array(BUCKETS);
  count = 0;
  totalMicros = 0;

  add(micros: number): void {
    this.count++;
    this.totalMicros += micros;
    this.buckets[32 - Math.clz32(micros)]!++;
  }

  reset(): void {
    this.buckets.fill(0);
    this.count = 0;
    this.totalMicros = 0;
  }
}
