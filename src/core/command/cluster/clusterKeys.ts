import { keySlot } from "../../../base/crc16.ts";
import { countKeysInSlots, keysInSlot } from "../../state/slotKeys.ts";
import { fail } from "../errors.ts";
import { dependOnAll } from "../generic/peek.ts";
import { argInteger } from "../numbers.ts";
import { clusterSubcommand, SLOT_LAST } from "./clusterSpec.ts";

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

/** Keys whose time is over count until they are deleted, as in Redis. */
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
    dependOnAll(call);
    call.reply.integer(call.state.slots.isHidden(slot) ? 0 : countKeysInSlots(call.state, [[slot, slot]]));
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
    dependOnAll(call);
    call.reply.bulks(call.state.slots.isHidden(slot) ? [] : keysInSlot(call.state, slot, count));
  },
);
