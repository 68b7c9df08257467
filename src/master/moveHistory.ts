import { isOver, type MoveRecord } from "../core/slots/moveRecord.ts";
import type { Clock } from "../ports/clock.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { MoveProgress } from "./masterApi.ts";

const AGAIN_MILLIS_MIN = 2_000;
const AGAIN_MILLIS_MAX = 300_000;

interface Seen {
  /** The znode's version and what was copied, as they were when something happened last. */
  readonly sign: string;
  readonly done: string | undefined;
  readonly since: number;
}

interface Failures {
  count: number;
  until: number;
}

/** How long each move has been as it is, and between which groups moves failed: what may be forgotten when the master changes. */
export class MoveHistory {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes notice of what has happened since the last call. */
  look({ moves }: TreeSnapshot, progressOf: (move: string) => MoveProgress | undefined): void {
    for (const id of this.#seen.keys()) if (!moves.has(id)) this.#seen.delete(id);
    for (const [id, { value, version }] of moves) {
      const progress = progressOf(id);
      // A move that waits because somebody wants it does not get old.
      const isPaused = value.paused && value.state !== "flipped" && value.state !== "aborted";
      // The reports may be missing for a while: then nothing is known of it, which is no sign of life.
      const done = progress === undefined ? this.#seen.get(id)?.done : `${progress.keysDone} ${progress.bytesDone}`;
      const sign = isPaused ? "" : `${version} ${done ?? ""}`;
      const seen = this.#seen.get(id);
      if (seen?.sign === sign && !isPaused) continue;
      this.#seen.set(id, { sign, done, since: this.#clock.monotonic() });
    }
  }

  /** For how long nothing was seen of it. */
  idleMillis(move: string): number {
    const seen = this.#seen.get(move);
    return seen === undefined ? 0 : Math.floor(this.#clock.monotonic() - seen.since);
  }

  /** A move is taken away. */
  ended(move: MoveRecord, isCancelled: boolean): void {
    if (!isOver(move)) return;
    const pair = `${move.source} ${move.target}`;
    if (move.state === "flipped") this.#failures.delete(pair);
    if (move.state !== "aborted" || isCancelled) return;
    const count = (this.#failures.get(pair)?.count ?? 0) + 1;
    const wait = Math.min(AGAIN_MILLIS_MIN * 2 ** (count - 1), AGAIN_MILLIS_MAX);
    this.#failures.set(pair, { count, until: this.#clock.monotonic() + wait });
  }

  /** For how long nothing is moved between the two, since it failed; 0 when it may be tried. */
  waitMillis(source: string, target: string): number {
    const failures = this.#failures.get(`${source} ${target}`);
    return failures === undefined ? 0 : Math.max(0, failures.until - this.#clock.monotonic());
  }

  /** Whoever asks for a move anew does not wait. */
  forget(): void {
    this.#failures.clear();
  }
}
