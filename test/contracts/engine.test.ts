import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimEngine } from "../../sim/engine/simEngine.ts";
import { createPrng } from "../../src/base/prng.ts";
import { LevelEngine } from "../../src/platform/levelEngine.ts";
import { engineContract } from "./engineContract.ts";

engineContract("LevelDB", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-engine-"));
  const opened = await LevelEngine.open(directory);
  assert.ok(opened.ok);
  const engine = opened.value;
  const dispose = async (): Promise<void> => {
    await engine.close();
    await rm(directory, { recursive: true });
  };
  return { engine, dispose };
});

engineContract("the simulated one", async () => {
  const schedule = (run: () => void): void => void Promise.resolve().then(run);
  const engine = new SimEngine({ prng: createPrng("contract"), schedule }).open();
  return { engine, dispose: () => engine.close() };
});
