import type { Prng } from "../../src/base/prng.ts";
import type { Message } from "../../src/core/replica/message.ts";
import { decodeMessage, encodeMessage } from "../../src/core/replica/messageCodec.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { Violation } from "../violation.ts";
import { drawMicros } from "./chance.ts";

export interface NetworkOptions {
  readonly latencyMillis: number;
  readonly lostPerMille: number;
  readonly twicePerMille: number;
  readonly slowPerMille: number;
  readonly slowMillis: number;
  /** Messages of a link overtake each other. */
  readonly reorders: boolean;
  /** Every message goes through its bytes. */
  readonly encodes: boolean;
}

/** Links between the machines, one for each direction; any of them can be cut for a while. */
export class Network {
  options: NetworkOptions;
  messages = 0;
  /** Told when a link works again after a cut. */
  onLinkUp: (from: number, to: number) => void = () => undefined;
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #cutUntil = new Map<number, number>();
  readonly #lastArrival = new Map<number, number>();

  constructor(scheduler: Scheduler, prng: Prng, options: NetworkOptions) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.options = options;
  }

  cut(from: number, to: number, micros: number): void {
    const link = from * 16 + to;
    const until = this.#scheduler.nowMicros + micros;
    if (until <= (this.#cutUntil.get(link) ?? 0)) return;
    this.#cutUntil.set(link, until);
    this.#scheduler.after(micros, undefined, "link", () => {
      if (this.#cutUntil.get(link) === until) this.onLinkUp(from, to);
    });
  }

  /** All links work, and lose nothing more. */
  heal(): void {
    const links = [...this.#cutUntil].filter(([, until]) => until > this.#scheduler.nowMicros);
    this.#cutUntil.clear();
    this.options = {
      ...this.options,
      latencyMillis: 0.3,
      reorders: false,
      lostPerMille: 0,
      twicePerMille: 0,
      slowPerMille: 0,
    };
    for (const [link] of links) this.onLinkUp(link >> 4, link & 15);
  }

  isCut(from: number, to: number): boolean {
    return (this.#cutUntil.get(from * 16 + to) ?? 0) > this.#scheduler.nowMicros;
  }

  send(from: number, to: number, message: Message, deliver: (message: Message) => void): void {
    this.messages++;
    const { lostPerMille, twicePerMille } = this.options;
    if (this.isCut(from, to) || this.#prng.chance(lostPerMille, 1000)) return;
    const sent = this.options.encodes ? throughBytes(message) : message;
    this.#carry(from, to, sent, deliver);
    if (this.#prng.chance(twicePerMille, 1000)) this.#carry(from, to, sent, deliver);
  }

  #carry(from: number, to: number, message: Message, deliver: (message: Message) => void): void {
    const { latencyMillis, slowPerMille, slowMillis, reorders } = this.options;
    const link = from * 16 + to;
    const now = this.#scheduler.nowMicros;
    const isSlow = this.#prng.chance(slowPerMille, 1000);
    let arrival = now + drawMicros(this.#prng, isSlow ? slowMillis : latencyMillis);
    if (!reorders) {
      arrival = Math.max(arrival, (this.#lastArrival.get(link) ?? 0) + 1);
      this.#lastArrival.set(link, arrival);
    }
    this.#scheduler.after(arrival - now, undefined, message.kind, () => {
      if (!this.isCut(from, to)) deliver(message);
    });
  }
}

function throughBytes(message: Message): Message {
  const chunks = encodeMessage(message);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const decoded = decodeMessage(bytes);
  if (decoded === undefined) throw new Violation("messages", `a ${message.kind} was not understood`);
  return decoded;
}
