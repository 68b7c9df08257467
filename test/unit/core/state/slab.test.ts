import assert from "node:assert/strict";
import { test } from "node:test";
import { createPrng } from "../../../../src/base/prng.ts";
import { PAGE_SHIFT, type Ref, Slab, WORD_MASK } from "../../../../src/core/state/slab.ts";

const PAGE_BYTES = 1 << 20;

interface Block {
  readonly ref: Ref;
  readonly bytes: number;
  readonly fill: number;
}

function contentOf(slab: Slab, { ref, bytes }: { ref: Ref; bytes: number }): Uint8Array {
  const at = (ref & WORD_MASK) * 4;
  return slab.bytes[ref >>> PAGE_SHIFT]!.subarray(at, at + bytes);
}

function allocate(slab: Slab, bytes: number, fill: number): Block {
  const block = { ref: slab.allocate(bytes), bytes: Slab.blockBytes(bytes), fill };
  contentOf(slab, block).fill(fill);
  return block;
}

function free(slab: Slab, block: Block): void {
  assert.ok(
    contentOf(slab, block).every((byte) => byte === block.fill),
    "somebody else has written into the block",
  );
  slab.free(block.ref);
}

test("blocks do not overlap, whatever is taken and given back in between", () => {
  for (let seed = 0; seed < 12; seed++) {
    const prng = createPrng(`slab ${seed}`);
    const slab = new Slab();
    const live: Block[] = [];
    const sizes = Array.from({ length: 4 }, () => prng.pick([12, 40, 200, 260, 1_000, 33_000, 97 * 1024]));
    let used = 0;
    for (let i = 0; i < 600; i++) {
      if (live.length === 0 || prng.chance(3, 5)) {
        const bytes = Math.max(1, prng.pick(sizes) - prng.below(12));
        const block = allocate(slab, bytes, 1 + prng.below(255));
        assert.ok(block.bytes >= bytes && block.bytes <= bytes * 1.13 + 16);
        assert.equal(contentOf(slab, block).length, block.bytes, "a block lies in one page");
        used += block.bytes;
        live.push(block);
      } else {
        const [block] = live.splice(prng.below(live.length), 1);
        used -= block!.bytes;
        free(slab, block!);
      }
      assert.equal(slab.usedBytes, used);
    }
    for (const block of live) {
      assert.ok(slab.isBlock(block.ref));
      assert.ok(!slab.isBlock(block.ref + 1) || block.bytes === 4);
      free(slab, block);
    }
    assert.equal(slab.usedBytes, 0);
  }
});

test("the first word of a block that was given back is 0 until somebody takes it", () => {
  const slab = new Slab();
  const block = allocate(slab, 100, 7);
  free(slab, block);
  assert.equal(slab.words[block.ref >>> PAGE_SHIFT]![block.ref & WORD_MASK], 0);
  assert.equal(slab.allocate(100), block.ref, "it is the next to be taken");
});

test("no block is at 0, and there is none where nothing was handed out", () => {
  const slab = new Slab();
  const first = slab.allocate(16);
  assert.notEqual(first, 0);
  assert.ok(slab.isBlock(first));
  assert.ok(!slab.isBlock(first + 4), "behind the last block of a page");
  assert.ok(!slab.isBlock(first + 2 ** PAGE_SHIFT), "on a page that is not there");
});

test("pages that have become empty serve blocks of other sizes", () => {
  const slab = new Slab();
  const sizes = [40, 400, 4_000];
  let pagesMax = 0;
  for (let round = 0; round < 12; round++) {
    const size = sizes[round % sizes.length]!;
    const count = Math.ceil((4 * PAGE_BYTES) / size);
    const blocks = Array.from({ length: count }, () => allocate(slab, size, 9));
    if (round === sizes.length - 1) pagesMax = slab.bytes.length;
    for (const block of blocks) free(slab, block);
  }
  assert.ok(slab.bytes.length <= pagesMax, `${slab.bytes.length} pages, ${pagesMax} were enough`);
});

test("a slab that was cleared begins anew", () => {
  const slab = new Slab();
  const before = [100, 2_000].map((bytes) => slab.allocate(bytes));
  slab.clear();
  assert.equal(slab.usedBytes, 0);
  for (const ref of before) assert.ok(!slab.isBlock(ref));
  const block = allocate(slab, 100, 3);
  free(slab, block);
});
