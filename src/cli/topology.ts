import { Command } from "commander";
import { countSlots, SLOT_COUNT } from "../core/slots/slotRanges.ts";
import type { Topology, TopologyMaster, TopologyWorker } from "../platform/rpc/clusterService.ts";
import { rangesText, slotsText } from "./figures.ts";
import { addReach, fail, printJson, type Reach, withMaster } from "./reach.ts";

interface Options extends Reach {
  readonly watch?: true;
}

/** `holdfast topology`: who there is, and who has which slots. */
export function topologyCommand(): Command {
  return addReach(new Command("topology").description("show groups, their slots and workers, spares and masters"))
    .option("--watch", "go on, and show it again after each change")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((options: Options) =>
      withMaster(options, async (client) => {
        const show = (topology: Topology): void => {
          if (options.json === true) printJson(topology);
          else process.stdout.write(topologyText(topology));
        };
        if (options.watch === true) return fail(await client.watch(show));
        const topology = await client.topology();
        if (!topology.ok) return fail(topology.error.message);
        show(topology.value);
        return 0;
      }),
    );
}

const MORE_HELP = `
With --master, any master or worker may be named: all of them know the topology.`;

/** One line a group, for people. */
export function topologyText({ cluster, slotsVersion, groups, spares, masters, notices }: Topology): string {
  const assigned = groups.reduce((sum, { slots }) => sum + countSlots(slots), 0);
  const lines = [
    slotsVersion === 0
      ? `cluster ${cluster}  no slots are assigned yet`
      : `cluster ${cluster}  slots version ${slotsVersion}${assigned === SLOT_COUNT ? "" : `, ${slotsText(SLOT_COUNT - assigned)} without a group`}`,
    ...groups.map(({ name, slots, weight, draining, epoch, workers }) =>
      [
        name,
        slots.length === 0 ? "no slots" : `${slotsText(countSlots(slots))} ${rangesText(slots)}`,
        ...(weight === 1 ? [] : [`weight ${weight}`]),
        ...(draining ? ["draining"] : []),
        ...(epoch === 0 ? [] : [`epoch ${epoch}`]),
        ...(workers.length === 0 ? [] : [workers.map(workerText).join(" | ")]),
      ].join("  "),
    ),
    ...(spares.length === 0 ? [] : [`spares  ${spares.map(workerText).join(" | ")}`]),
    ...(masters.length === 0 ? [] : [`masters  ${masters.map(masterText).join(" | ")}`]),
    ...notices,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function workerText({ id, role, redis, present, lentTo }: TopologyWorker): string {
  return [
    ...(role === "primary" ? [role] : []),
    id,
    ...(redis === "" ? [] : [redis]),
    ...(role === "learner" ? [role] : []),
    ...(lentTo === "" ? [] : [`lent to ${lentTo}`]),
    ...(present ? [] : ["missing"]),
  ].join(" ");
}

function masterText({ id, rpc, active }: TopologyMaster): string {
  return `${id} ${rpc} ${active ? "active" : "standby"}`;
}
