import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runSeed } from "../../support/runSeed.ts";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";
import { Draw } from "./draw.ts";
import { blocking } from "./generators/blocking.ts";
import { connections } from "./generators/connections.ts";
import { floats } from "./generators/floats.ts";
import type { Generator } from "./generators/generator.ts";
import { hashes } from "./generators/hashes.ts";
import { keys } from "./generators/keys.ts";
import { largeCollections } from "./generators/largeCollections.ts";
import { lists } from "./generators/lists.ts";
import { scans } from "./generators/scans.ts";
import { sets } from "./generators/sets.ts";
import { sortedSets } from "./generators/sortedSets.ts";
import { strings } from "./generators/strings.ts";
import { transactions } from "./generators/transactions.ts";
import { Player } from "./player.ts";
import { Random } from "./random.ts";
import { describeMismatch, shrink } from "./shrink.ts";
import { Side } from "./side.ts";
import type { Manner } from "./step.ts";

/** Sequences for each generator and protocol; the nightly run widens it. */
const SEQUENCES = Number(process.env["HOLDFAST_SEQUENCES"] ?? 120);

/** After so many disagreements of one group the rest of it is left out. */
const REPORTED_MAX = 3;

const GENERATORS: readonly Generator[] = [
  strings,
  keys,
  hashes,
  lists,
  blocking,
  sets,
  sortedSets,
  transactions,
  connections,
  scans,
  largeCollections,
  floats,
];

describe(`generated sequences, seed ${runSeed}, ${SEQUENCES} for each group and protocol`, () => {
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

  for (const [part, generator] of GENERATORS.entries()) {
    for (const protocol of [2, 3] as const) {
      it(`${generator.name}, RESP${protocol}`, async (test) => {
        const random = new Random(runSeed).fork(2 * part + protocol - 2);
        const stepsBefore = player.stepsPlayed;
        const reports: string[] = [];
        for (let sequence = 0; sequence < SEQUENCES && reports.length < REPORTED_MAX; sequence += 1) {
          const report = await playSequence(player, generator, random.fork(sequence), protocol);
          reports.push(...(report === undefined ? [] : [`sequence ${sequence}: ${report}`]));
        }
        test.diagnostic(`${SEQUENCES} sequences, ${player.stepsPlayed - stepsBefore} commands compared`);
        assert.equal(reports.length, 0, `HOLDFAST_SEED=${runSeed}, "${generator.name}"\n${reports.join("\n\n")}`);
      });
    }
  }
});

/** Plays one sequence; resolves a report of the shortest failing form if the servers disagree. */
async function playSequence(
  player: Player,
  generator: Generator,
  random: Random,
  protocol: 2 | 3,
): Promise<string | undefined> {
  const steps = generator.sequence(new Draw(random));
  const manner: Manner = { protocol, pipelined: random.chance(40) };
  const found = await player.play(steps, manner);
  if (found === undefined) {
    return undefined;
  }
  const shortest = await shrink(player, steps, manner, found);
  return describeMismatch(shortest.steps, shortest.mismatch, manner);
}
