import { latin1Bytes } from "../../src/base/latin1.ts";
import { createPrng, type Prng } from "../../src/base/prng.ts";
import { runSeed } from "../support/runSeed.ts";
import { join, mutate } from "./mutation.ts";
import { drawStream } from "./requestGrammar.ts";

/** How many inputs a fuzzer draws, and from which seed: by number and not by time, so that every machine tries the same. */
export interface FuzzBudget {
  readonly seed: string;
  readonly inputs: number;
}

/** `HOLDFAST_FUZZ_INPUTS` inputs, or `inputs` in `npm test`. */
export function fuzzBudget(inputs: number): FuzzBudget {
  return { seed: String(runSeed), inputs: Number(process.env["HOLDFAST_FUZZ_INPUTS"] ?? inputs) };
}

export interface FuzzInput {
  /** Names the input: it is the same whenever seed and index are. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** For what else has to be drawn. */
  readonly prng: Prng;
}

const BASES = 4096;

/** Draws inputs: streams of requests, three out of four damaged. The same seed and index always give the same input. */
export class InputSource {
  readonly #seed: string;
  readonly #bases: readonly Uint8Array[];

  constructor(seed: string) {
    this.#seed = seed;
    const prng = createPrng(seed);
    this.#bases = Array.from({ length: BASES }, () => latin1Bytes(drawStream(prng)));
  }

  draw(index: number): FuzzInput {
    const name = `${this.#seed}/${index}`;
    const prng = createPrng(name);
    const base = prng.pick(this.#bases);
    const bytes = prng.chance(1, 4) ? join(base, prng.pick(this.#bases)) : base;
    return { name, prng, bytes: prng.chance(3, 4) ? mutate(prng, bytes) : bytes };
  }
}

/** Something that no input may bring about. The message holds the input as a JavaScript literal, and how to draw it again. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";

  constructor(what: string, input: string, bytes: Uint8Array) {
    super(`${what}\ninput ${input} (HOLDFAST_SEED=${input.split("/")[0]}):\n${literal(bytes)}`);
  }
}

/** Bytes as a string literal of JavaScript, one char a byte. */
function literal(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return JSON.stringify(text).replace(/[\x7f-\xff]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}
