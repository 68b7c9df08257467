import type { Call } from "../call.ts";
import { fail, quoted, SYNTAX_ERROR } from "../errors.ts";
import { parseInteger } from "../numbers.ts";
import type { Session } from "../session.ts";
import { parseClientType, unknownClientType } from "./clientList.ts";
import { adminSubcommand } from "./clientSpec.ts";

/** Which connections go. */
interface KillFilter {
  id: number | undefined;
  type: string | undefined;
  address: string | undefined;
  localAddress: string | undefined;
  skipsSelf: boolean;
}

export const clientKill = adminSubcommand({
  name: "kill",
  arity: -3,
  since: "2.4.0",
  summary: "Kill the connection of a client",
  syntax:
    "filter(ip:port!2.8.12|new-format([ID=client-id<integer>@2.8.12]|[TYPE=normal_master_slave_pubsub(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|[USER=username]|[ADDR=ip:port]|[LADDR=ip:port@6.2.0]|[SKIPME=yes/no])*)",
  complexity: "O(N) where N is the number of client connections",
  history: [
    ["2.8.12", "Added new filter format."],
    ["2.8.12", "`ID` option."],
    ["3.2.0", "Added `master` type in for `TYPE` option."],
    ["5.0.0", "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."],
    ["6.2.0", "`LADDR` option."],
  ],
  evaluate: evaluateKill,
});

function evaluateKill(call: Call): void {
  const { args, reply } = call;
  // The old form names an address and may end the caller's own connection.
  const isOldForm = args.length === 3;
  const filter = isOldForm ? { ...anybody(), address: args.text(2), skipsSelf: false } : parseFilter(call);
  if (filter === undefined) return;
  const killed = killMatching(call, filter);
  if (!isOldForm) reply.integer(killed);
  else if (killed === 0) fail(call, "ERR No such client");
  else reply.ok();
}

function anybody(): KillFilter {
  return { id: undefined, type: undefined, address: undefined, localAddress: undefined, skipsSelf: true };
}

/** The filter that the options give; undefined after an error reply. */
function parseFilter(call: Call): KillFilter | undefined {
  const { args } = call;
  const filter = anybody();
  for (let i = 2; i < args.length; i += 2) {
    const error = i + 1 < args.length ? readOption(call, filter, i) : SYNTAX_ERROR;
    if (error === undefined) continue;
    fail(call, error);
    return undefined;
  }
  return filter;
}

/** Takes the option at `i` and its value over; answers the error text if it makes no sense. */
function readOption(call: Call, filter: KillFilter, i: number): string | undefined {
  const { args } = call;
  const value = args.text(i + 1);
  if (args.is(i, "id")) {
    const id = parseInteger(value);
    if (id === undefined || id < 1n) return "ERR client-id should be greater than 0";
    filter.id = Number(id);
  } else if (args.is(i, "type")) {
    filter.type = parseClientType(value);
    if (filter.type === undefined) return unknownClientType(value);
  } else if (args.is(i, "addr")) filter.address = value;
  else if (args.is(i, "laddr")) filter.localAddress = value;
  else if (args.is(i, "user")) {
    if (value !== "default") return `ERR No such user '${quoted(value)}'`;
  } else if (args.is(i, "skipme")) {
    if (!args.is(i + 1, "yes") && !args.is(i + 1, "no")) return SYNTAX_ERROR;
    filter.skipsSelf = args.is(i + 1, "yes");
  } else return SYNTAX_ERROR;
  return undefined;
}

function killMatching(call: Call, filter: KillFilter): number {
  let killed = 0;
  for (const session of [...call.node.sessions()]) {
    if (!matches(call, filter, session)) continue;
    killed++;
    if (session === call.session) session.closing = true;
    else call.node.kill(session);
  }
  return killed;
}

function matches(call: Call, filter: KillFilter, session: Session): boolean {
  if (filter.skipsSelf && session === call.session) return false;
  if (filter.type !== undefined && filter.type !== "normal") return false;
  return (
    (filter.id ?? session.id) === session.id &&
    (filter.address ?? session.address) === session.address &&
    (filter.localAddress ?? session.localAddress) === session.localAddress
  );
}
