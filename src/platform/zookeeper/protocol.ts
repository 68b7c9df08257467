import { MalformedBytes } from "../../base/byteReader.ts";
import type { CoordinatorError, SessionId } from "../../ports/coordinator.ts";
import { type JuteReader, JuteWriter } from "./jute.ts";

/** ZooKeeper's request types (ZooDefs.OpCode). */
export const OP = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  check: 13,
  multi: 14,
  auth: 100,
  setWatches: 101,
  closeSession: -11,
  error: -1,
} as const;

/** Numbers of what is not a reply to a request of its own number. */
export const XID = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

const CREATE_FLAGS = { ephemeral: 1, sequential: 2 } as const;
const PERMISSIONS_ALL = 31;
const PASSWORD_BYTES = 16;
const STAT_TAIL_BYTES = 4 + 4 + 8;
/** What container znodes have in the place of an owner. */
const CONTAINER = -(2n ** 63n);

export interface SessionTicket {
  readonly id: bigint;
  readonly password: Buffer;
}

export interface ConnectResponse extends SessionTicket {
  /** Not above 0: there is no such session. */
  readonly timeoutMillis: number;
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: bigint;
  readonly error: number;
}

/** What of a znode's Stat is of use. */
export interface Stat {
  readonly version: number;
  readonly owner: SessionId | undefined;
}

/** Who may do what with the znodes that are made: everybody, or only who has authenticated as their maker has. */
export type Access = "world" | "creator";

export function connectRequest(ticket: SessionTicket | undefined, lastZxid: bigint, timeoutMillis: number): Buffer {
  return new JuteWriter()
    .int(0)
    .long(lastZxid)
    .int(timeoutMillis)
    .long(ticket?.id ?? 0n)
    .buffer(ticket?.password ?? Buffer.alloc(PASSWORD_BYTES))
    .bool(false)
    .frame();
}

export function readConnectResponse(reader: JuteReader): ConnectResponse {
  if (reader.int() !== 0) throw new MalformedBytes("another version of the protocol");
  return { timeoutMillis: reader.int(), id: reader.long(), password: Buffer.from(reader.buffer()) };
}

/** Begins a request; its body follows. */
export function header(xid: number, type: number): JuteWriter {
  return new JuteWriter().int(xid).int(type);
}

export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() };
}

export function writeCreate(
  writer: JuteWriter,
  path: string,
  data: string,
  how: { readonly kind: "durable" | "session"; readonly sequential?: boolean },
  access: Access,
): void {
  const flags =
    (how.kind === "session" ? CREATE_FLAGS.ephemeral : 0) + (how.sequential === true ? CREATE_FLAGS.sequential : 0);
  writer.text(path).text(data).int(1).int(PERMISSIONS_ALL);
  if (access === "creator") writer.text("auth").text("");
  else writer.text("world").text("anyone");
  writer.int(flags);
}

export function readStat(reader: JuteReader): Stat {
  reader.skip(8 * 4);
  const version = reader.int();
  reader.skip(4 + 4);
  const owner = reader.long();
  reader.skip(STAT_TAIL_BYTES);
  return { version, owner: owner === 0n || owner === CONTAINER ? undefined : sessionName(owner) };
}

/** The session's name, as `readStat` tells the owner. */
export function sessionName(id: bigint): SessionId {
  return BigInt.asUintN(64, id).toString(16);
}

/** ZooKeeper's codes (KeeperException.Code) that say for certain that nothing was changed. */
const REFUSALS: ReadonlyMap<number, CoordinatorError> = new Map<number, CoordinatorError>([
  [-101, { code: "no_node" }],
  [-102, { code: "no_auth" }],
  [-103, { code: "bad_version" }],
  [-108, { code: "no_children_for_ephemerals" }],
  [-110, { code: "exists" }],
  [-111, { code: "not_empty" }],
  [-112, { code: "session_lost" }],
  [-8, { code: "invalid", message: "ZooKeeper says: bad arguments" }],
  [
    -114,
    { code: "invalid", message: "ZooKeeper says: invalid access list; with an access list one has to authenticate" },
  ],
  [-6, { code: "unavailable", message: "ZooKeeper says: not implemented" }],
  [-118, { code: "unavailable", message: "ZooKeeper says: the session has moved to another server" }],
  [-119, { code: "unavailable", message: "ZooKeeper says: this server only reads" }],
  [-125, { code: "unavailable", message: "ZooKeeper says: quota exceeded" }],
  [-127, { code: "unavailable", message: "ZooKeeper says: throttled" }],
]);

export const SESSION_EXPIRED = -112;
export const SESSION_MOVED = -118;

/** A code of ZooKeeper as an error of the port. Of a change that failed with an unknown code nobody knows whether it happened. */
export function errorOf(code: number, isChange: boolean): CoordinatorError {
  return (
    REFUSALS.get(code) ?? {
      code: isChange ? "unknown" : "unavailable",
      message: `ZooKeeper answered with error ${code}`,
    }
  );
}
