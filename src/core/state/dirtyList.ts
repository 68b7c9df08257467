import type { Ref } from "./slab.ts";

/** Records that became dirty one after the other, the first of them at `firstSeq`. */
export interface DirtyBlock {
  readonly firstSeq: number;
  readonly refs: Uint32Array;
  count: number;
}

/**
 * Which records have changed since the engine last had them, in the order in which they first changed: whoever has taken all
 * up to a block has every change up to the seq before the block's first. Records that move while dirty lose their place and are
 * listed apart, to be taken before anything else. A ref may be out of date; its record is then named again elsewhere.
 */
export class DirtyList {
  /** How many refs a block takes. */
  blockRefs = 256;
  #blocks: DirtyBlock[] = [];
  #first = 0;
  #moved: Ref[] = [];

  add(ref: Ref, seq: number): void {
    let block = this.#blocks[this.#blocks.length - 1];
    if (block === undefined || block.count >= block.refs.length || this.#first === this.#blocks.length) {
      block = { firstSeq: seq, refs: new Uint32Array(this.blockRefs), count: 0 };
      this.#blocks.push(block);
    }
    block.refs[block.count++] = ref;
  }

  addMoved(ref: Ref): void {
    this.#moved.push(ref);
  }

  takeMoved(): readonly Ref[] {
    if (this.#moved.length === 0) return this.#moved;
    const moved = this.#moved;
    this.#moved = [];
    return moved;
  }

  /** The oldest block, which is not listed any more. */
  takeBlock(): DirtyBlock | undefined {
    const block = this.#blocks[this.#first];
    if (block === undefined) return undefined;
    this.#first++;
    if (this.#first > 64 && this.#first * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#first);
      this.#first = 0;
    }
    return block;
  }

  /** The seq at which the oldest record still listed in a block first changed; undefined when there is none. */
  get oldestSeq(): number | undefined {
    return this.#blocks[this.#first]?.firstSeq;
  }

  /** Visits all that is listed, and maybe some of it twice. */
  forEach(visit: (ref: Ref) => void): void {
    for (const ref of this.#moved) visit(ref);
    for (let at = this.#first; at < this.#blocks.length; at++) {
      const { refs, count } = this.#blocks[at]!;
      for (let i = 0; i < count; i++) visit(refs[i]!);
    }
  }

  clear(): void {
    this.#blocks = [];
    this.#first = 0;
    this.#moved = [];
  }
}
