import type { Call } from "../call.ts";
import type { CommandSpec } from "../spec.ts";
import { inGroup } from "./clusterSpec.ts";

const FACTS = {
  arity: 1,
  group: "cluster",
  since: "3.0.0",
  complexity: "O(1)",
  categories: ["@connection"],
} as const;

/** From now on a secondary answers the connection's reads itself; how new they have to be, `CLIENT CONSISTENCY` says. */
export const readonlyCommand: CommandSpec = {
  ...FACTS,
  name: "readonly",
  flags: ["loading", "stale", "fast"],
  summary: "Enables read queries for a connection to a cluster replica node",
  evaluate: inGroup((call) => setReadOnly(call, true)),
};

export const readwriteCommand: CommandSpec = {
  ...FACTS,
  name: "readwrite",
  flags: ["loading", "stale", "fast"],
  summary: "Disables read queries for a connection to a cluster replica node",
  evaluate: inGroup((call) => setReadOnly(call, false)),
};

/** Slots move as a whole, and nobody is sent to where a part of one is: there is nothing to ask for. */
export const asking: CommandSpec = {
  ...FACTS,
  name: "asking",
  flags: ["fast"],
  summary: "Sent by cluster clients after an -ASK redirect",
  evaluate: inGroup(({ reply }) => reply.ok()),
};

function setReadOnly({ session, reply }: Call, isReadOnly: boolean): void {
  session.readOnly = isReadOnly;
  reply.ok();
}
