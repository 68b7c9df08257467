import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkStore } from "../../../sim/invariants/theStoreIsTidy.ts";
import { forEachOperation } from "../../../src/base/engineBatch.ts";
import { createPrng } from "../../../src/base/prng.ts";
import type { PieceSink } from "../../../src/core/state/values/collection.ts";
import type { HashValue } from "../../../src/core/state/values/hashValue.ts";
import { FLUSH_SIZES, type FlushSizes } from "../../../src/storage/flusher.ts";
import { StoreRig } from "./storeRig.ts";

const FIELDS = 3_000;
const SIZES: FlushSizes = { ...FLUSH_SIZES, batchRecords: 100 };
const TABLE_KEYS = 0x10;
const TABLE_PIECES = 0x20;

/** A hash of many fields under "h", and what a flush of it does turn by turn, batch by batch. */
class LargeHash {
  readonly rig: StoreRig;
  readonly piecesOfTurns: number[] = [];
  readonly batches: { pieces: number; records: number; operations: number }[] = [];
  /** Others do this whenever the flush lets them. */
  meanwhile: () => void = () => undefined;

  constructor(name: string) {
    this.rig = new StoreRig({ prng: createPrng(name), sizes: SIZES });
    this.rig.onWait = () => {
      this.piecesOfTurns.push(0);
      this.meanwhile();
    };
    this.setAll("value");
    this.#watchEngine();
  }

  setAll(value: string, count = FIELDS): void {
    const pairs = Array.from({ length: count }, (_, i) => [`field${i}`, `${value}${i}`]).flat();
    this.rig.entry(() => this.rig.mutator.hashSet("h", pairs));
  }

  get value(): HashValue {
    return this.rig.state.collection(this.rig.state.find("h")) as HashValue;
  }

  #watchEngine(): void {
    const { engine } = this.rig.store;
    const apply = engine.apply.bind(engine);
    engine.apply = (batch, options) => {
      const seen = { pieces: 0, records: 0, operations: batch.operations };
      forEachOperation(batch.bytes, (key) => {
        if (key[0] === TABLE_PIECES) seen.pieces++;
        if (key[0] === TABLE_KEYS) seen.records++;
      });
      this.batches.push(seen);
      return apply(batch, options);
    };
  }

  /** A round, in which the pieces that are taken are counted by turn. */
  async flush(): Promise<void> {
    const { value, piecesOfTurns } = this;
    const original = value.takeDirtyPieces.bind(value);
    piecesOfTurns.length = 0;
    piecesOfTurns.push(0);
    this.batches.length = 0;
    value.takeDirtyPieces = (sink: PieceSink) =>
      original({
        get isFull() {
          return sink.isFull;
        },
        put: (piece, content) => {
          piecesOfTurns[piecesOfTurns.length - 1]!++;
          sink.put(piece, content);
        },
        delete: (piece) => {
          piecesOfTurns[piecesOfTurns.length - 1]!++;
          sink.delete(piece);
        },
      });
    await this.rig.flusher.run();
    value.takeDirtyPieces = original;
  }

  reopen(how: "crash" | "kill"): void {
    this.meanwhile = () => undefined;
    this.rig.disk[how]();
    this.rig.open();
    this.#watchEngine();
  }

  assertTidy(): void {
    checkStore(this.rig.disk, this.rig.entries.length, (violation) => assert.fail(violation.message));
  }
}

