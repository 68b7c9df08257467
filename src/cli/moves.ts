import { Command } from "commander";
import { countSlots } from "../core/slots/slotRanges.ts";
import type { ClusterWork, MoveInWork } from "../platform/rpc/clusterService.ts";
import { moveCommand } from "./clusterCommands.ts";
import { bytesText, durationText, rangesText, slotsText } from "./figures.ts";
import { addReach, fail, printJson, type Reach, withMaster } from "./reach.ts";

/** `holdfast moves`, and what can be done with them. */
export function movesCommand(): Command {
  const command = new Command("moves").description("show the moves of slots that are under way, and how far each is");
  return addReach(command)
    .addCommand(moveCommand("cancel", "give up a move (or a migrate, by its name): slots that have changed hands stay"))
    .addCommand(moveCommand("pause", "copy nothing more until it is resumed; what has changed hands is finished"))
    .addCommand(moveCommand("resume", "go on with a move that was paused"))
    .enablePositionalOptions()
    .exitOverride()
    .action((options: Reach) =>
      withMaster(options, async (client) => {
        const work = await client.work();
        if (!work.ok) return fail(work.error.message);
        if (options.json === true) printJson(work.value);
        else process.stdout.write(workText(work.value));
        return 0;
      }),
    );
}

/** One line a move, for people. */
export function workText({ moves, wanted, isBalancing, isPaused }: ClusterWork): string {
  const lines = moves.map(moveText);
  for (const { request, slots, to } of wanted)
    lines.push(`${request}  wanted: ${slotsText(countSlots(slots))} to ${to}: ${rangesText(slots)}`);
  if (isBalancing) lines.push("slots are being balanced by weight");
  if (isPaused) lines.push("everything is paused; holdfast moves resume all goes on");
  if (lines.length === 0) lines.push("nothing moves");
  return lines.map((line) => `${line}\n`).join("");
}

/** `m12  g1 to g2  64 slots 0-63  copying  45 %, 12 MB of 27 MB, 8.1 MB/s, 2 s left` */
function moveText(move: MoveInWork): string {
  const { id, source, target, slots, state, paused, reason } = move;
  return [
    ...[id, `${source} to ${target}`, `${slotsText(countSlots(slots))} ${rangesText(slots)}`],
    paused ? `${state}, paused` : state,
    ...(state === "copying" ? [copyText(move)] : []),
    ...(reason === "" ? [] : [`(${reason})`]),
  ]
    .filter((part) => part !== "")
    .join("  ");
}

function copyText(move: MoveInWork): string {
  const { keysCopied, keysTotal, bytesCopied, bytesTotal, bytesPerSecond, millisLeft } = move;
  return [
    ...(keysTotal === 0 ? [] : [`${Math.floor((100 * Math.min(keysCopied, keysTotal)) / keysTotal)} %`]),
    ...(bytesTotal === 0 ? [] : [`${bytesText(bytesCopied)} of ${bytesText(bytesTotal)}`]),
    ...(bytesPerSecond === 0 ? [] : [`${bytesText(bytesPerSecond)}/s`]),
    ...(millisLeft === undefined ? [] : [`${durationText(millisLeft)} left`]),
  ].join(", ");
}
