import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";
import { Player } from "../differential/player.ts";
import { describeMismatch, shrink } from "../differential/shrink.ts";
import { Side } from "../differential/side.ts";
import type { Manner } from "../differential/step.ts";
import { applicationCorners } from "./applicationCorners.ts";
import { collectionCorners } from "./collectionCorners.ts";
import type { Corner } from "./corner.ts";
import { keyCorners } from "./keyCorners.ts";
import { serverCorners } from "./serverCorners.ts";
import { sortedSetCorners } from "./sortedSetCorners.ts";
import { stringCorners } from "./stringCorners.ts";

const REPORTED_MAX = 5;
const MANNERS: readonly Manner[] = [
  { protocol: 2, pipelined: false },
  { protocol: 3, pipelined: true },
];

describe("corner cases, played against redis-server and the server under test", () => {
  let servers: readonly RunningServer[] = [];
  let player: Player;

  before(async () => {
    const [redis, underTest] = await startServersToCompare({ skipsSync: true });
    servers = [redis, underTest];
    player = new Player(await Side.open("redis-server", redis), await Side.open("server under test", underTest));
  });

  after(async () => {
    await player?.expected.close();
    await player?.actual.close();
    await Promise.all(servers.map((server) => server.removeData()));
  });

  const collections = [...collectionCorners, ...sortedSetCorners];
  for (const corner of [...stringCorners, ...keyCorners, ...collections, ...serverCorners, ...applicationCorners]) {
    for (const manner of MANNERS) {
      it(`${corner.name}, RESP${manner.protocol}`, () => playCorner(player, corner, manner));
    }
  }
});

async function playCorner(player: Player, corner: Corner, manner: Manner): Promise<void> {
  const reports: string[] = [];
  let failures = 0;
  for (const steps of corner.cases) {
    const found = await player.play(steps, manner);
    if (found === undefined) {
      continue;
    }
    failures += 1;
    if (reports.length < REPORTED_MAX) {
      const shortest = await shrink(player, steps, manner, found);
      reports.push(describeMismatch(shortest.steps, shortest.mismatch, manner));
    }
  }
  const summary = `${failures} of ${corner.cases.length} cases disagree; the first of them:`;
  assert.equal(failures, 0, `${summary}\n${reports.join("\n\n")}`);
}
