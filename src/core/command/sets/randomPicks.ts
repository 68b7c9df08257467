import { below, type Random } from "../../../base/random.ts";
import type { Call } from "../call.ts";
import { fail, OUT_OF_RANGE } from "../errors.ts";
import { argBigInteger, INTEGER_MAX, INTEGER_MIN } from "../numbers.ts";

/** Redis has no limit here: a large count keeps it busy until its memory is used up. */
const REPEATED_PICKS_MAX = 2 ** 20;
const REPEATED_BYTES_MAX = 512 * 1024 * 1024;
/** A `Set` of more costs more than a bit for each position there is, and ends at 2^24. */
const SET_ELEMENTS_MAX = 2 ** 20;
const BITS_PER_SET_ELEMENT = 256;

/** The count of `SRANDMEMBER` and `HRANDFIELD`; undefined after an error reply. */
export function argPickCount(call: Call, i: number): bigint | undefined {
  const count = argBigInteger(call, i);
  if (count !== INTEGER_MIN) return count;
  fail(call, `ERR value is out of range, value must between -${INTEGER_MAX} and ${INTEGER_MAX}`);
  return undefined;
}

/**
 * `count` different positions below `length`, which is at least as much; their order says nothing. Floyd's sampling
 * (Bentley, "A sample of brilliance", CACM 30(9), 1987): one draw a position, so few of many cost little.
 */
export function distinctPositions(random: Random, length: number, count: number): Uint32Array {
  const positions = new Uint32Array(count);
  const isDense = count > SET_ELEMENTS_MAX || count > length / BITS_PER_SET_ELEMENT;
  const taken = isDense ? new BitSet(length) : new Set<number>();
  for (let i = 0; i < count; i++) {
    const last = length - count + i;
    const drawn = below(random, last + 1);
    const position = taken.has(drawn) ? last : drawn;
    taken.add(position);
    positions[i] = position;
  }
  return positions;
}

/** A set of small integers, a bit each. */
class BitSet {
  readonly #words: Uint32Array;

  constructor(length: number) {
    this.#words = new Uint32Array(Math.ceil(length / 32));
  }

  has(value: number): boolean {
    return (this.#words[value >>> 5]! & (1 << (value & 31))) !== 0;
  }

  add(value: number): void {
    this.#words[value >>> 5]! |= 1 << (value & 31);
  }
}

/**
 * Replies `picks` positions below `length`, each drawn anew: `begin` writes the header, `write` an element. A small
 * request must not become an endless reply, hence the limits.
 */
export function replyRepeatedPicks(
  call: Call,
  picks: number,
  length: number,
  begin: (picks: number) => void,
  write: (position: number) => void,
): void {
  if (picks > REPEATED_PICKS_MAX) return fail(call, OUT_OF_RANGE);
  const { out } = call.reply;
  const start = out.length;
  begin(picks);
  for (let i = 0; i < picks; i++) {
    if (out.length - start > REPEATED_BYTES_MAX) {
      out.length = start;
      return fail(call, OUT_OF_RANGE);
    }
    write(below(call.random, length));
  }
}
