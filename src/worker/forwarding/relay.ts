import type { ByteWriter } from "../../base/byteWriter.ts";
import type { Output } from "../client.ts";
import type { Forwarded, Place } from "./lane.ts";
import { writeRequest, writeWords } from "./requestText.ts";
import type { Exchange } from "./upstream.ts";

/** Who hears what became of a forwarded request. */
interface RelayOwner {
  replied(place: Place, forwarded: Forwarded, reply: Output, firstError: string | undefined): void;
  lost(place: Place, forwarded: Forwarded, wasSent: boolean, reason: string): void;
}

/** A client's request on its way: one command, or a whole transaction. */
export class Relay implements Exchange {
  readonly #place: Place;
  readonly #forwarded: Forwarded;
  readonly #owner: RelayOwner;

  constructor(place: Place, forwarded: Forwarded, owner: RelayOwner) {
    this.#place = place;
    this.#forwarded = forwarded;
    this.#owner = owner;
  }

  get replies(): number {
    const { transaction } = this.#forwarded;
    return transaction === undefined ? 1 : transaction.queue.length + 2;
  }

  get mayWait(): boolean {
    return this.#forwarded.mayBlock;
  }

  write(out: ByteWriter): void {
    const { transaction, bytes } = this.#forwarded;
    if (transaction === undefined) return out.copy(bytes, 0, bytes.length);
    writeWords(out, "MULTI");
    for (const queued of transaction.queue) writeRequest(out, queued.args);
    writeWords(out, "EXEC");
  }

  onReply(reply: Output, refusal: string | undefined): void {
    this.#owner.replied(this.#place, this.#forwarded, reply, refusal);
  }

  onLost(wasSent: boolean, reason: string): void {
    this.#owner.lost(this.#place, this.#forwarded, wasSent, reason);
  }
}
