/** Limits of a chunk. One element larger than the bytes is a chunk of its own. */
export const CHUNK_ELEMENTS_MAX = 128;
export const CHUNK_BYTES_MAX = 4096;

/** A run of neighbouring elements of a list: what is written to disk as one piece. */
export class Chunk {
  items: string[];
  bytes: number;
  /** Orders the chunks of a list, and names the piece. */
  key: number;

  constructor(items: string[], key: number) {
    this.items = items;
    this.bytes = bytesOf(items);
    this.key = key;
  }

  hasRoomFor(value: string): boolean {
    return this.items.length < CHUNK_ELEMENTS_MAX && this.bytes + value.length <= CHUNK_BYTES_MAX;
  }

  get isTooLarge(): boolean {
    return this.items.length > CHUNK_ELEMENTS_MAX || (this.bytes > CHUNK_BYTES_MAX && this.items.length > 1);
  }

  /** Half a chunk at most, so that merged chunks are not split at once. */
  canAbsorb(next: Chunk): boolean {
    const elements = this.items.length + next.items.length;
    return elements <= CHUNK_ELEMENTS_MAX / 2 && this.bytes + next.bytes <= CHUNK_BYTES_MAX / 2;
  }

  absorb(next: Chunk): void {
    this.items.push(...next.items);
    this.bytes += next.bytes;
  }

  /** Keeps the first part and returns the elements of the others, all of them within the limits. */
  splitOff(): string[][] {
    const parts: string[][] = [[]];
    const elementsMax = CHUNK_ELEMENTS_MAX / 2;
    const bytesMax = (CHUNK_BYTES_MAX * 3) / 4;
    let bytes = 0;
    for (const item of this.items) {
      const part = parts.at(-1)!;
      if (part.length > 0 && (part.length > elementsMax || bytes + item.length > bytesMax)) {
        parts.push([item]);
        bytes = item.length;
      } else {
        part.push(item);
        bytes += item.length;
      }
    }
    this.items = parts.shift()!;
    this.bytes = bytesOf(this.items);
    return parts;
  }
}

function bytesOf(items: string[]): number {
  let bytes = 0;
  for (const item of items) bytes += item.length;
  return bytes;
}
