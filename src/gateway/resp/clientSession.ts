import type { Socket } from "node:net";
import { openSession, type Session } from "../../core/command/session.ts";

/** What is remembered of a connection that has just been accepted, at `now` (wall milliseconds). */
export function newSession(id: number, socket: Socket, now: number, authenticated: boolean): Session {
  return openSession({
    id,
    address: addressText(socket.remoteAddress, socket.remotePort),
    localAddress: addressText(socket.localAddress, socket.localPort),
    createdAt: now,
    protocol: 2,
    authenticated,
  });
}

/** Whether a peer's address is one of this machine's own. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain.startsWith("127.") || plain === "::1" || plain === "";
}

function addressText(host: string | undefined, port: number | undefined): string {
  const plain = plainAddress(host ?? "?");
  return plain.includes(":") ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`;
}

/** A socket that listens on IPv6 tells IPv4 addresses in a longer form. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, "");
}
