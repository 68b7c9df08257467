import type { Prng } from "../../src/base/prng.ts";

/** Bytes that mean something to the parser. */
const TELLING = [..."\r\n*$+-0129 '\"\\x\0\xff"].map((char) => char.charCodeAt(0));
const RUN_BYTES_MAX = 16;

type Mutation = (prng: Prng, bytes: Uint8Array) => Uint8Array;

/** Damages a stream in one to four places. */
export function mutate(prng: Prng, bytes: Uint8Array): Uint8Array {
  let mutated = bytes;
  for (let left = prng.between(1, 4); left > 0 && mutated.length > 0; left--) {
    mutated = prng.pick(MUTATIONS)(prng, mutated);
  }
  return mutated;
}

const overwrite: Mutation = (prng, bytes) => {
  const mutated = bytes.slice();
  mutated[prng.below(bytes.length)] = prng.chance(1, 2) ? prng.pick(TELLING) : prng.below(256);
  return mutated;
};

const flip: Mutation = (prng, bytes) => {
  const mutated = bytes.slice();
  mutated[prng.below(bytes.length)]! ^= 1 << prng.below(8);
  return mutated;
};

const insert: Mutation = (prng, bytes) => {
  const at = prng.below(bytes.length + 1);
  const run = new Uint8Array(prng.between(1, 3)).map(() => prng.pick(TELLING));
  return join(bytes.subarray(0, at), run, bytes.subarray(at));
};

const remove: Mutation = (prng, bytes) => {
  const from = prng.below(bytes.length);
  const to = Math.min(bytes.length, from + prng.between(1, RUN_BYTES_MAX));
  return join(bytes.subarray(0, from), bytes.subarray(to));
};

const repeat: Mutation = (prng, bytes) => {
  const from = prng.below(bytes.length);
  const to = Math.min(bytes.length, from + prng.between(1, RUN_BYTES_MAX));
  return join(bytes.subarray(0, to), bytes.subarray(from));
};

const truncate: Mutation = (prng, bytes) => bytes.slice(0, prng.below(bytes.length));

const MUTATIONS: readonly Mutation[] = [overwrite, overwrite, flip, insert, remove, repeat, truncate];

/** The bytes of all parts, one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
