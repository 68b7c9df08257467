import { durationText } from "./figures.ts";

const BAR_CHARACTERS = 28;
const LINE_MILLIS = 2_000;
const SAMPLES_MAX = 20;

/** How far something is. */
export interface Progress {
  /** Of `total`; may have a fraction. */
  readonly done: number;
  readonly total: number;
  /** What is under way, in a few words. */
  readonly text: string;
}

/** Tells how far something is: by a bar that moves on a terminal, by a line now and then elsewhere. */
export class ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  readonly #unit: string;
  #samples: { readonly at: number; readonly done: number }[] = [];
  #lineAt = Number.NEGATIVE_INFINITY;
  #lineText = "";

  constructor(unit: string, stream: NodeJS.WriteStream = process.stderr) {
    this.#unit = unit;
    this.#stream = stream;
  }

  show(progress: Progress, now: number = performance.now()): void {
    this.#samples.push({ at: now, done: progress.done });
    if (this.#samples.length > SAMPLES_MAX) this.#samples = this.#samples.slice(-SAMPLES_MAX);
    const { done, total, text } = progress;
    const left = this.#millisLeft(progress);
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const parts = [
      `${Math.floor(share * 100)} %`,
      `${Math.floor(done)} of ${total} ${this.#unit}`,
      ...(left === undefined ? [] : [`${durationText(left)} left`]),
      ...(text === "" ? [] : [text]),
    ];
    if (this.#stream.isTTY) this.#draw(share, parts.join("  "));
    else this.#line(parts.join("  "), now);
  }

  /** Leaves the terminal as it was. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }

  /** By what the last seconds were like. */
  #millisLeft({ done, total }: Progress): number | undefined {
    const first = this.#samples[0]!;
    const last = this.#samples.at(-1)!;
    const perMilli = (last.done - first.done) / (last.at - first.at);
    return perMilli > 0 ? (total - done) / perMilli : undefined;
  }

  #draw(share: number, text: string): void {
    const full = Math.round(share * BAR_CHARACTERS);
    const bar = "█".repeat(full) + "░".repeat(BAR_CHARACTERS - full);
    const width = this.#stream.columns ?? 80;
    this.#stream.write(`\r\x1b[K${`${bar}  ${text}`.slice(0, width - 1)}`);
  }

  #line(text: string, now: number): void {
    if (text === this.#lineText || now < this.#lineAt + LINE_MILLIS) return;
    this.#lineAt = now;
    this.#lineText = text;
    this.#stream.write(`${text}\n`);
  }
}
