import { openSession, type Session } from "../../src/core/command/session.ts";

export function newSession(id: number, protocol: 2 | 3): Session {
  return openSession({
    id,
    address: "127.0.0.1:1",
    localAddress: "127.0.0.1:2",
    createdAt: 0,
    protocol,
    authenticated: true,
  });
}
