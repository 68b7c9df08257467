import { parseArgs } from "node:util";
import type { ClusterWorld } from "../cluster/clusterWorld.ts";
import type { ClusterSabotage } from "../cluster/sabotage/clusterSabotage.ts";
import { CLUSTER_SABOTAGES } from "../cluster/sabotage/clusterSabotages.ts";
import { fewestFaults } from "../fewestFaults.ts";
import type { Violation } from "../violation.ts";
import { COMMON_OPTIONS, PRINT_TRACE, refuse, runCommand, tellOutcome } from "./commandLine.ts";
import { type RunSettings, runCluster } from "./runCluster.ts";

const USAGE = `Runs a group of whole nodes in simulated worlds, or several that share the slots.

  npm run sim -- --cluster                            one world of a drawn seed
  npm run sim -- --cluster --seed N [--trace]         that world again, event by event
  npm run sim -- --cluster --seed N --shrink          with the fewest faults that still show what is wrong
  npm run sim -- --cluster --seed N --faults 1,4      with these faults only; --ambushes 2 with these of what lies in wait for moves
  npm run sim -- --cluster --seeds N [--from M]       many worlds
  npm run sim -- --cluster --sabotage NAME            until a bug is found that was put in; "list", "all"
  --groups N, --groups N-M                            so many groups (1), with masters, whose slots move all the time
  --json                                              the result of many worlds for a program
`;

/** The commands about groups of whole nodes. Returns whether everything was as it should be. */
export function clusterMain(): Promise<boolean> {
  const { values: options } = parseArgs({
    options: {
      ...COMMON_OPTIONS,
      cluster: { type: "boolean", default: true },
      faults: { type: "string" },
      ambushes: { type: "string" },
      groups: { type: "string" },
      shrink: { type: "boolean", default: false },
    },
  });
  const worlds = options.groups === undefined ? {} : { groups: rangeOf(options.groups) };
  const play = (seed: string, sabotage: ClusterSabotage | undefined, more?: Partial<RunSettings>) =>
    runCluster({ seed, ...worlds, ...(sabotage !== undefined && { sabotage }), ...more });
  const playAndTell = async (seed: string, sabotage: ClusterSabotage | undefined): Promise<boolean> => {
    const again = (only: Only) => play(seed, sabotage, only);
    const said = { ...numbersOf("faults", options.faults), ...numbersOf("ambushes", options.ambushes) };
    const only: Only = options.shrink ? await shrunk(again, await again({})) : said;
    const world = await play(seed, sabotage, { ...only, ...(options.trace && PRINT_TRACE) });
    const { faults: planned, ...rest } = world.options;
    console.log(`seed ${seed}\n${JSON.stringify(rest)}`);
    for (const fault of planned) console.log(`  ${JSON.stringify(fault)}`);
    const groups = options.groups === undefined ? "" : ` --groups ${options.groups}`;
    const these = Object.entries(only).map(([name, numbers]) => ` --${name}=${numbers.join(",")}`);
    return tellOutcome(world, `--cluster --seed ${seed}${groups}${these.join("")}`);
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

/** `3` or `2-3`. */
function rangeOf(text: string): readonly [number, number] {
  const [low, high = low] = text.split("-").map(Number) as [number, number?];
  if (!(low >= 1 && high >= low)) refuse(`--groups ${text} is no number, and no range of numbers, from 1 up`);
  return [low, high];
}

/** What goes wrong, by number. */
type Only = Pick<RunSettings, "faults" | "ambushes">;

function numbersOf(name: keyof Only, text: string | undefined): Only {
  return text === undefined ? {} : { [name]: text === "" ? [] : text.split(",").map(Number) };
}

/** The fewest of the world's faults, and of what lies in wait, with which the same invariant is violated; all if none is. */
async function shrunk(
  play: (only: Only) => Promise<ClusterWorld>,
  { options, violation, counts }: ClusterWorld,
): Promise<Only> {
  if (violation === undefined) return {};
  const isSame = async (only: Only) => (await play(only)).violation?.invariant === violation.invariant;
  const faults = await fewestFaults([...options.faults.keys()], (fewer) => isSame({ faults: fewer }));
  const met = [...Array(counts.get("ambushes") ?? 0).keys()];
  const ambushes = await fewestFaults(met, (fewer) => isSame({ faults, ambushes: fewer }));
  return { faults, ambushes };
}
