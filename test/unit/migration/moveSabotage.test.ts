import assert from "node:assert/strict";
import { test } from "node:test";
import { runMoves } from "../../../sim/host/runMoves.ts";
import {
  atPhase,
  begin,
  cutFromCoordinator,
  cutGroups,
  DECIDED,
  end,
  FLIPPED,
  killPrimary,
  later,
  NOTHING,
} from "../../../sim/migration/moveStories.ts";
import type { Chapter } from "../../../sim/migration/moveWorld.ts";
import { ALL_MOVE_RULES, type MoveRules } from "../../../src/worker/migration/moveRules.ts";

const SLOW = 100_000;
const ABORTED = { state: "aborted", reason: "a test" } as const;

/** A story in which the rule is needed. */
const STORIES: { readonly [Rule in keyof MoveRules]: (seed: number) => readonly Chapter[] } = {
  sealBeforeReady: () => [begin(), DECIDED],
  drainBeforeReady: () => [begin(), atPhase("g1", "closed", NOTHING), DECIDED],
  sealIsLogged: () => [begin(), atPhase("g1", "sealed", killPrimary("g1")), DECIDED],
  closeBeforeFlip: () => [
    begin(),
    atPhase("g1", "sealed", cutFromCoordinator("g1", 400_000)),
    FLIPPED,
    later(1_000_000, NOTHING),
  ],
  closeCommittedBeforeFlip: () => [begin(), atPhase("g2", "ready", cutGroups("g1", "g1", 600_000)), FLIPPED],
  readyCommittedBeforeFlip: () => [
    begin(),
    atPhase("g1", "sealed", cutGroups("g2", "g2", 3_000_000)),
    { ...FLIPPED, act: killPrimary("g2") },
  ],
  flipByRecord: (seed) => [
    begin(),
    atPhase("g1", "closed", NOTHING),
    later(seed * 300, (world) => world.change(world.lastMove, ABORTED, ["copying"])),
    DECIDED,
  ],
  unsealByRecordOnly: () => [begin(), atPhase("g1", "closed", cutFromCoordinator("g2", 2_600_000)), DECIDED],
  activateByRecordOnly: () => [begin(), atPhase("g1", "closed", cutFromCoordinator("g2", 2_600_000)), DECIDED],
  cleanBeforeCopy: () => [
    begin(SLOW),
    atPhase("g2", "importing", NOTHING),
    later(1_700_000, killPrimary("g2")),
    later(10_000, (world) => world.deleteFillers("g1")),
    DECIDED,
  ],
  copyFollowsTable: () => [
    begin(SLOW),
    atPhase("g2", "importing", NOTHING),
    later(1_700_000, (world) => world.clear("g2")),
    DECIDED,
  ],
};

/** A seed with which the rule's absence is noticed. */
const SEEDS_MAX = 8;

for (const rule of Object.keys(ALL_MOVE_RULES) as (keyof MoveRules)[]) {
  const play = (seed: number, rules: Partial<MoveRules>) =>
    runMoves({
      seed: `${rule} ${seed}`,
      story: [...STORIES[rule](seed), ...end()],
      rules,
      options: { pauseMicrosMax: 2_000, clients: rule === "drainBeforeReady" ? 12 : 4 },
      // Who waits for a write reads nothing.
      readers: rule === "closeCommittedBeforeFlip" ? 8 : 0,
      patienceMicros: 15_000_000,
    });

  test(`without '${rule}' something goes wrong, and with it nothing does`, async () => {
    let found: number | undefined;
    for (let seed = 1; seed <= SEEDS_MAX && found === undefined; seed++) {
      const world = await play(seed, { [rule]: false });
      if (world.violation !== undefined) {
        found = seed;
        if (process.env["TELL"] !== undefined) console.log(rule, seed, world.violation.message.slice(0, 400));
      }
    }
    assert.notEqual(found, undefined, "nobody noticed");
    const { violation } = await play(found!, {});
    assert.equal(violation, undefined, violation?.message);
  });
}
