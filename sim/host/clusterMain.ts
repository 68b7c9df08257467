import { parseArgs } from "node:util";
import type { ClusterWorld } from "../cluster/clusterWorld.ts";
import type { ClusterSabotage } from "../cluster/sabotage/clusterSabotage.ts";
import { CLUSTER_SABOTAGES } from "../cluster/sabotage/clusterSabotages.ts";
import { fewestFaults } from "../fewestFaults.ts";
import type { Violation } from "../violation.ts";
import { COMMON_OPTIONS, PRINT_TRACE, runCommand, tellOutcome } from "./commandLine.ts";
import { type RunSettings, runCluster } from "./runCluster.ts";

const USAGE = `Runs a group of whole nodes in simulated worlds.

  npm run sim -- --cluster                            one world of a drawn seed
  npm run sim -- --cluster --seed N [--trace]         that world again, event by event
  npm run sim -- --cluster --seed N --shrink          with the fewest faults that still show what is wrong
  npm run sim -- --cluster --seed N --faults 1,4      with these faults only
  npm run sim -- --cluster --seeds N [--from M]       many worlds
  npm run sim -- --cluster --sabotage NAME            until a bug is found that was put in; "list", "all"
  --json                                              the result of many worlds for a program
`;

/** The commands about groups of whole nodes. Returns whether everything was as it should be. */
export function clusterMain(): Promise<boolean> {
  const { values: options } = parseArgs({
    options: {
      ...COMMON_OPTIONS,
      cluster: { type: "boolean", default: true },
      faults: { type: "string" },
      shrink: { type: "boolean", default: false },
    },
  });
  const playAndTell = async (seed: string, sabotage: ClusterSabotage | undefined): Promise<boolean> => {
    const faults = options.shrink ? await shrunk(seed, sabotage) : options.faults?.split(",").map(Number);
    const only = faults === undefined ? {} : { faults };
    const world = await play(seed, sabotage, { ...only, ...(options.trace && PRINT_TRACE) });
    const { faults: planned, ...rest } = world.options;
    console.log(`seed ${seed}\n${JSON.stringify(rest)}`);
    for (const fault of planned) console.log(`  ${JSON.stringify(fault)}`);
    return tellOutcome(world, `--cluster --seed ${seed}${faults === undefined ? "" : ` --faults ${faults.join(",")}`}`);
  };
  const simulator = {
    usage: USAGE,
    sabotageNames: Object.keys(CLUSTER_SABOTAGES),
    sabotageNamed: (name: string) => CLUSTER_SABOTAGES[name],
    printSabotages: () => console.log(Object.keys(CLUSTER_SABOTAGES).join("\n")),
    sabotageSeedsMax: 1_000,
    violationCharsMax: 2_000,
    describe: ({ message }: Violation) => message.slice(0, 200).split("\n")[0]!,
    play,
    playAndTell,
  };
  return runCommand(simulator, options);
}

function play(seed: string, sabotage: ClusterSabotage | undefined, more?: Partial<RunSettings>): Promise<ClusterWorld> {
  return runCluster({ seed, ...(sabotage !== undefined && { sabotage }), ...more });
}

/** The fewest of the world's faults, by number, with which the same invariant is violated; all if none is. */
async function shrunk(seed: string, sabotage: ClusterSabotage | undefined): Promise<readonly number[]> {
  const { options, violation } = await play(seed, sabotage);
  const all = options.faults.map((_, i) => i);
  if (violation === undefined) return all;
  return fewestFaults(all, async (faults) => {
    const again = await play(seed, sabotage, { faults });
    return again.violation?.invariant === violation.invariant;
  });
}
