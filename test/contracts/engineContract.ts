import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { EngineBatchWriter, openValue } from "../../src/base/engineBatch.ts";
import { nodeChecksum } from "../../src/platform/diskChecksum.ts";
import type { Engine, EnginePair, EngineSnapshot } from "../../src/ports/engine.ts";

export interface EngineUnderTest {
  readonly engine: Engine;
  dispose(): Promise<void>;
}

const FIRST = new Uint8Array(0);
const BEHIND = Uint8Array.of(255);

const bytes = (content: string): Uint8Array => new Uint8Array(Buffer.from(content, "latin1"));
const text = (content: Uint8Array): string => Buffer.from(content).toString("latin1");

function line({ key, value }: EnginePair): string {
  const content = openValue(key, value, nodeChecksum.crc32);
  assert.ok(content !== undefined, `the value of ${text(key)} is not what was put`);
  return `${text(key)}=${text(content)}`;
}

/** What every `Engine` does, whatever it is made of. */
export function engineContract(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`an engine: ${name}`, () => {
    let made: EngineUnderTest;
    let engine: Engine;

    beforeEach(async () => {
      made = await make();
      engine = made.engine;
    });
    afterEach(() => made.dispose());

    function apply(changes: Readonly<Record<string, string | undefined>>, sync = false): Promise<void> {
      const batch = new EngineBatchWriter(nodeChecksum.crc32);
      for (const [key, value] of Object.entries(changes)) {
        if (value === undefined) batch.delete(bytes(key));
        else batch.put(bytes(key), bytes(value));
      }
      return engine.apply(batch.take(), { sync });
    }

    const all = (): string[] => engine.scan({ gte: FIRST, lt: BEHIND, limit: 10_000 }).map(line);

    async function allOf(snapshot: EngineSnapshot, bytesMax: number): Promise<string[]> {
      const found: string[] = [];
      let page = await snapshot.page({ gte: FIRST, lt: BEHIND, bytesMax });
      while (page.length > 0) {
        found.push(...page.map(line));
        page = await snapshot.page({ gt: page.at(-1)!.key, lt: BEHIND, bytesMax });
      }
      return found;
    }

    test("gives back what was put, until it is deleted", async () => {
      await apply({ a: "1", b: "2" });
      await apply({ a: undefined, c: "3" }, true);
      assert.equal(engine.get(bytes("a")), undefined);
      assert.deepEqual(all(), ["b=2", "c=3"]);
    });

    test("scans in the order of the bytes, within the limits of the range", async () => {
      await apply({ b: "2", "\xff": "high", a: "1", ab: "1.5", c: "3" });
      const found = engine.scan({ gt: bytes("a"), lt: bytes("c"), limit: 10 }).map(line);
      assert.deepEqual(found, ["ab=1.5", "b=2"]);
      assert.deepEqual(engine.scan({ gte: bytes("a"), lt: BEHIND, limit: 1 }).map(line), ["a=1"]);
      const [only] = engine.scan({ gte: bytes("a"), lt: BEHIND, limit: 1, keysOnly: true });
      assert.equal(only!.value.length, 0);
    });

    test("clears a range and nothing else", async () => {
      await apply({ a: "1", b: "2", c: "3", d: "4" });
      await engine.clear(bytes("b"), bytes("d"));
      assert.deepEqual(all(), ["a=1", "d=4"]);
    });

    test("a snapshot shows what was there when it was taken, whatever is changed while it is read", async () => {
      await apply({ a: "1", b: "2", c: "3" });
      const before = apply({ d: "4" });
      const taking = engine.snapshot();
      const after = apply({ a: "changed", b: undefined, e: "5" }, true);
      const snapshot = await taking;
      await before;
      await after;
      await engine.clear(bytes("c"), bytes("d"));
      assert.deepEqual(await allOf(snapshot, 1), ["a=1", "b=2", "c=3", "d=4"]);
      assert.deepEqual(await allOf(snapshot, 1 << 20), ["a=1", "b=2", "c=3", "d=4"]);
      await snapshot.close();
      assert.deepEqual(all(), ["a=changed", "d=4", "e=5"]);
    });

    test("a page of a snapshot ends soon after it has the bytes that were asked for", async () => {
      const values: Record<string, string> = {};
      for (let i = 0; i < 500; i++) values[`key${1000 + i}`] = "x".repeat(100 + i);
      values["key1250"] = "y".repeat(300_000);
      await apply(values);
      const snapshot = await engine.snapshot();
      const expected = Object.entries(values).map(([key, value]) => `${key}=${value}`);
      assert.deepEqual(await allOf(snapshot, 2_000), expected);
      const page = await snapshot.page({ gte: FIRST, lt: BEHIND, bytesMax: 2_000 });
      const size = page.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      assert.ok(page.length >= 1 && size < 50_000, `${size} bytes`);
      assert.deepEqual(await snapshot.page({ gte: bytes("z"), lt: BEHIND, bytesMax: 2_000 }), []);
      await snapshot.close();
      await assert.rejects(snapshot.page({ gte: FIRST, lt: BEHIND, bytesMax: 1 }), /closed/);
    });

    test("several snapshots are independent of one another", async () => {
      await apply({ a: "1" });
      const first = await engine.snapshot();
      await apply({ a: "2" });
      const second = await engine.snapshot();
      assert.deepEqual([await allOf(first, 100), await allOf(second, 100)], [["a=1"], ["a=2"]]);
      await first.close();
      assert.deepEqual(await allOf(second, 100), ["a=2"]);
      await second.close();
    });
  });
}
