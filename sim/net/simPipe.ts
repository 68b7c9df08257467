import { crc32 } from "../../src/base/crc.ts";
import { invariant } from "../../src/base/invariant.ts";

export interface SimFrame {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly length: number;
  readonly crc: number;
}

export function simFrame(kind: number, parts: readonly Uint8Array[]): SimFrame {
  let crc = 0;
  let length = 0;
  for (const part of parts) {
    crc = crc32(part, 0, part.length, crc);
    length += part.length;
  }
  return { kind, parts, length, crc };
}

/** The bytes as they arrive. That they are still those that were sent is the sender's promise, which only a simulator checks. */
export function frameBytes({ parts, length, crc }: SimFrame): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  invariant(crc32(bytes, 0, length) === crc, "bytes that were sent have been changed before they arrived");
  return bytes;
}

export type SimItem =
  | { readonly type: "frames"; readonly frames: readonly SimFrame[]; readonly bytes: number }
  | { readonly type: "welcome" }
  | { readonly type: "end" };

export interface SimPipeParts {
  /** Runs something when what is sent now would arrive. */
  readonly later: (notBefore: number, run: () => void) => number;
  /** Nothing gets through at present. */
  readonly isBlocked: () => boolean;
  readonly deliver: (item: SimItem) => void;
}

/** One direction of a connection: in order, each item after a delay of its own, kept while nothing gets through. */
export class SimPipe {
  /** What was sent and has not arrived. */
  bytes = 0;
  readonly #parts: SimPipeParts;
  #items: SimItem[] = [];
  #lastArrival = 0;
  /** So many have come to the place where nothing gets through. */
  #held = 0;
  #isSevered = false;

  constructor(parts: SimPipeParts) {
    this.#parts = parts;
  }

  push(item: SimItem): void {
    if (this.#isSevered) return;
    this.#items.push(item);
    if (item.type === "frames") this.bytes += item.bytes;
    this.#arriveLater();
  }

  /** Things may get through again. */
  release(): void {
    if (this.#parts.isBlocked()) return;
    const held = this.#held;
    this.#held = 0;
    for (let i = 0; i < held; i++) this.#arriveLater();
  }

  /** Of what is under way, only the first `kept` items arrive. */
  loseAfter(kept: number): void {
    for (const item of this.#items.splice(kept)) if (item.type === "frames") this.bytes -= item.bytes;
  }

  get items(): number {
    return this.#items.length;
  }

  /** Loses everything that is under way, and everything that is sent from now on. */
  sever(): void {
    this.#isSevered = true;
    this.#items = [];
    this.bytes = 0;
    this.#held = 0;
  }

  #arriveLater(): void {
    this.#lastArrival = this.#parts.later(this.#lastArrival, () => this.#arrive());
  }

  #arrive(): void {
    if (this.#items.length === 0) return;
    if (this.#parts.isBlocked()) {
      this.#held++;
      return;
    }
    const item = this.#items.shift()!;
    if (item.type === "frames") this.bytes -= item.bytes;
    this.#parts.deliver(item);
  }
}
