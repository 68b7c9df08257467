import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Call } from "../call.ts";
import { allKeys, oneKey } from "../generic/keySpecs.ts";
import { lookupArg } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { refusesType, replyString, replyStringOrNull } from "./stringReply.ts";

export const get: CommandSpec = {
  name: "get",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "string",
  since: "1.0.0",
  summary: "Get the value of a key",
  syntax: "key#0",
  complexity: "O(1)",
  keys: oneKey(["RO", "access"]),
  evaluate(call: Call): void {
    replyStringOrNull(call, lookupArg(call, 1));
  },
};

export const mget: CommandSpec = {
  name: "mget",
  arity: -2,
  flags: ["readonly", "fast"],
  group: "string",
  since: "1.0.0",
  summary: "Get the values of all the given keys",
  syntax: "key#0*",
  complexity: "O(N) where N is the number of keys to retrieve.",
  keys: allKeys(["RO", "access"]),
  hints: ["request_policy:multi_shard"],
  evaluate(call: Call): void {
    const { args, reply, state } = call;
    reply.array(args.length - 1);
    for (let i = 1; i < args.length; i++) {
      const ref = lookupArg(call, i);
      if (ref === 0 || state.type(ref) !== VALUE_STRING) reply.null();
      else replyString(call, ref);
    }
  },
};

export const getdel: CommandSpec = {
  name: "getdel",
  arity: 2,
  flags: ["write", "fast"],
  group: "string",
  since: "6.2.0",
  summary: "Get the value of a key and delete the key",
  syntax: "key#0",
  complexity: "O(1)",
  keys: oneKey(["RW", "access", "delete"]),
  evaluate(call: Call): void {
    const ref = lookupArg(call, 1);
    if (replyStringOrNull(call, ref) && ref !== 0) call.mutate.delete(call.args.text(1));
  },
};

export const strlen: CommandSpec = {
  name: "strlen",
  arity: 2,
  flags: ["readonly", "fast"],
  group: "string",
  since: "2.2.0",
  summary: "Get the length of the value stored in a key",
  syntax: "key#0",
  complexity: "O(1)",
  keys: oneKey(["RO"]),
  evaluate(call: Call): void {
    const ref = lookupArg(call, 1);
    if (!refusesType(call, ref)) call.reply.integer(ref === 0 ? 0 : call.state.stringLength(ref));
  },
};
