import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Disk, DiskError, type DiskErrorCode } from "../../src/ports/disk.ts";

export interface DiskUnderTest {
  readonly disk: Disk;
  dispose(): Promise<void>;
}

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

async function rejectsWith(code: DiskErrorCode, run: () => Promise<unknown>): Promise<void> {
  await assert.rejects(run, (error: unknown) => error instanceof DiskError && error.code === code);
}

/** What every `Disk` does, whatever it is made of. */
export function diskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`the contract of a disk: ${name}`, () => {
    let made: DiskUnderTest;
    let disk: Disk;

    beforeEach(async () => {
      made = await make();
      disk = made.disk;
    });
    afterEach(() => made.dispose());

    test("a new directory is empty", async () => {
      assert.deepEqual(await disk.list(), []);
      await disk.syncDirectory();
      assert.ok((await disk.freeBytes()) > 0);
    });

    test("a file is made once, and opened as often as one likes", async () => {
      await (await disk.open("b.log", { create: true })).close();
      await (await disk.open("a.log", { create: true })).close();
      await rejectsWith("exists", () => disk.open("a.log", { create: true }));
      const again = await disk.open("a.log", { create: false });
      assert.equal(again.length, 0);
      await again.close();
      assert.deepEqual(await disk.list(), ["a.log", "b.log"]);
    });

    test("what is not there is not found", async () => {
      await rejectsWith("not_found", () => disk.open("no.log", { create: false }));
      await rejectsWith("not_found", () => disk.read("no.log"));
      await rejectsWith("not_found", () => disk.remove("no.log"));
    });

    test("writes extend and overwrite, at once or later", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("hello"), 0);
      file.writeNow(bytes(" world"), 5);
      assert.equal(file.length, 11);
      await file.write(bytes("J"), 0);
      file.writeNow(bytes("y"), 4);
      assert.equal(file.length, 11);
      await file.sync();
      await file.close();
      assert.equal(text(await disk.read("a.log")), "Jelly world");
    });

    test("a write takes only the bytes of its view", async () => {
      const file = await disk.open("a.log", { create: true });
      const whole = bytes("0123456789");
      await file.write(whole.subarray(2, 5), 0);
      file.writeNow(whole.subarray(7), 3);
      await file.close();
      assert.equal(text(await disk.read("a.log")), "234789");
    });

    test("a read fills its target, and stops at the end of the file", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("0123456789"), 0);
      const target = new Uint8Array(4);
      assert.equal(await file.read(target, 3), 4);
      assert.equal(text(target), "3456");
      assert.equal(await file.read(target, 8), 2);
      assert.equal(text(target.subarray(0, 2)), "89");
      assert.equal(await file.read(target, 10), 0);
      await file.close();
    });

    test("a large piece arrives whole", async () => {
      const large = new Uint8Array(5_000_003).map((_, i) => i * 31);
      const file = await disk.open("large.log", { create: true });
      await file.write(large, 0);
      file.writeNow(large, large.length);
      assert.equal(file.length, large.length * 2);
      const back = new Uint8Array(large.length);
      assert.equal(await file.read(back, large.length), large.length);
      assert.deepEqual(back, large);
      await file.close();
    });

    test("a cut file is shorter, and grows again with what is written", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("0123456789"), 0);
      await file.truncate(4);
      assert.equal(file.length, 4);
      await file.sync();
      await file.write(bytes("ab"), 4);
      await file.sync();
      await file.close();
      assert.equal(text(await disk.read("a.log")), "0123ab");
    });

    test("a write at once may come while a sync is under way", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("one"), 0);
      const sync = file.sync();
      file.writeNow(bytes("two"), 3);
      await sync;
      await file.sync();
      await file.close();
      assert.equal(text(await disk.read("a.log")), "onetwo");
    });

    test("an opened file has the length that it was left with", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("0123456789"), 0);
      await file.close();
      const again = await disk.open("a.log", { create: false });
      assert.equal(again.length, 10);
      await again.write(bytes("x"), 10);
      await again.close();
      assert.equal(text(await disk.read("a.log")), "0123456789x");
    });

    test("replace makes a file or exchanges its content, and leaves nothing else behind", async () => {
      await disk.replace("settings", bytes("a longer first content"));
      assert.equal(text(await disk.read("settings")), "a longer first content");
      await disk.replace("settings", bytes("second"));
      assert.equal(text(await disk.read("settings")), "second");
      await disk.replace("empty", new Uint8Array(0));
      assert.equal((await disk.read("empty")).length, 0);
      assert.deepEqual(await disk.list(), ["empty", "settings"]);
    });

    test("a removed file is gone, though whoever has it open reads on", async () => {
      const file = await disk.open("a.log", { create: true });
      await file.write(bytes("still"), 0);
      await disk.remove("a.log");
      await disk.syncDirectory();
      assert.deepEqual(await disk.list(), []);
      const target = new Uint8Array(5);
      assert.equal(await file.read(target, 0), 5);
      assert.equal(text(target), "still");
      await file.close();
    });
  });
}
