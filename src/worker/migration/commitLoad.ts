import type { Clock, Timer, Timers } from "../../ports/clock.ts";
import type { MicrosHistogram } from "../microsHistogram.ts";

const SAMPLE_MILLIS = 100;
/** The last second, in samples. */
const WINDOW = 10;
/** Fewer commits say nothing of their slowest hundredth. */
const COMMITS_MIN = 20;
/** How much a new sample counts for what is usual. */
const LEARNING = 0.05;
/** Commits and turns of the event loop may take this many times as long as without a copy, and a little. */
const SLOWER_MAX = 2;
const SLACK_MILLIS = 2;
/** So few requests in the last second are not worth a slower copy. */
const REQUESTS_MIN = 100;

interface Sample {
  readonly buckets: Uint32Array;
  readonly lateMillis: number;
  readonly requests: number;
}

/** What clients of a group bear while slots of it are copied. */
export interface CommitLoad {
  /** There are clients. */
  readonly isBusy: boolean;
  /** Commits or turns take much longer than while nothing is copied. */
  readonly isSlow: boolean;
  /** What is usual is learnt from now on. */
  start(): void;
  copyBegins(): void;
  copyEnds(): void;
}

/** Watches how slow this node's commits and turns are, with a copy under way and without. */
export class CommitLoadWatch implements CommitLoad {
  /** How slow the slowest hundredth of the last second's commits was, or the latest turn. */
  p99Millis = 0;
  /** Of a time in which nothing was copied. */
  quietP99Millis = 0;
  readonly #commits: MicrosHistogram;
  readonly #requests: () => number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #samples: Sample[] = [];
  #timer: Timer | undefined;
  #expectedMillis = 0;
  #copies = 0;
  /** Samples of the window in which nothing was copied, up to now. */
  #quietSamples = 0;

  /** `requests`: how many there were so far. */
  constructor(commits: MicrosHistogram, requests: () => number, clock: Clock, timers: Timers) {
    this.#commits = commits;
    this.#requests = requests;
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

  get isBusy(): boolean {
    const first = this.#samples[0];
    return first !== undefined && this.#requests() - first.requests >= REQUESTS_MIN;
  }

  get isSlow(): boolean {
    return this.p99Millis > this.quietP99Millis * SLOWER_MAX + SLACK_MILLIS;
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
    this.#samples.push({ buckets: this.#commits.buckets.slice(), lateMillis, requests: this.#requests() });
    if (this.#samples.length > WINDOW) this.#samples.shift();
    const late = Math.max(...this.#samples.map((sample) => sample.lateMillis));
    this.p99Millis = Math.max(this.#commitP99(), late);
    this.#quietSamples = this.#copies > 0 ? 0 : this.#quietSamples + 1;
    // The window still has what the last copy did.
    if (this.#quietSamples < WINDOW) return;
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
