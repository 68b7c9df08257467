import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "./moveChaos.ts";

for (const seed of ["s2", "s7", "s23", "s26"]) {
  test(`moves back and forth, and whatever goes wrong meanwhile: ${seed}`, async () => {
    const { violation } = await runChaos(seed);
    assert.equal(violation, undefined, violation?.message);
  });
}
