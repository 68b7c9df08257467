import { parseArgs } from "node:util";
import { drawPlan, PROFILES, type Profile } from "../group/plan.ts";
import { playGroup, shrinkPlan } from "../group/playGroup.ts";
import { DIRECTED_SABOTAGES, GROUP_SABOTAGES, type GroupSabotage, SECOND_GUARDS } from "../group/sabotages.ts";
import type { Violation } from "../violation.ts";
import { COMMON_OPTIONS, PRINT_TRACE, refuse, runCommand, tellOutcome } from "./commandLine.ts";

const USAGE = `Runs a replica group's core in simulated worlds.

  npm run sim -- --group                            one world of a drawn seed
  npm run sim -- --group --seed N [--trace]         that world again, event by event
  npm run sim -- --group --seed N --shrink          with the fewest faults that still show what is wrong
  npm run sim -- --group --seeds N [--from M]       many worlds
  npm run sim -- --group --sabotage NAME            until a rule that is not kept is noticed; "list", "all"
  --profile NAME                                    ${PROFILES.join(", ")}
  --json                                            the result of many worlds for a program
`;

/** The commands about groups. Returns whether everything was as it should be. */
export function groupMain(): Promise<boolean> {
  const { values: options } = parseArgs({
    options: {
      ...COMMON_OPTIONS,
      group: { type: "boolean", default: true },
      profile: { type: "string" },
      shrink: { type: "boolean", default: false },
    },
  });
  const profile = options.profile === undefined ? undefined : profileNamed(options.profile);
  const playAndTell = async (seed: string, sabotage: GroupSabotage | undefined): Promise<boolean> => {
    const drawn = drawPlan(seed, profile);
    const plan = options.shrink ? await shrinkPlan(drawn, sabotage) : drawn;
    const world = playGroup({ plan, ...sabotage, ...(options.trace && PRINT_TRACE) });
    const { faults, ...rest } = plan;
    console.log(JSON.stringify(rest));
    for (const fault of faults) console.log(`  ${JSON.stringify(fault)}`);
    return tellOutcome(world, `--group --seed ${seed}`);
  };
  const simulator = {
    usage: USAGE,
    sabotageNames: Object.keys(GROUP_SABOTAGES),
    sabotageNamed: (name: string) => GROUP_SABOTAGES[name] ?? DIRECTED_SABOTAGES[name] ?? SECOND_GUARDS[name],
    printSabotages,
    sabotageSeedsMax: 5_000,
    violationCharsMax: 500,
    describe: ({ message }: Violation) => message.slice(0, 200),
    play: (seed: string, sabotage: GroupSabotage | undefined) =>
      playGroup({ plan: drawPlan(seed, profile), ...sabotage }),
    playAndTell,
  };
  return runCommand(simulator, options);
}

function profileNamed(name: string): Profile {
  const profile = PROFILES.find((each) => each === name);
  return profile ?? refuse(`There is no profile "${name}": ${PROFILES.join(", ")}.`);
}

function printSabotages(): void {
  const lists = {
    "found by worlds": GROUP_SABOTAGES,
    "found by scenarios": DIRECTED_SABOTAGES,
    "second guards": SECOND_GUARDS,
  };
  for (const [title, sabotages] of Object.entries(lists)) {
    console.log(`${title}:`);
    for (const [name, { what }] of Object.entries(sabotages)) console.log(`  ${name.padEnd(26)}${what}`);
  }
}
