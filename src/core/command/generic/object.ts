import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import type { CommandSpec } from "../spec.ts";
import { stringEncoding } from "../strings/encoding.ts";
import { oneKey } from "./keySpecs.ts";
import { peekArg } from "./peek.ts";

/** Redis shares the objects of small integers and counts their references no more. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 2 ** 31 - 1;

const HELP = [
  "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "ENCODING <key>",
  "    Return the kind of internal representation used in order to store the value",
  "    associated with a <key>.",
  "FREQ <key>",
  "    Return the access frequency index of the <key>. The returned integer is",
  "    proportional to the logarithm of the recent access frequency of the key.",
  "IDLETIME <key>",
  "    Return the idle time of the <key>, that is the approximated number of",
  "    seconds elapsed since the last access to the key.",
  "REFCOUNT <key>",
  "    Return the number of references of the value associated with the specified",
  "    <key>.",
  "HELP",
  "    Prints this help.",
];

const help: CommandSpec = {
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "generic",
  since: "6.2.0",
  summary: "Show helpful text about the different subcommands",
  complexity: "O(1)",
  evaluate(call: Call): void {
    call.reply.array(HELP.length);
    for (const line of HELP) call.reply.simple(line);
  },
};

const encoding = inspection("encoding", "2.2.3", "Inspect the internal encoding of a Redis object", (call, ref) => {
  const { state } = call;
  call.reply.bulk(state.type(ref) === VALUE_STRING ? stringEncoding(state, ref) : state.collection(ref).encoding);
});

const idletime = inspection("idletime", "2.2.3", "Get the time since a Redis object was last accessed", (call, ref) =>
  call.reply.integer(call.state.idleSeconds(ref)),
);

const freq = inspection("freq", "4.0.0", "Get the logarithmic access frequency counter of a Redis object", (call) =>
  fail(
    call,
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between " +
      "policies at runtime LRU and LFU data will take some time to adjust.",
  ),
);

const refcount = inspection("refcount", "2.2.3", "Get the number of references to the value of the key", (call, ref) =>
  call.reply.integer(isSharedInteger(call, ref) ? SHARED_REFERENCES : 1),
);

export const object: CommandSpec = {
  name: "object",
  arity: -2,
  flags: [],
  group: "generic",
  since: "2.2.3",
  summary: "A container for object introspection commands",
  complexity: "Depends on subcommand.",
  subcommands: [encoding, freq, help, idletime, refcount],
};

/** A subcommand that answers something about the key at argument 2, null when it is not there. */
function inspection(name: string, since: string, summary: string, answer: (call: Call, ref: Ref) => void): CommandSpec {
  return {
    name,
    arity: 3,
    flags: ["readonly"],
    group: "generic",
    since,
    summary,
    syntax: "key#0",
    complexity: "O(1)",
    keys: oneKey(["RO"], 2),
    hints: ["nondeterministic_output"],
    evaluate(call: Call): void {
      const ref = peekArg(call, 2);
      if (ref === 0) call.reply.null();
      else answer(call, ref);
    },
  };
}

function isSharedInteger(call: Call, ref: Ref): boolean {
  const { state } = call;
  if (state.type(ref) !== VALUE_STRING || stringEncoding(state, ref) !== "int") return false;
  const value = state.stringInteger(ref);
  return value !== undefined && value >= 0 && value < SHARED_INTEGERS;
}
