import type { Call } from "../call.ts";
import { fail, quoted, SYNTAX_ERROR } from "../errors.ts";
import { parseInteger } from "../numbers.ts";
import type { Session } from "../session.ts";
import { adminSubcommand, ownSubcommand } from "./clientSpec.ts";

/** Types that `CLIENT LIST` and `CLIENT KILL` know; every connection here is a normal one. */
const CLIENT_TYPES: ReadonlySet<string> = new Set(["normal", "slave", "replica", "pubsub", "master"]);
/** What Redis's fixed reply buffer would take. */
const REPLY_BUFFER_BYTES = 1024;

export const clientList = adminSubcommand({
  name: "list",
  arity: -2,
  since: "2.4.0",
  summary: "Get the list of client connections",
  syntax: "[TYPE=normal_master_replica_pubsub(NORMAL|MASTER|REPLICA|PUBSUB)@5.0.0] [ID=id{client-id<integer>*}@6.2.0]",
  complexity: "O(N) where N is the number of client connections",
  hints: ["nondeterministic_output"],
  history: [
    ["2.8.12", "Added unique client `id` field."],
    ["5.0.0", "Added optional `TYPE` filter."],
    ["6.0.0", "Added `user` field."],
    ["6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."],
    ["7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."],
    ["7.0.3", "Added `ssub` field."],
  ],
  evaluate: evaluateList,
});

export const clientInfo = ownSubcommand({
  name: "info",
  arity: 2,
  since: "6.2.0",
  summary: "Returns information about the current client connection.",
  hints: ["nondeterministic_output"],
  evaluate: (call) => call.reply.verbatim(`${sessionLine(call, call.session)}\n`),
});

function evaluateList(call: Call): void {
  const { args, node } = call;
  if (args.length === 2) return writeLines(call, node.sessions());
  if (args.length === 4 && args.is(2, "type")) {
    const type = parseClientType(args.text(3));
    if (type === undefined) return fail(call, unknownClientType(args.text(3)));
    return writeLines(call, type === "normal" ? node.sessions() : []);
  }
  if (args.length > 3 && args.is(2, "id")) return listById(call);
  fail(call, SYNTAX_ERROR);
}

function listById(call: Call): void {
  const byId = new Map([...call.node.sessions()].map((session) => [session.id, session]));
  const found: Session[] = [];
  for (const text of call.args.texts(3)) {
    const id = parseInteger(text);
    if (id === undefined) return fail(call, "ERR Invalid client ID");
    const session = byId.get(Number(id));
    if (session !== undefined) found.push(session);
  }
  writeLines(call, found);
}

function writeLines(call: Call, sessions: Iterable<Session>): void {
  let text = "";
  for (const session of sessions) text += `${sessionLine(call, session)}\n`;
  call.reply.verbatim(text);
}

/** `normal`, `pubsub`, `master`, `replica` (or the old word for it); undefined for anything else. */
export function parseClientType(text: string): string | undefined {
  const type = text.toLowerCase();
  return CLIENT_TYPES.has(type) ? type : undefined;
}

export function unknownClientType(text: string): string {
  return `ERR Unknown client type '${quoted(text)}'`;
}

/** One line of `CLIENT LIST` with the fields and the order of Redis 7.0. There is no file descriptor to tell of. */
function sessionLine(call: Call, session: Session): string {
  const { transaction } = session;
  const queuedBytes = transaction?.queuedBytes ?? 0;
  const argumentBytes = session === call.session ? call.args.payloadBytes : 0;
  const buffers = session.queryBytes + session.queryFreeBytes + session.outputBytes;
  const fields: readonly (readonly [string, string | number])[] = [
    ["id", session.id],
    ["addr", session.address],
    ["laddr", session.localAddress],
    ["fd", -1],
    ["name", session.name],
    ["age", seconds(call.now - session.createdAt)],
    ["idle", seconds(call.now - session.lastUsedAt)],
    ["flags", flagsOf(session)],
    ["db", 0],
    ["sub", 0],
    ["psub", 0],
    ["ssub", 0],
    ["multi", transaction === undefined ? -1 : transaction.queue.length],
    ["qbuf", session.queryBytes],
    ["qbuf-free", session.queryFreeBytes],
    ["argv-mem", argumentBytes],
    ["multi-mem", queuedBytes],
    ["rbs", REPLY_BUFFER_BYTES],
    ["rbp", 0],
    ["obl", 0],
    ["oll", session.outputBytes > 0 ? 1 : 0],
    ["omem", session.outputBytes],
    ["tot-mem", buffers + argumentBytes + queuedBytes + REPLY_BUFFER_BYTES],
    ["events", session.outputBytes > 0 ? "rw" : "r"],
    ["cmd", session.lastCommand === undefined ? "NULL" : call.node.commands.fullName(session.lastCommand)],
    ["user", "default"],
    ["redir", -1],
    ["resp", session.protocol],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

function seconds(millis: number): number {
  return Math.max(0, Math.floor(millis / 1000));
}

function flagsOf(session: Session): string {
  let flags = "";
  if (session.transaction !== undefined) flags += "x";
  if (session.blocked) flags += "b";
  if (session.watchBroken) flags += "d";
  if (session.closing) flags += "c";
  if (session.readOnly) flags += "r";
  if (session.noEvict) flags += "e";
  return flags === "" ? "N" : flags;
}
