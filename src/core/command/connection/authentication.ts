import type { Call } from "../call.ts";
import { fail, quoted, SYNTAX_ERROR } from "../errors.ts";
import { parseInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";

export const auth: CommandSpec = {
  name: "auth",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  group: "connection",
  since: "1.0.0",
  summary: "Authenticate to the server",
  syntax: "[username@6.0.0] password",
  complexity: "O(N) where N is the number of passwords defined for the user",
  categories: ["@connection"],
  history: [["6.0.0", "Added ACL style (username and password)."]],
  evaluate: (call) => {
    const { args, node } = call;
    if (args.length > 3) return fail(call, SYNTAX_ERROR);
    if (args.length === 2 && node.settings.text("requirepass") === "") return fail(call, NO_PASSWORD);
    const user = args.length === 3 ? args.text(1) : "default";
    if (authenticate(call, user, args.text(args.length - 1))) call.reply.ok();
    else fail(call, WRONG_PASSWORD);
  },
};

export const hello: CommandSpec = {
  name: "hello",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  group: "connection",
  since: "6.0.0",
  summary: "Handshake with Redis",
  syntax: "[arguments{protover<integer> [AUTH=username_password{username password}] [SETNAME=clientname]}]",
  complexity: "O(1)",
  categories: ["@connection"],
  history: [
    [
      "6.2.0",
      "`protover` made optional; when called without arguments the command reports the current connection's context.",
    ],
  ],
  evaluate: evaluateHello,
};

/** Whether user and password are right; the session is then the user's. There is one user, `default`. */
function authenticate(call: Call, user: string, password: string): boolean {
  const expected = call.node.settings.text("requirepass");
  if (user !== "default") return false;
  if (expected !== "" && !equalInConstantTime(password, expected)) return false;
  call.session.authenticated = true;
  return true;
}

/** Takes as long for a wrong first char as for a wrong last one, so that time tells nothing of the password. */
function equalInConstantTime(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++)
    difference |= expected.charCodeAt(i) ^ (given.charCodeAt(i % (given.length || 1)) || 0);
  return difference === 0;
}

function evaluateHello(call: Call): void {
  const { args, session } = call;
  let protocol: number = session.protocol;
  let next = 1;
  if (args.length > 1) {
    const wanted = parseInteger(args.text(1));
    if (wanted === undefined) return fail(call, "ERR Protocol version is not an integer or out of range");
    if (wanted < 2n || wanted > 3n) return fail(call, "NOPROTO unsupported protocol version");
    protocol = Number(wanted);
    next = 2;
  }
  // What comes before a wrong option has taken effect, as in Redis.
  while (next < args.length) {
    const left = args.length - next - 1;
    if (args.is(next, "auth") && left >= 2) {
      if (!authenticate(call, args.text(next + 1), args.text(next + 2))) return fail(call, WRONG_PASSWORD);
      next += 3;
    } else if (args.is(next, "setname") && left >= 1) {
      if (!isClientName(args.text(next + 1))) return fail(call, BAD_CLIENT_NAME);
      session.name = args.text(next + 1);
      next += 2;
    } else return fail(call, `ERR Syntax error in HELLO option '${quoted(args.text(next))}'`);
  }
  if (!session.authenticated) {
    return fail(
      call,
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
  }
  session.protocol = protocol === 3 ? 3 : 2;
  greet(call);
}

export const BAD_CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

export function isClientName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}

/** Clients choose their behaviour by server and version: they are told what we are compatible with. */
function greet(call: Call): void {
  const { node, reply, session } = call;
  const cluster = node.cluster();
  reply.protocol = session.protocol;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk("7.0.15");
  reply.bulk("proto");
  reply.integer(session.protocol);
  reply.bulk("id");
  reply.integer(session.id);
  reply.bulk("mode");
  reply.bulk(cluster === undefined ? "standalone" : "cluster");
  reply.bulk("role");
  reply.bulk(cluster === undefined || cluster.self.role === "primary" ? "master" : "replica");
  reply.bulk("modules");
  reply.array(0);
}
