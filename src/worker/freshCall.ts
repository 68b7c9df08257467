import type { Random } from "../base/random.ts";
import type { Args } from "../core/command/args.ts";
import type { DispatchedCall } from "../core/command/dispatch.ts";
import type { NodeServices } from "../core/command/nodeServices.ts";
import type { Reply } from "../core/command/reply.ts";
import type { Session } from "../core/command/session.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import type { Mutator } from "../core/state/mutator.ts";

/** The one call of an executor, which is filled anew for every request. */
export function freshCall(
  parts: { readonly state: KeySpace; readonly random: Random },
  mutate: Mutator,
  reply: Reply,
  node: NodeServices,
): DispatchedCall {
  return {
    args: undefined as unknown as Args,
    reply,
    now: 0,
    expiryNow: 0,
    state: parts.state,
    mutate,
    session: undefined as unknown as Session,
    node,
    random: parts.random,
    inTransaction: false,
    wakingKey: undefined,
    spec: undefined,
    writesRefused: undefined,
    access: undefined,
    heldSince: undefined,
    awaits: 0,
    blockRequest: undefined,
    dependsOn: 0,
  };
}
