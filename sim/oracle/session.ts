import type { Session } from "../../src/core/command/session.ts";

export function newSession(id: number, protocol: 2 | 3): Session {
  return {
    id,
    address: "127.0.0.1:1",
    localAddress: "127.0.0.1:2",
    createdAt: 0,
    lastUsedAt: 0,
    name: "",
    libraryName: "",
    libraryVersion: "",
    protocol,
    authenticated: true,
    transaction: undefined,
    watched: new Set(),
    watchBroken: false,
    replyMode: "on",
    noEvict: false,
    noTouch: false,
    readOnly: false,
    consistency: undefined,
    denyBlocking: false,
    blocked: false,
    closing: false,
    lastCommand: undefined,
    queryBytes: 0,
    queryFreeBytes: 0,
    outputBytes: 0,
    commandsProcessed: 0,
  };
}
