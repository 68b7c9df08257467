import { percentile } from "../statistics.ts";
import type { ClusterClient } from "./clusterClient.ts";
import { getCommand, type Keys, keyName, setCommand } from "./keys.ts";

const tickMillis = 1;
const keyStride = 7_919;
const errorsKept = 5;

/** What the requests of a span of time met with. */
export interface LoadSpan {
  requests: number;
  p50Millis: number;
  p99Millis: number;
  maxMillis: number;
}

/** Samples for as long as any load takes; more makes room for twice as many. */
const samplesExpected = 1 << 19;

/**
 * One number for each: as objects they would have the program that measures collect its memory, which took both cores from the servers
 * for 100 ms, in the middle of the load. For the same reason it runs with one thread beside its own, and a large young generation.
 */
class Samples {
  count = 0;
  /** When it was due. */
  at = new Float64Array(samplesExpected);
  millis = new Float64Array(samplesExpected);
  /** Whom the client asked first. */
  port = new Uint16Array(samplesExpected);

  add(at: number, millis: number, port: number): void {
    if (this.count === this.at.length) {
      this.at = doubled(this.at, new Float64Array(this.count * 2));
      this.millis = doubled(this.millis, new Float64Array(this.count * 2));
      this.port = doubled(this.port, new Uint16Array(this.count * 2));
    }
    this.at[this.count] = at;
    this.millis[this.count] = millis;
    this.port[this.count++] = port;
  }
}

function doubled<A extends Float64Array | Uint16Array>(of: A, room: A): A {
  room.set(of);
  return room;
}

/**
 * Requests at a fixed rate, every other one a write, over all keys, whether or not the ones before are answered: a server that stands still
 * is not asked less. A latency counts from when the request was due, and includes all redirections.
 */
export class SteadyLoad {
  errors = 0;
  readonly errorTexts: string[] = [];
  readonly #client: ClusterClient;
  readonly #keys: Keys;
  readonly #perMilli: number;
  readonly #samples = new Samples();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #sent = 0;
  #answered = 0;

  constructor(client: ClusterClient, keys: Keys, perSecond: number) {
    this.#client = client;
    this.#keys = keys;
    this.#perMilli = perSecond / 1_000;
    this.#timer = setInterval(() => this.#tick(), tickMillis);
  }

  #tick(): void {
    const due = Math.floor((performance.now() - this.#startedAt) * this.#perMilli);
    while (this.#sent < due) this.#send(this.#sent++);
  }

  #send(number: number): void {
    const at = this.#startedAt + number / this.#perMilli;
    const index = (number * keyStride) % this.#keys.count;
    const slot = this.#keys.slots[index]!;
    const port = this.#client.ownerOf(slot);
    const render = number % 2 === 0 ? setCommand : getCommand;
    this.#client.send(slot, render(keyName(index)), (error) => {
      this.#answered++;
      this.#samples.add(at, performance.now() - at, port);
      if (error === undefined) return;
      this.errors++;
      if (this.errorTexts.length < errorsKept) this.errorTexts.push(error);
    });
  }

  /** Of the requests that were due in a span and were sent to this node first. */
  span(from: number, to: number, port: number): LoadSpan {
    const samples = this.#samples;
    const millis: number[] = [];
    for (let i = 0; i < samples.count; i++) {
      if (samples.at[i]! >= from && samples.at[i]! < to && samples.port[i] === port) millis.push(samples.millis[i]!);
    }
    millis.sort((a, b) => a - b);
    return {
      requests: millis.length,
      p50Millis: percentile(millis, 0.5),
      p99Millis: percentile(millis, 0.99),
      maxMillis: millis.at(-1)!,
    };
  }

  /** Sends no more; what is not answered by now is an error. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    const deadline = performance.now() + 5_000;
    while (this.#answered < this.#sent && performance.now() < deadline)
      await new Promise((done) => setTimeout(done, 10));
    this.errors += this.#sent - this.#answered;
  }
}
