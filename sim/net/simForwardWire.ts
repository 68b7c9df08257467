import { invariant } from "../../src/base/invariant.ts";
import type { ForwardHandler, ForwardWire } from "../../src/ports/forwarder.ts";
import type { Scheduled } from "../kernel/scheduler.ts";
import type { SimForward } from "./simForward.ts";
import type { Party } from "./simNetwork.ts";
import { frameBytes, type SimItem, SimPipe, simFrame } from "./simPipe.ts";

/** So much is read at once at most. */
const READ_BYTES = 64 * 1024;
/** The operating system takes so much that has not arrived. */
const SYSTEM_BYTES = 64 * 1024;
/** Who has left less than this unsent is not told when it is gone. */
const DRAIN_BYTES = 64 * 1024;
const SPLIT_ONE_IN = 4;
/** What is read is in here, and is nothing any more when the handler returns. */
const READ_BUFFER = new Uint8Array(READ_BYTES);
const GARBAGE = 0xee;

/** One end of a simulated connection, at the node that forwards or at the one to which it forwards. */
export class SimForwardWire implements ForwardWire {
  readonly party: Party;
  /** What this end sends. */
  readonly outgoing: SimPipe;
  other: SimForwardWire | undefined;
  /** Ends the attempt to connect. */
  timer: Scheduled | undefined;
  readonly #forward: SimForward;
  #handler: ForwardHandler | undefined;
  #state: "connecting" | "open" | "over" = "connecting";
  #isDrainDue = false;

  constructor(forward: SimForward, party: Party, handler?: ForwardHandler) {
    this.#forward = forward;
    this.party = party;
    this.#handler = handler;
    this.outgoing = new SimPipe({
      later: (notBefore, run) =>
        forward.network.arriveLater(`wire ${party.host}>${this.other!.party.host}`, notBefore, run),
      isBlocked: () => forward.isBlocked(party, this.other!.party),
      deliver: (item) => {
        this.other!.#take(item);
        this.#checkDrain();
      },
    });
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  get unsentBytes(): number {
    return this.isOver ? 0 : Math.max(0, this.outgoing.bytes - SYSTEM_BYTES);
  }

  meet(other: SimForwardWire): void {
    this.other = other;
  }

  /** This end was called: it may speak from now on. */
  accepted(handler: ForwardHandler): void {
    this.#handler = handler;
    this.#state = "open";
    this.outgoing.push({ type: "welcome" });
  }

  send(bytes: Uint8Array): void {
    if (this.isOver) return;
    invariant(this.#state === "open", "nothing is sent before the connection is open");
    const { prng } = this.#forward.network;
    for (let at = 0; at < bytes.length; ) {
      const most = Math.min(READ_BYTES, bytes.length - at);
      const length = prng.chance(1, SPLIT_ONE_IN) ? prng.between(1, most) : most;
      const frame = simFrame(0, [bytes.subarray(at, at + length)]);
      this.outgoing.push({ type: "frames", frames: [frame], bytes: length });
      at += length;
    }
    if (this.unsentBytes > DRAIN_BYTES) this.#isDrainDue = true;
    this.#forward.written(this);
  }

  /** It is told in a turn of its own. */
  #checkDrain(): void {
    if (!this.#isDrainDue || this.unsentBytes > 0) return;
    this.#isDrainDue = false;
    this.#forward.network.scheduler.after(0, this.party.life, "drained", () => {
      if (!this.isOver) this.#handler!.onDrain();
    });
  }

  close(): void {
    if (this.isOver) return;
    const { prng } = this.#forward.network;
    const { items } = this.outgoing;
    if (items > 0 && prng.chance(1, 2)) this.outgoing.loseAfter(prng.below(items));
    this.vanish();
    if (this.other !== undefined) this.outgoing.push({ type: "end" });
  }

  /** The machine is gone: nobody hears of it. */
  vanish(): void {
    this.#state = "over";
    this.#forward.over(this);
  }

  /** Ends it, and tells whoever uses it here. */
  end(reason: string): void {
    if (this.isOver) return;
    this.close();
    this.#handler?.onClosed(reason);
  }

  #take(item: SimItem): void {
    if (this.isOver || !this.party.life.alive) return;
    if (item.type === "end") this.end("it closed the connection");
    else if (item.type === "welcome") this.#open();
    else for (const frame of item.frames) this.#read(frameBytes(frame));
  }

  #open(): void {
    this.timer!.cancelled = true;
    this.#state = "open";
    this.#handler!.onOpen();
  }

  #read(bytes: Uint8Array): void {
    READ_BUFFER.set(bytes);
    this.#handler!.onBytes(READ_BUFFER, bytes.length);
    READ_BUFFER.fill(GARBAGE, 0, bytes.length);
  }
}
