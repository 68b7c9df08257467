import { Glob } from "../../../base/glob.ts";
import type { Call } from "../call.ts";
import { lookup } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { dependOnAll, isExpired, peek } from "./peek.ts";
import { isVisible } from "./visible.ts";

/** How many keys one step over the key space visits. */
const STEP_KEYS = 10_000;
/** Expired keys that `RANDOMKEY` takes away before it gives up. */
const RANDOM_TRIES_MAX = 1000;

export const keys: CommandSpec = {
  name: "keys",
  arity: 2,
  flags: ["readonly"],
  group: "generic",
  since: "1.0.0",
  summary: "Find all keys matching the given pattern",
  syntax: "pattern<pattern>",
  complexity:
    "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the " +
    "given pattern have limited length.",
  categories: ["@keyspace", "@dangerous"],
  hints: ["request_policy:all_shards", "nondeterministic_output_order"],
  evaluate(call: Call): void {
    const glob = new Glob(call.args.text(1));
    dependOnAll(call);
    if (glob.literal !== undefined && glob.literal !== "") {
      const isThere = isVisible(call, glob.literal) && peek(call, glob.literal) !== 0;
      call.reply.bulks(isThere ? [glob.literal] : []);
      return;
    }
    call.reply.bulks(matchingKeys(call, glob));
  },
};

function matchingKeys(call: Call, glob: Glob): string[] {
  const { state } = call;
  const found: string[] = [];
  const visit = (key: string): void => {
    if ((glob.all || glob.matches(key)) && isVisible(call, key)) found.push(key);
  };
  let cursor = 0;
  do cursor = state.scan(cursor, STEP_KEYS, visit);
  while (cursor !== 0);
  return found.filter((key) => !isExpired(call, key));
}

export const randomkey: CommandSpec = {
  name: "randomkey",
  arity: 1,
  flags: ["readonly"],
  group: "generic",
  since: "1.0.0",
  summary: "Return a random key from the keyspace",
  complexity: "O(1)",
  hints: ["request_policy:all_shards", "nondeterministic_output"],
  evaluate(call: Call): void {
    dependOnAll(call);
    call.reply.bulkOrNull(liveRandomKey(call));
  },
};

function liveRandomKey(call: Call): string | undefined {
  for (let tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
    const key = call.state.randomKey(call.random);
    if (key === undefined || (isVisible(call, key) && lookup(call, key) !== 0)) return key;
  }
  return call.state.slots.isWhole ? undefined : firstVisibleKey(call);
}

/** Nearly all keys that are here are of slots that come or go. */
function firstVisibleKey(call: Call): string | undefined {
  let found: string | undefined;
  let cursor = 0;
  do {
    cursor = call.state.scan(cursor, STEP_KEYS, (key) => {
      if (isVisible(call, key) && !isExpired(call, key)) found ??= key;
    });
  } while (cursor !== 0 && found === undefined);
  return found;
}
