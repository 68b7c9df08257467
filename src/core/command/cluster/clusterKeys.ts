import { keySlot } from "../../../base/crc16.ts";
import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { dependOnAll, isExpired } from "../generic/peek.ts";
import { argInteger } from "../numbers.ts";
import { clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

/** How many keys one step over the key space visits. */
const STEP_KEYS = 10_000;

export const clusterKeyslot = clusterSubcommand(
  {
    name: "keyslot",
    arity: 3,
    since: "3.0.0",
    summary: "Returns the hash slot of the specified key",
    syntax: "key",
    complexity: "O(N) where N is the number of bytes in the key",
  },
  ({ args, reply }) => reply.integer(keySlot(args.text(2))),
);

/** There is no index by slot: all keys are looked at. */
export const clusterCountkeysinslot = clusterSubcommand(
  {
    name: "countkeysinslot",
    arity: 3,
    since: "3.0.0",
    summary: "Return the number of local keys in the specified hash slot",
    syntax: "slot<integer>",
  },
  (call) => {
    const slot = argInteger(call, 2);
    if (slot === undefined) return;
    if (slot < 0 || slot > SLOT_LAST) return fail(call, "ERR Invalid slot");
    call.reply.integer(keysInSlot(call, slot, Number.POSITIVE_INFINITY).length);
  },
);

export const clusterGetkeysinslot = clusterSubcommand(
  {
    name: "getkeysinslot",
    arity: 4,
    since: "3.0.0",
    summary: "Return local key names in the specified hash slot",
    syntax: "slot<integer> count<integer>",
    complexity: "O(log(N)) where N is the number of requested keys",
    hints: ["nondeterministic_output"],
  },
  (call) => {
    const slot = argInteger(call, 2);
    if (slot === undefined) return;
    const count = argInteger(call, 3);
    if (count === undefined) return;
    if (slot < 0 || slot > SLOT_LAST || count < 0) return fail(call, "ERR Invalid slot or number of keys");
    call.reply.bulks(keysInSlot(call, slot, count));
  },
);

function keysInSlot(call: Call, slot: number, countMax: number): string[] {
  const { state } = call;
  dependOnAll(call);
  const found: string[] = [];
  const visit = (key: string): void => {
    if (found.length < countMax && keySlot(key) === slot && !isExpired(call, key)) found.push(key);
  };
  let cursor = 0;
  do cursor = state.scan(cursor, STEP_KEYS, visit);
  while (cursor !== 0 && found.length < countMax);
  return found;
}
