import { Command, InvalidArgumentError } from "commander";
import { isName, NAME_RULE, SPARE } from "../base/names.ts";
import { readRanges, type SlotRanges } from "../core/slots/slotRanges.ts";
import { CARRY_OUT_HELP, type CarryOutOptions, carryOut } from "./carryOut.ts";
import { addReach } from "./reach.ts";

const UNITS: { readonly [unit: string]: number } = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };
const WEIGHT_MAX = 1000;

interface MigrateOptions extends CarryOutOptions {
  readonly slots: SlotRanges;
  readonly to: string;
  readonly limit: number;
}

/** Commands that change which group has which slots, and what hangs on it. */
export function clusterCommands(): readonly Command[] {
  return [migrate(), rebalance(), drain(), undrain(), weight(), lend(), giveBack(), advice()];
}

function migrate(): Command {
  const command = new Command("migrate")
    .description("move slots to a group while they are used")
    .requiredOption("--slots <ranges>", "which, such as 0-99,200", slotRanges)
    .requiredOption("--to <group>", "the group that gets them", groupName)
    .option("--limit <bytes>", "bytes a second of each copy, such as 20mb (default: the cluster's setting)", rate, 0);
  return changing(command).action(({ slots, to, limit, ...options }: MigrateOptions) =>
    carryOut({ kind: "migrate", slots, to, bytesPerSecondMax: limit }, options),
  );
}

interface RebalanceOptions extends CarryOutOptions {
  readonly auto?: boolean;
}

function rebalance(): Command {
  const command = new Command("rebalance")
    .description("give every group its part of the slots, by weight, with as few moves as that takes")
    .option("--auto <on|off>", "in place of that: whether a group that joins gets its part at once", onOff);
  return changing(command).action(({ auto, ...options }: RebalanceOptions) =>
    carryOut(auto === undefined ? { kind: "rebalance" } : { kind: "autoRebalance", on: auto }, options),
  );
}

function drain(): Command {
  const command = new Command("drain").description("move all slots of a group to the others, and give it none");
  return changing(groupArgument(command)).action((group: string, options: CarryOutOptions) =>
    carryOut({ kind: "drain", group }, options),
  );
}

function undrain(): Command {
  const command = new Command("undrain").description("let a group that was drained have slots again");
  return changing(groupArgument(command)).action((group: string, options: CarryOutOptions) =>
    carryOut({ kind: "undrain", group }, options),
  );
}

function weight(): Command {
  const command = new Command("weight").description("set a group's part of the slots, in proportion to all weights");
  groupArgument(command).argument("<weight>", `above 0, up to ${WEIGHT_MAX}; 1 is the default`, groupWeight);
  return changing(command).action((group: string, value: number, options: CarryOutOptions) =>
    carryOut({ kind: "weight", group, weight: value }, options),
  );
}

function lend(): Command {
  const command = new Command("lend").description("make a spare worker a replica of a group");
  groupArgument(command.argument("<worker>", "its id", workerName));
  return changing(command).action((spare: string, group: string, options: CarryOutOptions) =>
    carryOut({ kind: "lend", spare, group }, options),
  );
}

function giveBack(): Command {
  const command = new Command("return").description("take a spare worker back from the group that has it");
  command.argument("<worker>", "its id", workerName);
  return changing(command).action((spare: string, options: CarryOutOptions) =>
    carryOut({ kind: "return", spare }, options),
  );
}

function advice(): Command {
  const command = new Command("advice")
    .description("let the master only say what it would do about load, and do nothing of it")
    .argument("<on|off>", "on: it only says so (holdfast why)", onOff);
  return changing(command).action((on: boolean, options: CarryOutOptions) => carryOut({ kind: "advice", on }, options));
}

/** `holdfast moves cancel|pause|resume <id>`. */
export function moveCommand(kind: "cancel" | "pause" | "resume", description: string): Command {
  const command = new Command(kind).description(description).argument("<id>", "of a move; or all", workerName);
  // What was said before the word counts as well.
  return changing(command).action((id: string, _options: CarryOutOptions, given: Command) =>
    carryOut({ kind, id }, given.optsWithGlobals()),
  );
}

function changing(command: Command): Command {
  return addReach(command)
    .option("--yes", "do not ask")
    .option("--dry-run", "print what it would do, and do nothing")
    .option("--no-wait", "end when it is begun; the cluster goes on by itself")
    .addHelpText("after", CARRY_OUT_HELP)
    .exitOverride();
}

function groupArgument(command: Command): Command {
  return command.argument("<group>", "name of the group", groupName);
}

function slotRanges(text: string): SlotRanges {
  const ranges = readRanges(text);
  if (ranges === undefined) throw new InvalidArgumentError("Slots are 0 to 16383, written like 0-99,200.");
  return ranges;
}

function groupName(text: string): string {
  if (text === SPARE) throw new InvalidArgumentError("That is what workers name that are in no group; name a group.");
  return workerName(text);
}

function workerName(text: string): string {
  if (!isName(text)) throw new InvalidArgumentError(`It ${NAME_RULE}.`);
  return text;
}

function groupWeight(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= WEIGHT_MAX) return value;
  const hint = value === 0 ? " To take all slots away from a group, use holdfast drain." : "";
  throw new InvalidArgumentError(`A weight is a number above 0, up to ${WEIGHT_MAX}.${hint}`);
}

function rate(text: string): number {
  const match = /^(\d{1,12})\s*([a-z]*)$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "?"];
  if (match === null || unit === undefined) throw new InvalidArgumentError("Write bytes a second, such as 20mb.");
  return Number(match[1]) * unit;
}

function onOff(text: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw new InvalidArgumentError("It is on or off.");
}
