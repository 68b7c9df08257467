import { invariant } from "../../base/invariant.ts";
import { VALUE_SESSION } from "../state/keySpace.ts";
import type { Ref } from "../state/slab.ts";
import { VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET } from "../state/values/collection.ts";
import { HashValue } from "../state/values/hashValue.ts";
import { ListValue } from "../state/values/listValue.ts";
import { SetValue } from "../state/values/setValue.ts";
import { ZSetValue } from "../state/values/zsetValue.ts";
import type { Call } from "./call.ts";
import { fail, WRONG_TYPE } from "./errors.ts";

/**
 * Where `key` is, or 0 when there is none. A key whose time is over is deleted here, by a mutation like any other, so that
 * every replica sees it go at the same place of the log. Rows of sessions are not there for commands.
 */
export function lookup(call: Call, key: string): Ref {
  return settle(call, call.state.find(key), key);
}

/** `lookup` for a key that is still bytes of the request. */
export function lookupArg(call: Call, i: number): Ref {
  const { args } = call;
  const ref = call.state.findBytes(args.bytes, args.starts[i]!, args.ends[i]!);
  return settle(call, ref, undefined, i);
}

function settle(call: Call, ref: Ref, key: string | undefined, i = 0): Ref {
  const { state } = call;
  const version = state.pendingVersion;
  if (version > call.dependsOn) call.dependsOn = version;
  if (ref === 0 || state.type(ref) === VALUE_SESSION) {
    state.statistics.misses++;
    return 0;
  }
  if (state.expires(ref) && state.expireAt(ref) <= call.expiryNow) {
    state.statistics.misses++;
    if (call.writesRefused !== undefined) return 0;
    call.mutate.delete(key ?? call.args.text(i));
    state.statistics.expired++;
    call.dependsOn = call.mutate.seq;
    return 0;
  }
  state.statistics.hits++;
  if (!call.session.noTouch) state.touch(ref);
  return ref;
}

/** The hash; undefined if absent; null after a `WRONGTYPE`. Change it by mutations only. */
export function readHash(call: Call, key: string): HashValue | undefined | null {
  const ref = lookup(call, key);
  if (ref === 0) return undefined;
  if (call.state.type(ref) !== VALUE_HASH) return wrongType(call);
  const value = call.state.collection(ref);
  invariant(value instanceof HashValue, "a hash's record holds a hash");
  return value;
}

/** The list; undefined if absent; null after a `WRONGTYPE`. Change it by mutations only. */
export function readList(call: Call, key: string): ListValue | undefined | null {
  const ref = lookup(call, key);
  if (ref === 0) return undefined;
  if (call.state.type(ref) !== VALUE_LIST) return wrongType(call);
  const value = call.state.collection(ref);
  invariant(value instanceof ListValue, "a list's record holds a list");
  return value;
}

/** The set; undefined if absent; null after a `WRONGTYPE`. Change it by mutations only. */
export function readSet(call: Call, key: string): SetValue | undefined | null {
  const ref = lookup(call, key);
  if (ref === 0) return undefined;
  if (call.state.type(ref) !== VALUE_SET) return wrongType(call);
  const value = call.state.collection(ref);
  invariant(value instanceof SetValue, "a set's record holds a set");
  return value;
}

/** The sorted set; undefined if absent; null after a `WRONGTYPE`. Change it by mutations only. */
export function readZSet(call: Call, key: string): ZSetValue | undefined | null {
  const ref = lookup(call, key);
  if (ref === 0) return undefined;
  if (call.state.type(ref) !== VALUE_ZSET) return wrongType(call);
  const value = call.state.collection(ref);
  invariant(value instanceof ZSetValue, "a sorted set's record holds a sorted set");
  return value;
}

function wrongType(call: Call): null {
  fail(call, WRONG_TYPE);
  return null;
}
