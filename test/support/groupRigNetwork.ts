import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { LinkAddress } from "../../src/ports/link.ts";

/** Who is at one end of a connection: `w1` to `w3`, `zk1` to `zk3`, `client`. */
type Party = string;

/**
 * The network of a rig: every connection goes through a proxy that knows who called whom, so that what one party sends to another
 * can be held back, in one direction or both. Nothing is lost while a way is cut, and nothing arrives: as with TCP when packets
 * are dropped, what was sent arrives when the way is free again, unless somebody has given the connection up meanwhile.
 */
export class RigNetwork {
  readonly #cuts = new Set<string>();
  readonly #doors = new Set<Door>();

  /** Nothing that `from` sends reaches `to` any more. */
  cutOneWay(from: Party, to: Party): void {
    this.#cuts.add(wayOf(from, to));
  }

  cut(one: Party, other: Party): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** Every way is free again. */
  heal(): void {
    this.#cuts.clear();
    for (const door of this.#doors) door.pump();
  }

  isCut(from: Party, to: Party): boolean {
    return this.#cuts.has(wayOf(from, to));
  }

  /** Listens at `at` in place of `to`. `callerOf` tells who has called, by the caller's port. */
  async open(at: LinkAddress, target: LinkAddress, to: Party, callerOf: (port: number) => Party): Promise<LinkAddress> {
    const door = new Door(target, (port) => {
      const from = callerOf(port);
      return { isCutTo: () => this.isCut(from, to), isCutFrom: () => this.isCut(to, from) };
    });
    this.#doors.add(door);
    return door.listen(at);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#doors].map((door) => door.close()));
  }
}

function wayOf(from: Party, to: Party): string {
  return `${from}>${to}`;
}

type Ways = { readonly isCutTo: () => boolean; readonly isCutFrom: () => boolean };

/** One direction of a connection. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #isCut: () => boolean;
  #waiting: (Uint8Array | "end")[] = [];

  constructor(from: Socket, to: Socket, isCut: () => boolean) {
    this.#from = from;
    this.#to = to;
    this.#isCut = isCut;
    from.on("data", (chunk: Uint8Array) => this.#take(chunk));
    from.on("error", () => undefined);
    from.on("close", () => this.#take("end"));
    to.on("drain", () => {
      if (!this.#isCut()) from.resume();
    });
  }

  pump(): void {
    if (this.#isCut()) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const item of waiting) this.#pass(item);
    this.#from.resume();
  }

  #take(item: Uint8Array | "end"): void {
    if (!this.#isCut() && this.#waiting.length === 0) return this.#pass(item);
    this.#waiting.push(item);
    // What a socket's buffers hold is enough to be lost from sight.
    this.#from.pause();
  }

  #pass(item: Uint8Array | "end"): void {
    if (item === "end") this.#to.destroySoon();
    else if (!this.#to.destroyed && !this.#to.write(item)) this.#from.pause();
  }
}

/** Listens in place of somebody. A call that comes while the way is cut waits for it to be free. */
class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pumps = new Set<() => void>();

  constructor(target: LinkAddress, waysOf: (port: number) => Ways) {
    this.#server = createServer((near) => {
      near.setNoDelay(true);
      near.on("error", () => undefined);
      near.pause();
      this.#keep(near);
      const ways = waysOf(near.remotePort ?? 0);
      let pump = (): void => {
        if (ways.isCutTo() || ways.isCutFrom() || near.destroyed) return;
        pump = this.#join(near, connect(target), ways);
      };
      const run = (): void => pump();
      this.#pumps.add(run);
      near.on("close", () => {
        // What it said last may still have to go.
        if (!ways.isCutTo()) this.#pumps.delete(run);
      });
      pump();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #join(near: Socket, far: Socket, { isCutTo, isCutFrom }: Ways): () => void {
    far.setNoDelay(true);
    this.#keep(far);
    const forward = new Direction(near, far, isCutTo);
    const backward = new Direction(far, near, isCutFrom);
    near.resume();
    return () => {
      forward.pump();
      backward.pump();
    };
  }

  listen(at: LinkAddress): Promise<LinkAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(at.port, at.host, () => {
        const bound = this.#server.address();
        resolve({ host: at.host, port: typeof bound === "object" && bound !== null ? bound.port : at.port });
      });
    });
  }

  /** Lets what waits go where nothing is cut any more. */
  pump(): void {
    for (const pump of [...this.#pumps]) pump();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Whether the process has the socket of this number open. */
export function ownsSocket(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

/** The kernel's number of the IPv4 socket that is connected from `port`. */
export function inodeOf(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(`:${hex}`) && fields[2]?.endsWith(":0000") === false) return fields[9];
  }
  return undefined;
}
