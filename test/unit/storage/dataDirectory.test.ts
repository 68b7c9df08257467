import assert from "node:assert/strict";
import { test } from "node:test";
import { SimDisk } from "../../../sim/disk/simDisk.ts";
import { latin1Bytes } from "../../../src/base/latin1.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { openDataDirectory } from "../../../src/storage/dataDirectory.ts";

const FILE = "holdfast.json";

function emptyDisk(): SimDisk {
  return new SimDisk({ prng: createPrng("directory") });
}

async function errorCode(disk: SimDisk): Promise<string | undefined> {
  const before = disk.contents();
  const opened = await openDataDirectory(disk.mount(), createPrng("new"));
  if (opened.ok) return undefined;
  assert.deepEqual(disk.contents(), before, "what is refused is not changed");
  assert.notEqual(opened.error.message, "");
  return opened.error.code;
}

test("a new directory gets an identity, and has it from then on, after a loss of power too", async () => {
  const disk = emptyDisk();
  const first = await openDataDirectory(disk.mount(), createPrng("one"));
  assert.ok(first.ok);
  assert.ok(first.value.identity < 2 ** 48 && Number.isSafeInteger(first.value.identity));
  disk.crash();
  const second = await openDataDirectory(disk.mount(), createPrng("two"));
  assert.deepEqual(second, first);
});

test("two new directories are not the same", async () => {
  const one = await openDataDirectory(emptyDisk().mount(), createPrng("one"));
  const two = await openDataDirectory(emptyDisk().mount(), createPrng("two"));
  assert.notDeepEqual(one, two);
});

test("somebody else's directory is left alone", async () => {
  const disk = emptyDisk();
  await disk.mount().replace("notes.txt", latin1Bytes("dear diary"));
  assert.equal(await errorCode(disk), "foreign");
});

test("what an interrupted first start leaves does not matter", async () => {
  const disk = emptyDisk();
  await disk.mount().replace("coordinator.json", latin1Bytes("{}"));
  assert.equal(await errorCode(disk), undefined);
});

test("a later format and damage are told apart", async () => {
  const disk = emptyDisk();
  const write = (text: string): Promise<void> => disk.mount().replace(FILE, latin1Bytes(text));
  await write(JSON.stringify({ format: 2, identity: "something new" }));
  assert.equal(await errorCode(disk), "newer_format");
  for (const text of ["", "{", "[]", "null", "7", '{"format":1}', '{"format":1,"identity":1.5,"hashSeed":[1,2]}']) {
    await write(text);
    assert.equal(await errorCode(disk), "damaged", text);
  }
});
