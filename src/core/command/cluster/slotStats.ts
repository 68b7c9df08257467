import type { SlotRange } from "../../slots/slotRanges.ts";
import { countKeysInSlots } from "../../state/slotKeys.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { dependOnAll } from "../generic/peek.ts";
import type { NodeHeat, SlotMetric } from "../nodeHeat.ts";
import { argInteger } from "../numbers.ts";
import { clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

const KEY_COUNT = "key-count";
const RATES = { "reads-per-second": "reads", "writes-per-second": "writes" } as const;
/** Valkey's first, in its order; then ours. */
const METRICS = [
  ...[KEY_COUNT, "cpu-usec", "network-bytes-in", "network-bytes-out"],
  ...["reads", "writes", "reads-per-second", "writes-per-second"],
];
const LIMIT_MAX = SLOT_LAST + 1;

interface SlotFigures {
  readonly slot: number;
  readonly figures: readonly number[];
}

/** As in Valkey 8 (`cluster_slot_stats.c`), with figures of our own behind Valkey's. Slots that are not the group's are left out. */
export const clusterSlotStats = clusterSubcommand(
  {
    name: "slot-stats",
    arity: -4,
    since: "8.0.0",
    summary: "Return an array of slot usage statistics for slots assigned to the current node.",
    complexity:
      "O(N) where N is the total number of slots based on arguments. O(N*log(N)) with ORDERBY subcommand. " +
      "The keys of a slot are counted when it is asked for first.",
    hints: ["nondeterministic_output"],
  },
  (call) => {
    const { args, reply } = call;
    const told = args.is(2, "slotsrange") ? inRange(call) : args.is(2, "orderby") ? inOrder(call) : syntaxError(call);
    if (told === undefined) return;
    dependOnAll(call);
    reply.array(told.length);
    for (const { slot, figures } of told) {
      reply.array(2);
      reply.integer(slot);
      reply.map(METRICS.length);
      for (const [at, metric] of METRICS.entries()) {
        reply.bulk(metric);
        reply.integer(figures[at]!);
      }
    }
  },
);

function inRange(call: Call): SlotFigures[] | undefined {
  if (call.args.length !== 5) return syntaxError(call);
  const from = slotOf(call, 3);
  const to = from === undefined ? undefined : slotOf(call, 4);
  if (from === undefined || to === undefined) return undefined;
  if (from > to) {
    fail(call, `ERR Start slot number ${from} is greater than end slot number ${to}`);
    return undefined;
  }
  return figuresOf(call, [from, to]);
}

function slotOf(call: Call, at: number): number | undefined {
  const slot = Number(call.args.text(at));
  if (/^\d{1,5}$/.test(call.args.text(at)) && slot <= SLOT_LAST) return slot;
  fail(call, "ERR Invalid or out of range slot");
  return undefined;
}

function inOrder(call: Call): SlotFigures[] | undefined {
  const metric = METRICS.findIndex((name) => call.args.is(3, name));
  if (metric === -1) {
    fail(call, "ERR Unrecognized sort metric for ORDERBY.");
    return undefined;
  }
  const order = orderOf(call);
  if (order === undefined) return undefined;
  const sign = order.isAscending ? 1 : -1;
  const all = figuresOf(call, [0, SLOT_LAST]);
  all.sort((a, b) => sign * (a.figures[metric]! - b.figures[metric]!) || a.slot - b.slot);
  return all.slice(0, order.limit);
}

/** `[LIMIT n] [ASC | DESC]`, each once at most, in any order. */
function orderOf(call: Call): { readonly limit: number; readonly isAscending: boolean } | undefined {
  const { args } = call;
  let limit: number | undefined;
  let isAscending: boolean | undefined;
  for (let at = 4; at < args.length; at++) {
    if (args.is(at, "limit") && limit === undefined && at + 1 < args.length) {
      limit = argInteger(call, ++at);
      if (limit === undefined) return undefined;
      if (limit < 1 || limit > LIMIT_MAX) {
        fail(call, `ERR Limit has to lie in between 1 and ${LIMIT_MAX} (maximum number of slots).`);
        return undefined;
      }
    } else if ((args.is(at, "asc") || args.is(at, "desc")) && isAscending === undefined)
      isAscending = args.is(at, "asc");
    else return syntaxError(call);
  }
  return { limit: limit ?? LIMIT_MAX, isAscending: isAscending ?? false };
}

function figuresOf({ state, node }: Call, [from, to]: SlotRange): SlotFigures[] {
  countKeysInSlots(state, [[from, to]]);
  const told: SlotFigures[] = [];
  for (let slot = from; slot <= to; slot++) {
    if (state.slots.isHidden(slot)) continue;
    const keys = state.slotCounts.of(slot)!;
    const figures = METRICS.map((metric) => (metric === KEY_COUNT ? keys : figureOf(node.heat, slot, metric)));
    told.push({ slot, figures });
  }
  return told;
}

function figureOf(heat: NodeHeat | undefined, slot: number, metric: string): number {
  if (heat === undefined) return 0;
  const rated = (RATES as { readonly [metric: string]: SlotMetric })[metric];
  return Math.round(rated === undefined ? heat.total(slot, metric as SlotMetric) : heat.perSecond(slot, rated));
}

function syntaxError(call: Call): undefined {
  fail(call, SYNTAX_ERROR);
}
