import { createInterface } from "node:readline/promises";
import { countSlots } from "../core/slots/slotRanges.ts";
import type { MasterClient } from "../main/master/masterClient.ts";
import type { ClusterCommand, ClusterPlan } from "../platform/rpc/clusterService.ts";
import { bytesText, slotsText } from "./figures.ts";
import { type Followed, followMoves } from "./followMoves.ts";
import { fail, printJson, type Reach, withMaster } from "./reach.ts";

/** It was begun, and did not come to its end. */
const EXIT_UNFINISHED = 2;
const LINES_MAX = 20;

/** How a command that changes something is asked for. */
export interface CarryOutOptions extends Reach {
  readonly yes?: true;
  readonly dryRun?: true;
  /** False with `--no-wait`. */
  readonly wait?: boolean;
}

export const CARRY_OUT_HELP = `
It prints what it will do and asks before it does it. Stopping this command (Ctrl+C) stops no move: the cluster goes on by itself;
holdfast moves shows how far it is, holdfast moves cancel all gives up what has not changed hands.
Exit: 0 done, or nothing to do; 1 refused, or nobody could be asked; 2 begun and not finished.`;

/** Plans, shows, asks, executes, and waits until it is done. */
export function carryOut(command: ClusterCommand, options: CarryOutOptions): Promise<void> {
  const { json = false, yes = false, dryRun = false } = options;
  return withMaster(options, async (client) => {
    if (!yes && !dryRun && (json || !process.stdin.isTTY || !process.stdout.isTTY)) {
      return fail("nobody can be asked here whether to do it; add --yes, or --dry-run to see what it would do");
    }
    const planned = await client.plan(command);
    if (!planned.ok) return fail(planned.error.message);
    const plan = planned.value;
    if (!json) process.stdout.write(planText(plan));
    if (plan.isDone || dryRun) {
      if (json) printJson({ plan, executed: false, done: plan.isDone });
      return 0;
    }
    if (!yes && !(await confirmed())) return fail("nothing was changed");
    const executed = await client.execute(command, plan.fingerprint);
    if (!executed.ok) return fail(executed.error.message);
    const followed = options.wait === false ? undefined : await follow(client, command, executed.value, json);
    return report(executed.value, followed, json);
  });
}

async function follow(client: MasterClient, command: ClusterCommand, plan: ClusterPlan, isQuiet: boolean) {
  return plan.moves.length === 0 ? undefined : followMoves(client, command, plan, isQuiet);
}

function report(plan: ClusterPlan, followed: Followed | undefined, json: boolean): number {
  const isUnfinished = followed !== undefined && !followed.isDone;
  if (json) {
    const done = followed?.isDone ?? plan.moves.length === 0;
    printJson({ plan, executed: true, done, ...(followed !== undefined && { ...followed }) });
  } else if (followed === undefined) {
    const isUnderWay = plan.moves.length > 0;
    console.log(isUnderWay ? "begun; holdfast moves shows how far it is" : "done");
  } else if (followed.isDone) {
    console.log(`done: ${slotsText(followed.slots)} in ${(followed.millis / 1000).toFixed(1)} s`);
  }
  if (!isUnfinished) return 0;
  console.error(`holdfast: ${followed.problem}`);
  return EXIT_UNFINISHED;
}

/** What a plan will do, for a person: its sentences name the slots. */
export function planText({ sentences, moves, keys, bytes }: ClusterPlan): string {
  const lines = sentences.length > LINES_MAX ? sentences.slice(0, LINES_MAX - 1) : [...sentences];
  if (lines.length < sentences.length) lines.push(`… and ${sentences.length - lines.length} more lines`);
  if (moves.length > 0) {
    const slots = moves.reduce((sum, move) => sum + countSlots(move.slots), 0);
    const size = keys === undefined ? "" : `, ${keys} keys`;
    lines.push(`in all ${slotsText(slots)}${size}${bytes === undefined ? "" : `, ${bytesText(bytes)}`}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

async function confirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question("Do it? [y/N] "), closed]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
