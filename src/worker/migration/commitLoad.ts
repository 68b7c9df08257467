import type { Clock, Timer, Timers } from "../../ports/clock.ts";
import type { MicrosHistogram } from "../microsHistogram.ts";
import type { CommitLoad } from "./copyPace.ts";

const SAMPLE_MILLIS = 100;
/** The last second, in samples. */
const WINDOW = 10;
/** Fewer commits say nothing of their slowest hundredth. */
const COMMITS_MIN = 20;
/** How much a new sample counts for what is usual. */
const LEARNING = 0.05;

interface Sample {
  readonly buckets: Uint32Array;
  readonly lateMillis: number;
}

/** Watches how slow this node's commits and turns are, with a copy under way and without. */
export class CommitLoadWatch implements CommitLoad {
  p99Millis = 0;
  quietP99Millis = 0;
  readonly #commits: MicrosHistogram;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #samples: Sample[] = [];
  #timer: Timer | undefined;
  #expectedMillis = 0;
  #copies = 0;

  constructor(commits: MicrosHistogram, clock: Clock, timers: Timers) {
    this.#commits = commits;
    this.#clock = clock;
    this.#timers = timers;
  }

  /** This replica is the primary: what is usual is learnt. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#expectedMillis = this.#clock.monotonic() + SAMPLE_MILLIS;
    this.#timer = this.#timers.every(SAMPLE_MILLIS, () => this.#sample());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#samples = [];
  }

  copyBegins(): void {
    this.#copies++;
  }

  copyEnds(): void {
    this.#copies--;
  }

  #sample(): void {
    const now = this.#clock.monotonic();
    const lateMillis = Math.max(0, now - this.#expectedMillis);
    this.#expectedMillis = now + SAMPLE_MILLIS;
    this.#samples.push({ buckets: this.#commits.buckets.slice(), lateMillis });
    if (this.#samples.length > WINDOW) this.#samples.shift();
    const late = Math.max(...this.#samples.map((sample) => sample.lateMillis));
    this.p99Millis = Math.max(this.#commitP99(), late);
    if (this.#copies > 0) return;
    // At first everything is news.
    const weight = this.quietP99Millis === 0 ? 1 : LEARNING;
    this.quietP99Millis += (this.p99Millis - this.quietP99Millis) * weight;
  }

  #commitP99(): number {
    const first = this.#samples[0]!.buckets;
    const last = this.#samples.at(-1)!.buckets;
    const counts = Array.from(last, (count, at) => Math.max(0, count - first[at]!));
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total < COMMITS_MIN) return 0;
    let left = total / 100;
    for (let at = counts.length - 1; at >= 0; at--) {
      left -= counts[at]!;
      if (left < 0) return 2 ** at / 1000;
    }
    return 0;
  }
}
