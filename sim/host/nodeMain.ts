import { parseArgs } from "node:util";
import type { Sabotage } from "../sabotage/sabotage.ts";
import { SABOTAGES, sabotageNamed } from "../sabotage/sabotages.ts";
import type { Violation } from "../violation.ts";
import type { World, WorldSettings } from "../world.ts";
import { COMMON_OPTIONS, PRINT_TRACE, runCommand, tellOutcome } from "./commandLine.ts";
import { runWorld } from "./runWorld.ts";

const USAGE = `Runs a node in simulated worlds.

  npm run sim                              one world of a drawn seed
  npm run sim -- --seed N [--trace]        that world again, event by event
  npm run sim -- --seeds N [--from M]      many worlds
  npm run sim -- --sabotage NAME           until a bug is found that was put in; NAME "list" lists them, "all" tries each
  --json                                   the result of many worlds for a program
  --group [...]                            the core of a replica group instead: --group --help
  --cluster [...]                          a group of whole nodes instead: --cluster --help
`;

/** The commands about one node. Returns whether everything was as it should be. */
export function nodeMain(): Promise<boolean> {
  const { values: options } = parseArgs({ options: COMMON_OPTIONS });
  const play = (seed: string, sabotage: Sabotage | undefined, more?: Partial<WorldSettings>): Promise<World> =>
    runWorld({ seed, ...(sabotage !== undefined && { sabotage }), ...more });
  const playAndTell = async (seed: string, sabotage: Sabotage | undefined): Promise<boolean> => {
    console.log(`seed ${seed}`);
    const world = await play(seed, sabotage, options.trace ? PRINT_TRACE : {});
    const { requestOptions, ...rest } = world.options;
    console.log(JSON.stringify({ ...rest, ...requestOptions, keys: requestOptions.keys.length }));
    return tellOutcome(world, `--seed ${seed}`);
  };
  const simulator = {
    usage: USAGE,
    sabotageNames: Object.keys(SABOTAGES),
    sabotageNamed,
    printSabotages: () => console.log(Object.keys(SABOTAGES).join("\n")),
    sabotageSeedsMax: 2_000,
    violationCharsMax: 500,
    describe: ({ invariant }: Violation) => invariant,
    play,
    playAndTell,
  };
  return runCommand(simulator, options);
}