describe("a collection with more changes than one turn may take", () => {
  test("goes ahead in small batches when it is new, its record in the last of them", async () => {
    const hash = new LargeHash("new");
    await hash.flush();
    assert.ok(Math.max(...hash.piecesOfTurns) <= SIZES.batchRecords, "pieces of one turn");
    assert.ok(Math.max(...hash.batches.map(({ operations }) => operations)) <= SIZES.batchRecords + 4, "a batch");
    assert.equal(
      hash.batches.reduce((sum, { pieces }) => sum + pieces, 0),
      FIELDS,
    );
    const last = hash.batches.findLast(({ pieces }) => pieces > 0);
    assert.deepEqual(
      hash.batches.filter(({ records }) => records > 0),
      [last],
    );
    hash.assertTidy();
  });

  test("is changed in one batch, filled in many turns, when the store has it", async () => {
    const hash = new LargeHash("stored");
    await hash.flush();
    hash.setAll("changed");
    await hash.flush();
    assert.ok(Math.max(...hash.piecesOfTurns) <= SIZES.batchRecords, "pieces of one turn");
    assert.ok(hash.piecesOfTurns.length >= FIELDS / SIZES.batchRecords, "turns");
    const withPieces = hash.batches.filter(({ pieces }) => pieces > 0);
    assert.deepEqual(
      withPieces.map(({ pieces, records }) => [pieces, records]),
      [[FIELDS, 1]],
    );
    hash.assertTidy();
    hash.rig.evictAll();
    assert.equal(hash.value.get("field2999"), "changed2999");
  });

  test("is whole after a crash at any turn, and leaves nothing behind", async () => {
    for (let turns = 1; turns <= 36; turns += 5) {
      for (const isStored of [false, true]) {
        const hash = new LargeHash(`crash ${turns} ${isStored}`);
        if (isStored) {
          await hash.flush();
          hash.setAll("changed");
        }
        let left = turns;
        const crashed = new Promise<void>((resolve) => {
          hash.meanwhile = () => {
            hash.rig.entry(() => hash.rig.mutator.hashSet("h", [`field${left}`, "late"]));
            if (--left === 0) resolve();
          };
        });
        hash.flush().catch(() => undefined);
        await crashed;
        const expected = [...Array(FIELDS).keys()].map((i) => hash.value.get(`field${i}`));
        hash.reopen(turns % 2 === 0 ? "crash" : "kill");
        assert.deepEqual(
          [...Array(FIELDS).keys()].map((i) => hash.value.get(`field${i}`)),
          expected,
        );
        // The first round hears of pieces without a key, the second removes them.
        await hash.rig.flusher.run();
        await hash.rig.flusher.run();
        hash.assertTidy();
        hash.rig.entry(() => hash.rig.mutator.delete("h"));
        for (let round = 0; round < 3; round++) await hash.rig.flusher.run();
        assert.equal(hash.rig.disk.shown.size, 1, "only what the store says of itself is left");
      }
    }
  });

  for (const [what, change] of [
    ["deleted", (rig: StoreRig, _seq: number) => rig.mutator.delete("h")],
    ["replaced", (rig: StoreRig, _seq: number) => rig.mutator.setText("h", "a string", 0)],
    ["given an end", (rig: StoreRig, _seq: number) => rig.mutator.expire("h", 9_000)],
    ["cleared", (rig: StoreRig, _seq: number) => rig.mutator.clear()],
  ] as const) {
    test(`may be ${what} meanwhile`, async () => {
      for (const isStored of [false, true]) {
        const hash = new LargeHash(`${what} ${isStored}`);
        if (isStored) {
          await hash.flush();
          hash.setAll("changed");
        }
        const { rig } = hash;
        let turns = 0;
        hash.meanwhile = () => {
          if (++turns === 5) rig.entry((seq) => change(rig, seq));
        };
        await hash.flush();
        for (let round = 0; round < 3; round++) await rig.flusher.run();
        assert.ok(turns > 5);
        hash.assertTidy();
        assert.equal(rig.disk.shown.size, { deleted: 1, replaced: 2, "given an end": FIELDS + 3, cleared: 1 }[what]);
        const size = rig.state.size;
        hash.reopen("crash");
        assert.equal(rig.state.size, size);
      }
    });
  }

  test("comes to its end however fast it is changed", async () => {
    const hash = new LargeHash("fast");
    hash.meanwhile = () => hash.setAll(`turn ${hash.piecesOfTurns.length} `, 3 * SIZES.batchRecords);
    await hash.flush();
    assert.ok(hash.piecesOfTurns.length < 200, `${hash.piecesOfTurns.length} turns`);
    hash.meanwhile = () => undefined;
    await hash.flush();
    hash.assertTidy();
  });
});
