import { fail, SYNTAX_ERROR } from "../errors.ts";
import { ownSubcommand } from "./clientSpec.ts";

/** What Redis answers to a connection that is not tracked, and none is. */
const NOT_TRACKED = -1;

export const clientTracking = ownSubcommand({
  name: "tracking",
  arity: -3,
  since: "6.0.0",
  summary: "Enable or disable server assisted client side caching support",
  syntax: "status(ON|OFF) [REDIRECT=client-id<integer>] [PREFIX=prefix**] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
  complexity: "O(1). Some options may introduce additional complexity.",
  evaluate: (call) => {
    if (call.args.is(2, "off")) call.reply.ok();
    else if (!call.args.is(2, "on")) fail(call, SYNTAX_ERROR);
    else fail(call, "ERR this server does not track keys for client side caching");
  },
});

export const clientCaching = ownSubcommand({
  name: "caching",
  arity: 3,
  since: "6.0.0",
  summary: "Instruct the server about tracking or not keys in the next request",
  syntax: "mode(YES|NO)",
  evaluate: (call) =>
    fail(
      call,
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    ),
});

export const clientGetredir = ownSubcommand({
  name: "getredir",
  arity: 2,
  since: "6.0.0",
  summary: "Get tracking notifications redirection client ID if any",
  evaluate: ({ reply }) => reply.integer(NOT_TRACKED),
});

export const clientTrackinginfo = ownSubcommand({
  name: "trackinginfo",
  arity: 2,
  since: "6.2.0",
  summary: "Return information about server assisted client side caching for the current connection",
  evaluate: ({ reply }) => {
    reply.map(3);
    reply.bulk("flags");
    reply.set(1);
    reply.bulk("off");
    reply.bulk("redirect");
    reply.integer(NOT_TRACKED);
    reply.bulk("prefixes");
    reply.array(0);
  },
});
