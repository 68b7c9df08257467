import type { Args } from "../../core/command/args.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";
import { SpaceSaving } from "../../core/placement/spaceSaving.ts";
import { Stride } from "./stride.ts";

/** Counters of the sketch: any key with more than a 32nd of all requests is among them. */
export const HOT_KEYS_MAX = 32;
/** One of so many requests, on average, is looked at. */
const SAMPLED_OF = 64;
/** Longer keys are passed over: they are copied for every report. */
const KEY_BYTES_MAX = 512;
/** So many keys of a request that is looked at count. */
const KEYS_OF_REQUEST_MAX = 16;
/** Below this a key was met too seldom to say anything. */
const SAMPLES_MIN = 2;

/** Which keys are asked for most, by a sketch of some of the requests. */
export class HotKeys {
  /** Requests until one is looked at: whoever counts requests counts it down, and calls `sample` at 0 and below. */
  left = SAMPLED_OF;
  readonly #stride = new Stride(SAMPLED_OF);
  readonly #table: CommandTable;
  readonly #windowMillis: number;
  readonly #sketch = new SpaceSaving(HOT_KEYS_MAX);
  #foldedAt: number;

  constructor(table: CommandTable, windowMillis: number, now: number) {
    this.#table = table;
    this.#windowMillis = windowMillis;
    this.#foldedAt = now;
  }

  sample(spec: CommandSpec, args: Args): void {
    this.left += this.#stride.next();
    let keys = 0;
    for (const key of this.#table.getKeys(spec, args)) {
      if (key.length <= KEY_BYTES_MAX) this.#sketch.offer(key);
      if (++keys === KEYS_OF_REQUEST_MAX) return;
    }
  }

  /** What is long ago counts less and less. `now`: monotonic milliseconds. */
  fold(now: number): void {
    if (now <= this.#foldedAt) return;
    this.#sketch.decay(Math.exp((this.#foldedAt - now) / this.#windowMillis));
    this.#foldedAt = now;
  }

  /** The hottest first. What the sketch cannot know to be theirs is taken off, so that among equal keys none looks hot. */
  top(max: number): { readonly key: string; readonly perSecond: number }[] {
    const scale = (SAMPLED_OF * 1000) / this.#windowMillis;
    const sure = this.#sketch.top(HOT_KEYS_MAX).map(({ key, count, error }) => ({ key, samples: count - error }));
    return sure
      .filter(({ samples }) => samples >= SAMPLES_MIN)
      .sort((a, b) => b.samples - a.samples)
      .slice(0, max)
      .map(({ key, samples }) => ({ key, perSecond: samples * scale }));
  }
}
