import { installChunkSource } from "../src/core/state/slab.ts";

const free: ArrayBuffer[] = [];
let taken: ArrayBuffer[] = [];

/** Gives the memory of key spaces out again when their world is over: making it anew would take longer than all else. */
export function recycleMemory(): void {
  installChunkSource((bytes) => {
    const chunk = free.pop() ?? new ArrayBuffer(bytes);
    taken.push(chunk);
    return chunk;
  });
}

/** No key space that was made since the last call is used any more. */
export function memoryIsFree(): void {
  free.push(...taken);
  taken = [];
}
