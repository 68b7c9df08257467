import { keySlot, keySlotOfBytes } from "../../base/crc16.ts";
import type { Args } from "../../core/command/args.ts";
import type { Call } from "../../core/command/call.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";

/** The request has no key. */
export const NO_SLOT = -1;
/** Its keys are of several slots. */
export const CROSS_SLOT = -2;
/** It has one key, and nobody has asked for its slot. */
export const ANY_SLOT = -3;

/** Where a command's keys are, found once for each command. */
type KeyRule =
  | { readonly kind: "none" }
  /** At fixed places; `last` below 0 counts from the end of the request. */
  | { readonly kind: "range"; readonly first: number; readonly last: number; readonly step: number }
  | { readonly kind: "searched" };

/** The slot of a request's keys, without making strings of them where their places are fixed. */
export class RequestSlots {
  readonly #table: CommandTable;
  readonly #rules = new Map<CommandSpec, KeyRule>();

  constructor(table: CommandTable) {
    this.#table = table;
  }

  /** The slot of all keys of a request, an `EXEC`'s those of what it would run; `ANY_SLOT` only if `isAny`. */
  of(call: Call, spec: CommandSpec, isAny: boolean): number {
    const { transaction } = call.session;
    if (spec.name !== "exec" || transaction === undefined) return this.#ofCommand(spec, call.args, isAny);
    let found = NO_SLOT;
    for (const queued of transaction.queue) {
      const slot = this.#ofCommand(queued.spec, queued.args, false);
      if (slot === CROSS_SLOT) return CROSS_SLOT;
      if (slot === NO_SLOT) continue;
      if (found !== NO_SLOT && found !== slot) return CROSS_SLOT;
      found = slot;
    }
    return found;
  }

  #ofCommand(spec: CommandSpec, args: Args, isAny: boolean): number {
    const rule = this.#rules.get(spec) ?? this.#learn(spec);
    if (rule.kind === "none") return NO_SLOT;
    if (rule.kind === "searched") return this.#search(spec, args);
    const { first, step } = rule;
    const last = rule.last < 0 ? args.length + rule.last : rule.last;
    if (first >= args.length || last >= args.length || last < first) return NO_SLOT;
    if (first === last && isAny) return ANY_SLOT;
    const { bytes, starts, ends } = args;
    const slot = keySlotOfBytes(bytes, starts[first]!, ends[first]!);
    for (let i = first + step; i <= last; i += step) {
      if (keySlotOfBytes(bytes, starts[i]!, ends[i]!) !== slot) return CROSS_SLOT;
    }
    return slot;
  }

  #learn(spec: CommandSpec): KeyRule {
    const rule = ruleOf(spec);
    this.#rules.set(spec, rule);
    return rule;
  }

  #search(spec: CommandSpec, args: Args): number {
    let found = NO_SLOT;
    for (const key of this.#table.getKeys(spec, args)) {
      const slot = keySlot(key);
      if (found !== NO_SLOT && found !== slot) return CROSS_SLOT;
      found = slot;
    }
    return found;
  }
}

function ruleOf({ keys = [] }: CommandSpec): KeyRule {
  const real = keys.filter(({ flags }) => !flags.includes("not_key"));
  if (real.length === 0) return { kind: "none" };
  const [{ begin, find }] = real as [(typeof real)[number]];
  if (real.length > 1 || !("index" in begin) || !("lastKey" in find)) return { kind: "searched" };
  if (find.lastKey < 0 && find.limit !== 0) return { kind: "searched" };
  const first = begin.index;
  const last = find.lastKey < 0 ? find.lastKey : first + find.lastKey;
  return { kind: "range", first, last, step: find.keyStep };
}
