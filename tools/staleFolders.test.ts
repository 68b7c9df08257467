import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeStaleFolders } from "./staleFolders.ts";

test("what killed tests left is removed when it is old, and nothing else", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const old = new Date(Date.now() - 24 * 60 * 60_000);
  const folder = (name: string, isOld: boolean, content?: Date): void => {
    const path = join(directory, name);
    mkdirSync(join(path, "log"), { recursive: true });
    writeFileSync(join(path, "log", "1"), "x");
    utimesSync(join(path, "log"), content ?? old, content ?? old);
    if (isOld) utimesSync(path, old, old);
  };
  folder("holdfast-test-a1B2c3", true);
  folder("redis-test-a1B2c3", true);
  folder("holdfast-power-a1B2c3", true);
  folder("holdfast-test-newnew", false);
  folder("holdfast-test-inuse1", true, new Date());
  folder("holdfast-a1B2c3", true);
  folder("holdfast-data-a1B2c3", true);
  folder("somebody-test-a1B2c3", true);
  writeFileSync(join(directory, "holdfast-test-a1B2c4"), "a file");
  utimesSync(join(directory, "holdfast-test-a1B2c4"), old, old);
  const removed = removeStaleFolders(directory, Date.now());
  assert.deepEqual([...removed].sort(), ["holdfast-power-a1B2c3", "holdfast-test-a1B2c3", "redis-test-a1B2c3"]);
  assert.deepEqual(readdirSync(directory).sort(), [
    "holdfast-a1B2c3",
    "holdfast-data-a1B2c3",
    "holdfast-test-a1B2c4",
    "holdfast-test-inuse1",
    "holdfast-test-newnew",
    "somebody-test-a1B2c3",
  ]);
  rmSync(directory, { recursive: true });
});
