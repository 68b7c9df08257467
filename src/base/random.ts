/** Chance. In a simulation it is drawn from the seed. */
export interface Random {
  /** An unsigned integer of 32 bits. */
  u32(): number;
}

/** An integer from 0 to `bound - 1`, without bias that matters below 2^32. */
export function below(random: Random, bound: number): number {
  return Math.floor((random.u32() / 0x1_0000_0000) * bound);
}
