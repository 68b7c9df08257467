import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SimDisk } from "../../sim/disk/simDisk.ts";
import { createPrng } from "../../src/base/prng.ts";
import { diskError } from "../../src/platform/diskErrors.ts";
import { openNodeDisk } from "../../src/platform/nodeDisk.ts";
import { diskContract } from "./diskContract.ts";

const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), "holdfast-disk-"));

diskContract("a directory of this machine", async () => {
  const directory = await temporaryDirectory();
  const disk = await openNodeDisk(join(directory, "made", "on", "the", "way"));
  return { disk, dispose: () => rm(directory, { recursive: true }) };
});

diskContract("the simulated disk", async () => {
  const disk = new SimDisk({ prng: createPrng("contract") });
  return { disk: disk.mount(), dispose: async () => undefined };
});

test("what a crash left of a replacement is not a file of the disk", async () => {
  const directory = await temporaryDirectory();
  try {
    await writeFile(join(directory, "settings.tmp"), "half of");
    const disk = await openNodeDisk(directory);
    assert.deepEqual(await disk.list(), []);
    await disk.replace("settings", new Uint8Array(3));
    assert.deepEqual(await readdir(directory), ["settings"]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("names that lead elsewhere are a bug of the caller", async () => {
  const directory = await temporaryDirectory();
  try {
    const disk = await openNodeDisk(directory);
    for (const name of ["../up", "a/b", "", "A", "x.tmp"])
      await assert.rejects(() => disk.read(name), /no name of a file/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("system errors have the code that callers decide by", () => {
  const cases = {
    ENOSPC: "disk_full",
    EDQUOT: "disk_full",
    EFBIG: "disk_full",
    EIO: "io",
    EROFS: "denied",
    EMFILE: "too_many_files",
  };
  for (const [code, expected] of Object.entries(cases)) {
    assert.equal(diskError("write", "/x", Object.assign(new Error(code), { code })).code, expected);
  }
  assert.equal(diskError("write", "/x", "no error at all").code, "io");
});
