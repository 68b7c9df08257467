import { invariant } from "../../src/base/invariant.ts";
import type { Prng } from "../../src/base/prng.ts";

/** Something that can end before what it has begun: a process. What belongs to a dead one never happens. */
export interface Life {
  alive: boolean;
  /** It stands still, as after SIGSTOP: what is to happen to it waits until `Scheduler.resume`. */
  isPaused?: boolean;
}

/** Something that will happen. */
export interface Scheduled {
  cancelled: boolean;
}

interface Event extends Scheduled {
  at: number;
  /** Decides between events of one instant. */
  tie: number;
  readonly life: Life | undefined;
  readonly label: string;
  readonly run: () => void;
}

/** Virtual time: one queue of events, ordered by (time, drawn number). Nothing else makes anything happen. */
export class Scheduler {
  /** Microseconds since the world began. */
  nowMicros = 0;
  /** Events that have happened. */
  steps = 0;
  /** Told of every event as it happens. */
  onEvent: (label: string) => void = () => undefined;
  readonly #ties: Prng;
  #heap: Event[] = [];
  /** What would have happened to those that stand still, in order. */
  readonly #waiting = new Map<Life, Event[]>();

  constructor(ties: Prng) {
    this.#ties = ties;
  }

  /** Lets `run` happen in `micros` microseconds, unless it is cancelled or `life` ends before. */
  after(micros: number, life: Life | undefined, label: string, run: () => void): Scheduled {
    invariant(micros >= 0, "nothing happens in the past");
    const at = this.nowMicros + Math.floor(micros);
    const event: Event = { at, tie: this.#ties.u32(), life, label, run, cancelled: false };
    this.#push(event);
    return event;
  }

  /** Makes the next event happen; false when there is none. */
  step(): boolean {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      if (event.cancelled || event.life?.alive === false) continue;
      if (event.life?.isPaused === true) {
        this.#keep(event, event.life);
        continue;
      }
      this.nowMicros = event.at;
      this.steps++;
      this.onEvent(event.label);
      event.run();
      return true;
    }
  }

  #keep(event: Event, life: Life): void {
    const waiting = this.#waiting.get(life);
    if (waiting === undefined) this.#waiting.set(life, [event]);
    else waiting.push(event);
  }

  /** Lets a life that stands still go on: what has waited happens now, in its order. */
  resume(life: Life): void {
    life.isPaused = false;
    for (const [i, event] of (this.#waiting.get(life) ?? []).entries()) {
      event.at = this.nowMicros;
      event.tie = i;
      this.#push(event);
    }
    this.#waiting.delete(life);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push(event);
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const moved = heap.pop();
    if (first === undefined || moved === undefined || heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(moved, heap[child]!)) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = moved;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at !== b.at ? a.at < b.at : a.tie < b.tie;
}
