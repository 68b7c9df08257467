import { randomFillSync } from "node:crypto";
import type { Random } from "../base/random.ts";

const pool = new Uint32Array(1024);
let left = 0;

/** Chance from the operating system, drawn by the pageful. */
export const nodeRandom: Random = {
  u32: () => {
    if (left === 0) {
      randomFillSync(pool);
      left = pool.length;
    }
    return pool[--left]!;
  },
};
