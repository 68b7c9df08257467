import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "../../../src/base/crc.ts";
import { EngineBatchReader, EngineBatchWriter, openValue } from "../../../src/base/engineBatch.ts";

function read(bytes: Uint8Array, operationsMax: number): { key: number; value: Uint8Array | undefined }[] {
  const reader = new EngineBatchReader(bytes);
  const all: { key: number; value: Uint8Array | undefined }[] = [];
  let isMore = true;
  while (isMore) isMore = reader.visit(operationsMax, (key, value) => all.push({ key: key[0]!, value }));
  return all;
}

test("a batch is read as it was written, whole or a part at a time, and stays as it is when the next one is written", () => {
  for (const valueBytes of [1, 400_000]) {
    const writer = new EngineBatchWriter(crc32);
    for (let i = 0; i < 5; i++) writer.put(Uint8Array.of(i), new Uint8Array(valueBytes).fill(i));
    writer.delete(Uint8Array.of(9));
    const { bytes, operations } = writer.take();
    assert.equal(operations, 6);
    for (let i = 0; i < 5; i++) writer.put(Uint8Array.of(7), new Uint8Array(valueBytes).fill(7));
    for (const operationsMax of [1, 4, 6, 100]) {
      const all = read(bytes, operationsMax);
      assert.deepEqual(
        all.map(({ key }) => key),
        [0, 1, 2, 3, 4, 9],
      );
      assert.equal(all[5]!.value, undefined);
      for (let i = 0; i < 5; i++) {
        const value = openValue(Uint8Array.of(i), all[i]!.value!, crc32);
        assert.deepEqual(value, new Uint8Array(valueBytes).fill(i));
      }
    }
    assert.equal(read(writer.take().bytes, 2).length, 5);
  }
});
