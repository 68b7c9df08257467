import type { Prng } from "../../src/base/prng.ts";
import type { Random } from "../../src/base/random.ts";

/** A short run of draws (xorshift, Marsaglia 2003) that can be had twice: once for the node, once for the model. */
export class RequestRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  u32(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}

/** The chance of a node: while it evaluates a request, the request's own; else that of the world. */
export class NodeRandom implements Random {
  ofRequest: Random | undefined;
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  u32(): number {
    return (this.ofRequest ?? this.#prng).u32();
  }
}
