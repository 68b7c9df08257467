import { invariant } from "../../base/invariant.ts";

/** Where a block lies: its offset in words of four bytes over all pages; 0 is nowhere. 2^32 words are 16 GiB. */
export type Ref = number;

const PAGE_BYTES = 1 << 20;
const PAGE_WORDS = PAGE_BYTES / 4;
export const PAGE_SHIFT = 18;
export const WORD_MASK = PAGE_WORDS - 1;
const PAGES_MAX = 1 << 14;
const NO_CLASS = 255;
/**
 * Pages come from the system by the chunk. Above 32 MiB `malloc` always maps memory of its own, which takes room only where it
 * is touched; pages of their own size would come from its heap and leave that in pieces.
 */
const PAGES_A_CHUNK = 64;

/** The largest block: room for the record of the longest key with the longest value that does not live outside. */
const BLOCK_BYTES_MAX = 97 * 1024;

const classWords: number[] = [];
for (let words = 4; words <= 64; words++) classWords.push(words);
while (classWords.at(-1)! * 4 < BLOCK_BYTES_MAX) {
  classWords.push(Math.min(Math.ceil(classWords.at(-1)! * 1.125), BLOCK_BYTES_MAX / 4));
}
const classOfWords = new Uint8Array(BLOCK_BYTES_MAX / 4 + 1);
for (let words = 0, sizeClass = 0; words < classOfWords.length; words++) {
  if (words > classWords[sizeClass]!) sizeClass++;
  classOfWords[words] = sizeClass;
}

let newChunk = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);

/** Lets somebody who makes many slabs one after the other give the same memory out again, whatever it contains. */
export function installChunkSource(source: (bytes: number) => ArrayBuffer): void {
  newChunk = source;
}

/**
 * Memory for many small blocks outside JavaScript's heap: pages of 1 MiB, each cut into blocks of one size. The garbage
 * collector sees a few hundred buffers instead of millions of objects, and a block costs at most three bytes more than its
 * content up to 256 bytes (12 % above).
 */
export class Slab {
  /** Each page as bytes and as words; the key space reads and writes blocks through them. */
  readonly bytes: Uint8Array[] = [];
  readonly words: Uint32Array[] = [];
  /** Bytes in blocks that are in use. */
  usedBytes = 0;
  readonly #class: number[] = [];
  readonly #live: number[] = [];
  readonly #free: number[] = [];
  readonly #bump: number[] = [];
  readonly #listed: boolean[] = [];
  /** For each size, pages that have room; may name pages that have changed their size since. */
  readonly #roomy: number[][] = classWords.map(() => []);
  /** Pages without a block in use, for the next need of any size. */
  readonly #spare: number[] = [];
  #chunk: ArrayBuffer | undefined;
  #chunkPages = 0;

  /** The bytes that a block for `bytes` really has. */
  static blockBytes(bytes: number): number {
    return classWords[classOfWords[(bytes + 3) >>> 2]!]! * 4;
  }

  /** A block of at least `bytes`; its content is whatever was there. */
  allocate(bytes: number): Ref {
    const sizeClass = classOfWords[(bytes + 3) >>> 2]!;
    const size = classWords[sizeClass]!;
    const roomy = this.#roomy[sizeClass]!;
    let page = -1;
    while (roomy.length > 0) {
      page = roomy[roomy.length - 1]!;
      if (this.#class[page] === sizeClass && this.#hasRoom(page, size)) break;
      roomy.pop();
      if (this.#class[page] === sizeClass) this.#listed[page] = false;
      page = -1;
    }
    if (page < 0) page = this.#open(sizeClass);
    this.#live[page]!++;
    this.usedBytes += size * 4;
    const head = this.#free[page]!;
    if (head !== 0) {
      this.#free[page] = this.words[page]![head + 1]!;
      return ((page << PAGE_SHIFT) >>> 0) + head;
    }
    const at = this.#bump[page]!;
    this.#bump[page] = at + size;
    return ((page << PAGE_SHIFT) >>> 0) + at;
  }

  #hasRoom(page: number, size: number): boolean {
    return this.#free[page] !== 0 || this.#bump[page]! + size <= PAGE_WORDS;
  }

  #open(sizeClass: number): number {
    const page = this.#spare.pop() ?? this.#map();
    this.#class[page] = sizeClass;
    this.#live[page] = 0;
    this.#free[page] = 0;
    // Word 0 of a page is never handed out, so that 0 can mean nowhere and "no free block".
    this.#bump[page] = 1;
    this.#listed[page] = true;
    this.#roomy[sizeClass]!.push(page);
    return page;
  }

  /** A page that was never used. */
  #map(): number {
    const page = this.bytes.length;
    invariant(page < PAGES_MAX, "the memory limit keeps the slab below 16 GiB");
    if (this.#chunk === undefined || this.#chunkPages === PAGES_A_CHUNK) {
      this.#chunk = newChunk(PAGES_A_CHUNK * PAGE_BYTES);
      this.#chunkPages = 0;
    }
    const at = this.#chunkPages++ * PAGE_BYTES;
    this.bytes.push(new Uint8Array(this.#chunk, at, PAGE_BYTES));
    this.words.push(new Uint32Array(this.#chunk, at, PAGE_WORDS));
    return page;
  }

  /** Gives a block back. Its first word becomes 0 and its second links the free blocks of the page. */
  free(ref: Ref): void {
    const page = ref >>> PAGE_SHIFT;
    const at = ref & WORD_MASK;
    const sizeClass = this.#class[page]!;
    const words = this.words[page]!;
    words[at] = 0;
    words[at + 1] = this.#free[page]!;
    this.#free[page] = at;
    this.usedBytes -= classWords[sizeClass]! * 4;
    const live = --this.#live[page]!;
    if (live === 0 && this.#roomy[sizeClass]!.length > 1) this.#release(page);
    else if (!this.#listed[page]) {
      this.#listed[page] = true;
      this.#roomy[sizeClass]!.push(page);
    }
  }

  #release(page: number): void {
    this.#class[page] = NO_CLASS;
    this.#listed[page] = false;
    this.#spare.push(page);
  }

  /** Whether `ref` is, now, the start of a block that was handed out (its first word tells whether it is in use). */
  isBlock(ref: Ref): boolean {
    const page = ref >>> PAGE_SHIFT;
    const at = ref & WORD_MASK;
    const sizeClass = this.#class[page];
    if (sizeClass === undefined || sizeClass === NO_CLASS) return false;
    return at < this.#bump[page]! && (at - 1) % classWords[sizeClass]! === 0;
  }

  /** Forgets everything. The last chunk is kept: memory for a new one costs the garbage collector more than most that follows. */
  clear(): void {
    this.bytes.length = 0;
    this.words.length = 0;
    this.usedBytes = 0;
    for (const list of [this.#class, this.#live, this.#free, this.#bump, this.#listed, this.#spare]) list.length = 0;
    this.#chunkPages = 0;
    for (const roomy of this.#roomy) roomy.length = 0;
  }
}
