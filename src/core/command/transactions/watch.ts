import type { Call } from "../call.ts";
import { fail } from "../errors.ts";
import { lookup } from "../lookup.ts";
import type { CommandSpec } from "../spec.ts";
import { forgetWatched } from "./queue.ts";

/** How many keys a session may watch. */
export const WATCHED_KEYS_MAX = 1 << 20;

export const watch: CommandSpec = {
  name: "watch",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  group: "transactions",
  since: "2.2.0",
  summary: "Watch the given keys to determine execution of the MULTI/EXEC block",
  syntax: "key#0*",
  complexity: "O(1) for every key.",
  keys: [{ flags: ["RO"], begin: { index: 1 }, find: { lastKey: -1, keyStep: 1, limit: 0 } }],
  evaluate(call: Call): void {
    const { session, args } = call;
    if (session.transaction !== undefined) return fail(call, "ERR WATCH inside MULTI is not allowed");
    if (session.watched.size + args.length - 1 > WATCHED_KEYS_MAX) {
      return fail(call, `ERR too many watched keys: at most ${WATCHED_KEYS_MAX}`);
    }
    // What is broken already stays broken until `EXEC`, `DISCARD` or `UNWATCH`.
    if (!session.watchBroken) for (const key of args.texts(1)) watchKey(call, key);
    call.reply.ok();
  },
};

export const unwatch: CommandSpec = {
  name: "unwatch",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  group: "transactions",
  since: "2.2.0",
  summary: "Forget about all watched keys",
  complexity: "O(1)",
  evaluate(call: Call): void {
    forgetWatched(call);
    call.reply.ok();
  },
};

function watchKey(call: Call, key: string): void {
  // A key whose time is over already goes first, so that its deletion is no change of a watched key.
  lookup(call, key);
  call.node.watch(call.session, key);
}

/**
 * Whether the time of a watched key has run out since `WATCH`, and nobody has noticed yet. The reply to `EXEC` tells of the
 * newest change of each key, so it waits for that change.
 */
export function isWatchedKeyExpired(call: Call): boolean {
  const { state } = call;
  let isExpired = false;
  for (const key of call.session.watched) {
    const ref = state.find(key);
    if (state.pendingVersion > call.dependsOn) call.dependsOn = state.pendingVersion;
    if (ref !== 0 && state.expires(ref) && state.expireAt(ref) <= call.expiryNow) isExpired = true;
  }
  return isExpired;
}
