import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { lookup, lookupArg } from "../lookup.ts";

/** `lookup` that does not count as a use of the key: for `TTL`, `TYPE`, `OBJECT` … as in Redis. */
export function peek(call: Call, key: string): Ref {
  const ref = call.state.find(key);
  return isLive(call, ref) ? ref : lookup(call, key);
}

/** `peek` for a key that is still bytes of the request. */
export function peekArg(call: Call, i: number): Ref {
  const { args } = call;
  const ref = call.state.findBytes(args.bytes, args.starts[i]!, args.ends[i]!);
  return isLive(call, ref) ? ref : lookupArg(call, i);
}

/** Absent and expired keys are left to `lookup`, which knows what they mean. */
function isLive(call: Call, ref: Ref): boolean {
  const { state } = call;
  if (ref === 0 || (state.expires(ref) && state.expireAt(ref) <= call.expiryNow)) return false;
  if (state.pendingVersion > call.dependsOn) call.dependsOn = state.pendingVersion;
  return true;
}

/**
 * Whether the time of a key that a scan met is over. Looks in memory only and deletes nothing: a key on disk is met until it
 * is swept away, as to load all keys for it would cost more than it is worth.
 */
export function isExpired(call: Call, key: string): boolean {
  const { expiryNow, state } = call;
  if (state.expiringKeys === 0) return false;
  let expired = false;
  state.index.withHash(state.hashOf(key), (ref) => {
    if (state.expires(ref) && state.expireAt(ref) <= expiryNow && state.key(ref) === key) expired = true;
  });
  return expired;
}

/** What a command says that looks at all keys depends on every entry before it: on keys that are gone, too. */
export function dependOnAll(call: Call): void {
  const newest = call.mutate.seq - 1;
  if (newest > call.dependsOn) call.dependsOn = newest;
}
