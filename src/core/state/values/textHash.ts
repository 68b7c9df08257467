let seed0 = 0x5bd1e995;
let seed1 = 0x1b873593;

/**
 * Sets the key of `textHash`, drawn at random by the platform before any collection exists. No order that a client sees
 * depends on it, so it may differ from replica to replica.
 */
export function installTextHashSeed(low: number, high: number): void {
  seed0 = low | 0;
  seed1 = high | 0;
}

/**
 * HalfSipHash-1-2 (Aumasson and Bernstein) of a latin1 string, as a signed 32-bit integer. A keyed hash, because members
 * are chosen by clients: without the key nobody can make many of them collide. About 30 ns for 16 bytes.
 */
export function textHash(text: string): number {
  const { length } = text;
  let v0 = seed0;
  let v1 = seed1;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const tail = length & ~3;
  for (let i = 0; i <= tail; i += 4) {
    const word = i < tail ? fullWord(text, i) : lastWord(text, i);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let round = 0; round < 2; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}

function fullWord(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** The zero to three bytes that are left, with the length in the top byte. */
function lastWord(text: string, at: number): number {
  let word = text.length << 24;
  for (let i = at, shift = 0; i < text.length; i++, shift += 8) word |= text.charCodeAt(i) << shift;
  return word;
}
