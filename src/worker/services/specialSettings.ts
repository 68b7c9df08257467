import { err, ok, type Result } from "../../base/result.ts";
import { INT_MAX, parseMemory, type SettingType } from "./settingTypes.ts";

const OOM_SCORE_MAX = 2000;
/** Redis's letters, in the order in which it writes them back. */
const EVENT_CLASSES = "g$lshzxetdm";

/** Settings whose values have a grammar of their own. */
export const SPECIAL_SETTINGS: readonly SettingType[] = [
  {
    name: "client-output-buffer-limit",
    initial: "normal 268435456 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    parse: parseOutputLimits,
  },
  { name: "cluster-announce-hostname", initial: "", parse: parseHostname },
  { name: "latency-tracking-info-percentiles", initial: "50 99 99.9", parse: parsePercentiles },
  { name: "maxmemory-clients", initial: "0", parse: parseMemoryOrPercent },
  { name: "notify-keyspace-events", initial: "", parse: parseEventClasses },
  { name: "oom-score-adj-values", initial: "0 200 800", parse: parseOomScores },
  { name: "save", initial: "", parse: parseSavePoints },
];

function words(given: string): string[] {
  return given.split(/\s+/).filter((word) => word !== "");
}

/** `class hard soft seconds`, for one class or several; the others keep what they have. */
function parseOutputLimits(given: string, present: string): Result<string, string> {
  const items = words(given);
  if (items.length === 0 || items.length % 4 !== 0) {
    return err("Wrong number of arguments in buffer limit configuration.");
  }
  const limits = new Map<string, string>();
  const shown = words(present);
  for (let i = 0; i < shown.length; i += 4) limits.set(shown[i]!, shown.slice(i + 1, i + 4).join(" "));
  for (let i = 0; i < items.length; i += 4) {
    const name = items[i]!.toLowerCase().replace(/^replica$/, "slave");
    if (!limits.has(name)) return err("Invalid client class specified in buffer limit configuration.");
    const hard = parseMemory(items[i + 1]!);
    const soft = parseMemory(items[i + 2]!);
    const seconds = /^[0-9]{1,10}$/.test(items[i + 3]!) ? Number(items[i + 3]) : INT_MAX + 1;
    if (hard === undefined || soft === undefined || seconds > INT_MAX) {
      return err("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    limits.set(name, `${hard} ${soft} ${seconds}`);
  }
  return ok([...limits].map(([name, limit]) => `${name} ${limit}`).join(" "));
}

/** The hard limit of normal clients in what `parseOutputLimits` made; 0 is none. */
export function normalOutputLimit(shown: string): number {
  const items = words(shown);
  return Number(items[items.indexOf("normal") + 1]);
}

function parseHostname(given: string): Result<string, string> {
  if (/^[A-Za-z0-9.-]*$/.test(given)) return ok(given);
  return err("Hostnames may only contain alphanumeric characters, hyphens or dots");
}

function parsePercentiles(given: string): Result<string, string> {
  const numbers = words(given).map(Number);
  if (numbers.some((number) => Number.isNaN(number)))
    return err("Invalid latency-tracking-info-percentiles parameters");
  if (numbers.every((number) => number >= 0 && number <= 100)) return ok(numbers.join(" "));
  return err("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
}

function parseMemoryOrPercent(given: string): Result<string, string> {
  const percent = /^([0-9]{1,9})%$/.exec(given);
  if (percent !== null) {
    return Number(percent[1]) <= 100 ? ok(given) : err("percentage argument must be less or equal to 100");
  }
  const bytes = parseMemory(given);
  return bytes === undefined ? err("argument must be a memory or percent value") : ok(String(bytes));
}

/** `A` stands for all classes but `m` and `n`. */
function parseEventClasses(given: string): Result<string, string> {
  const letters = new Set(given);
  if (letters.has("A")) for (const letter of "g$lshzxetd") letters.add(letter);
  letters.delete("A");
  for (const letter of letters) {
    if (!`${EVENT_CLASSES}KEn`.includes(letter)) return err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  }
  const isAll = [..."g$lshzxetd"].every((letter) => letters.has(letter));
  const classes = isAll ? "A" : [..."g$lshzxetd"].filter((letter) => letters.has(letter)).join("");
  return ok(classes + [..."KEmn"].filter((letter) => letters.has(letter)).join(""));
}

function parseOomScores(given: string): Result<string, string> {
  const items = words(given);
  if (items.length !== 3) return err("wrong number of arguments");
  const fits = items.every((item) => /^-?[0-9]{1,5}$/.test(item) && Math.abs(Number(item)) <= OOM_SCORE_MAX);
  if (!fits) return err("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  return ok(items.map(Number).join(" "));
}

/** Pairs of seconds and changes. */
function parseSavePoints(given: string): Result<string, string> {
  const items = words(given);
  const fits = items.every((item, i) => /^[0-9]{1,9}$/.test(item) && (i % 2 === 1 || Number(item) >= 1));
  if (!fits || items.length % 2 !== 0) return err("Invalid save parameters");
  return ok(items.map(Number).join(" "));
}
