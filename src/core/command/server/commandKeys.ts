import { Args } from "../args.ts";
import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import type { KeyPosition } from "../keyPositions.ts";
import type { CommandSpec } from "../spec.ts";
import { writeSimpleSet } from "./commandInfo.ts";

const KEYS_FACTS = {
  arity: -4,
  flags: ["loading", "stale"],
  group: "server",
  complexity: "O(N) where N is the number of arguments to the command",
  categories: ["@connection"],
} as const;

export const getkeys: CommandSpec = {
  ...KEYS_FACTS,
  name: "getkeys",
  since: "2.8.13",
  summary: "Extract keys given a full Redis command",
  evaluate: (call) => {
    const found = findKeys(call);
    if (found !== undefined) call.reply.bulks(found.keys.map(({ position }) => found.args.text(position)));
  },
};

export const getkeysandflags: CommandSpec = {
  ...KEYS_FACTS,
  name: "getkeysandflags",
  since: "7.0.0",
  summary: "Extract keys and access flags given a full Redis command",
  evaluate: (call) => {
    const found = findKeys(call);
    if (found === undefined) return;
    call.reply.array(found.keys.length);
    for (const { position, flags } of found.keys) {
      call.reply.array(2);
      call.reply.bulk(found.args.text(position));
      writeSimpleSet(call.reply, flags);
    }
  },
};

/** The keys of the request that follows the first two words; undefined after an error reply. */
function findKeys(call: Call): { readonly args: Args; readonly keys: readonly KeyPosition[] } | undefined {
  const { commands } = call.node;
  const args = Args.of(...call.args.texts(2));
  const found = commands.find(args);
  const container = found?.subcommands !== undefined && args.length > 1;
  const spec = container ? commands.findSubcommand(found, args) : found;
  const error = spec === undefined ? "ERR Invalid command specified" : refusal(spec, args);
  const keys = spec === undefined || error !== undefined ? undefined : commands.keyPositions(spec, args);
  if (keys !== undefined) return { args, keys };
  fail(call, error ?? "ERR Invalid arguments specified for command");
  return undefined;
}

function refusal(spec: CommandSpec, args: Args): string | undefined {
  if ((spec.keys ?? []).length === 0) return "ERR The command has no key arguments";
  const { arity } = spec;
  const fits = arity >= 0 ? args.length === arity : args.length >= -arity;
  return fits ? undefined : "ERR Invalid number of arguments specified for command";
}
