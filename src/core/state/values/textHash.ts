import { SipHash } from "../sipHash.ts";

let hash = new SipHash(0x5bd1e995, 0x1b873593);

/**
 * Sets the key of `textHash`, drawn at random by the platform before any collection exists. No order that a client sees
 * depends on it, so it may differ from replica to replica.
 */
export function installTextHashSeed(low: number, high: number): void {
  hash = new SipHash(low, high);
}

/**
 * The hash of a latin1 string that members and fields are found by, as a signed 32-bit integer. A keyed hash, because members are
 * chosen by clients: without the key nobody can make many of them collide.
 */
export function textHash(text: string): number {
  return hash.text(text) | 0;
}
