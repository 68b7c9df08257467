/**
 * HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the 32-bit variant of its reference
 * code) with a secret key, so that a client that does not know it cannot make keys collide. Rounds of 32-bit operations are
 * what JavaScript does fast. They are written out wherever they are done: a function of four words of state, called for each word of a
 * key, would cost more than the round itself.
 */
export class SipHash {
  readonly #k0: number;
  readonly #k1: number;

  /** `k0` and `k1` are 32 bits of secret each. */
  constructor(k0: number, k1: number) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** 32 bits, unsigned. */
  bytes(source: Uint8Array, start: number, end: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    const length = end - start;
    const wordsEnd = end - (length & 3);
    let m = 0;
    for (let at = start; at < wordsEnd; at += 4) {
      m = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24);
      v3 ^= m;
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
      v0 ^= m;
    }
    m = length << 24;
    for (let at = end - 1; at >= wordsEnd; at--) m |= source[at]! << ((at - wordsEnd) * 8);
    return finish(v0, v1, v2, v3, m);
  }

  /** The same of a latin1 string: `text` and its bytes hash alike. */
  text(source: string): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    const { length } = source;
    const wordsEnd = length - (length & 3);
    let m = 0;
    for (let at = 0; at < wordsEnd; at += 4) {
      m =
        source.charCodeAt(at) |
        (source.charCodeAt(at + 1) << 8) |
        (source.charCodeAt(at + 2) << 16) |
        (source.charCodeAt(at + 3) << 24);
      v3 ^= m;
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
      v0 ^= m;
    }
    m = length << 24;
    for (let at = length - 1; at >= wordsEnd; at--) m |= source.charCodeAt(at) << ((at - wordsEnd) * 8);
    return finish(v0, v1, v2, v3, m);
  }
}

/** The last word and three more rounds. */
function finish(a: number, b: number, c: number, d: number, m: number): number {
  let v0 = a;
  let v1 = b;
  let v2 = c;
  let v3 = d ^ m;
  for (let round = 0; round < 4; round++) {
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
    if (round === 0) {
      v0 ^= m;
      v2 ^= 0xff;
    }
  }
  return (v1 ^ v3) >>> 0;
}
