import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { fail, NOT_INTEGER } from "../errors.ts";
import { oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import {
  argBigInteger,
  INTEGER_CHARS_MAX,
  INTEGER_MAX,
  INTEGER_MIN,
  parseInteger,
  parseShortInteger,
} from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { refusesType } from "./stringReply.ts";

/** Longer keys take the way over strings. */
const SHORT_KEY_BYTES = 256;
/** A key and its new value, side by side as in a request: what `setArg` wants. */
const scratch = new Uint8Array(SHORT_KEY_BYTES + INTEGER_CHARS_MAX);

const COMMON = {
  flags: ["write", "denyoom", "fast"],
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  keys: oneKey(["RW", "access", "update"]),
} as const;

export const incr: CommandSpec = {
  ...COMMON,
  name: "incr",
  arity: 2,
  summary: "Increment the integer value of a key by one",
  syntax: "key#0",
  evaluate: (call) => add(call, 1),
};

export const decr: CommandSpec = {
  ...COMMON,
  name: "decr",
  arity: 2,
  summary: "Decrement the integer value of a key by one",
  syntax: "key#0",
  evaluate: (call) => add(call, -1),
};

export const incrby: CommandSpec = {
  ...COMMON,
  name: "incrby",
  arity: 3,
  summary: "Increment the integer value of a key by the given amount",
  syntax: "key#0 increment<integer>",
  evaluate(call: Call): void {
    const { bytes, starts, ends } = call.args;
    const short = parseShortInteger(bytes, starts[2]!, ends[2]!);
    if (short !== undefined) return add(call, short);
    const delta = argBigInteger(call, 2);
    if (delta !== undefined) addBig(call, lookupArg(call, 1), delta);
  },
};

export const decrby: CommandSpec = {
  ...COMMON,
  name: "decrby",
  arity: 3,
  summary: "Decrement the integer value of a key by the given number",
  syntax: "key#0 decrement<integer>",
  evaluate(call: Call): void {
    const { bytes, starts, ends } = call.args;
    const short = parseShortInteger(bytes, starts[2]!, ends[2]!);
    if (short !== undefined) return add(call, -short);
    const delta = argBigInteger(call, 2);
    if (delta === INTEGER_MIN) return fail(call, "ERR decrement would overflow");
    if (delta !== undefined) addBig(call, lookupArg(call, 1), -delta);
  },
};

function add(call: Call, delta: number): void {
  const { state } = call;
  const ref = lookupArg(call, 1);
  if (refusesType(call, ref)) return;
  const value = ref === 0 ? 0 : state.stringInteger(ref);
  // A sum beyond the safe range is never rounded back into it.
  if (value === undefined || !Number.isSafeInteger(value + delta)) addBig(call, ref, BigInt(delta));
  else store(call, value + delta, ref === 0 ? 0 : state.expireAt(ref));
}

/** `add` with all 64 bits. */
function addBig(call: Call, ref: Ref, delta: bigint): void {
  const { state } = call;
  if (refusesType(call, ref)) return;
  const text = ref === 0 ? "0" : state.stringLength(ref) > INTEGER_CHARS_MAX ? "" : state.stringText(ref);
  const value = parseInteger(text);
  if (value === undefined) return fail(call, NOT_INTEGER);
  const sum = value + delta;
  if (sum < INTEGER_MIN || sum > INTEGER_MAX) return fail(call, "ERR increment or decrement would overflow");
  store(call, sum, ref === 0 ? 0 : state.expireAt(ref));
}

function store(call: Call, value: number | bigint, expireAt: number): void {
  const { args, mutate } = call;
  const text = String(value);
  const keyBytes = args.byteLength(1);
  if (keyBytes > SHORT_KEY_BYTES) mutate.setText(args.text(1), text, expireAt);
  else {
    const at = args.starts[1]!;
    for (let i = 0; i < keyBytes; i++) scratch[i] = args.bytes[at + i]!;
    for (let i = 0; i < text.length; i++) scratch[keyBytes + i] = text.charCodeAt(i);
    mutate.setArg(scratch, 0, keyBytes, keyBytes, keyBytes + text.length, expireAt);
  }
  call.reply.integer(value);
}
