import type { Timers } from "../../ports/clock.ts";
import type { Link } from "../../ports/link.ts";

/** Kinds of frames: a part of a message, and its last part. */
const PART_KIND = 2;
const LAST_PART_KIND = 3;
/** Messages beyond this go in parts of so many bytes. A frame of a link is at most 64 MiB, and a value may be 512. */
const WHOLE_BYTES_MAX = 4 << 20;
const PART_BYTES = 1 << 20;
/** So much of them is given to a link at a time: what keeps leases alive passes by the rest. */
const BUFFERED_BYTES_MAX = 2 << 20;
/** What may wait behind a long message; the next one is lost, and sent again by whoever needs it. */
const WAITING_BYTES_MAX = 64 << 20;
const PUMP_MILLIS = 1;
/** Longer than any record. */
const MESSAGE_BYTES_MAX = 2 ** 31;

interface Frame {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

interface Sending {
  readonly link: Link;
  readonly frames: Frame[];
  bytes: number;
}

interface Gathered {
  readonly parts: Uint8Array[];
  length: number;
}

/** Takes messages that are too long for a frame to pieces, and puts them together again. */
export class LongMessages {
  readonly #timers: Timers;
  readonly #sending = new Map<string, Sending>();
  readonly #gathered = new WeakMap<Link, Gathered>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  static isPart(kind: number): boolean {
    return kind === PART_KIND || kind === LAST_PART_KIND;
  }

  /** Whether something long is still on its way to a replica. */
  isSending(to: string): boolean {
    return this.#sending.get(to)?.link.isUp === true;
  }

  /**
   * Takes a message over that is long, or that has to stay behind one that is (`inOrder`); false: it may be sent as it is, with
   * `kind`.
   */
  take(link: Link, kind: number, parts: readonly Uint8Array[], inOrder: boolean): boolean {
    let length = 0;
    for (const part of parts) length += part.length;
    const to = link.peer.replica;
    const present = this.isSending(to) && this.#sending.get(to)!.link === link ? this.#sending.get(to)! : undefined;
    if (length <= WHOLE_BYTES_MAX && (present === undefined || !inOrder)) return false;
    if (present !== undefined && present.bytes + length > WAITING_BYTES_MAX) return true;
    const sending = present ?? { link, frames: [], bytes: 0 };
    if (length <= WHOLE_BYTES_MAX) sending.frames.push({ kind, parts, length });
    else sending.frames.push(...cut(parts));
    sending.bytes += length;
    if (present === undefined) {
      this.#sending.set(to, sending);
      this.#pump(to, sending);
    }
    return true;
  }

  #pump(to: string, sending: Sending): void {
    const { link, frames } = sending;
    if (this.#sending.get(to) !== sending) return;
    while (frames.length > 0 && link.isUp && link.bufferedBytes < BUFFERED_BYTES_MAX) {
      const { kind, parts, length } = frames.shift()!;
      sending.bytes -= length;
      link.send(kind, parts);
    }
    if (frames.length > 0 && link.isUp) this.#timers.after(PUMP_MILLIS, () => this.#pump(to, sending));
    else this.#sending.delete(to);
  }

  /** A part has come; the message, if it was the last one. */
  gather(link: Link, kind: number, part: Uint8Array): Uint8Array | undefined {
    const gathered = this.#gathered.get(link) ?? { parts: [], length: 0 };
    gathered.parts.push(part);
    gathered.length += part.length;
    const isOver = kind === LAST_PART_KIND || gathered.length > MESSAGE_BYTES_MAX;
    if (!isOver) this.#gathered.set(link, gathered);
    else this.#gathered.delete(link);
    return isOver ? joined(gathered) : undefined;
  }
}

function cut(parts: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PART_BYTES) {
      const piece = part.subarray(at, at + PART_BYTES);
      frames.push({ kind: PART_KIND, parts: [piece], length: piece.length });
    }
  }
  const last = frames.pop()!;
  return [...frames, { ...last, kind: LAST_PART_KIND }];
}

function joined({ parts, length }: Gathered): Uint8Array {
  if (length > MESSAGE_BYTES_MAX) return new Uint8Array(0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
