import type { Socket } from "node:net";
import { dials, LINK_VERSION, type LinkHello, type LinkObjection, objectionTo } from "../../ports/linkIdentity.ts";
import { NOT_A_LINK } from "./dialer.ts";
import type { EndpointParts } from "./endpointParts.ts";
import { decodeHello, decodeObjection, encodeHello, encodeObjection } from "./introduction.ts";
import { LinkConnection } from "./linkConnection.ts";
import { HELLO_KIND, REFUSAL_KIND, WELCOME_KIND } from "./linkFrame.ts";

export interface ReceptionParts extends EndpointParts {
  readonly isExpected: (replica: string) => boolean;
  /** Which process a live link to the replica leads to. */
  readonly linkedProcess: (replica: string) => number | undefined;
}

interface Stranger {
  readonly host: string;
  readonly since: number;
  /** Over TLS there are no frames before it has proved itself. */
  connection: LinkConnection | undefined;
  close(): void;
}

/** Those who have called and not yet introduced themselves. They are few, have little time, and send little. */
export class Reception {
  readonly #parts: ReceptionParts;
  /** By the address and port they call from, eldest first. */
  readonly #strangers = new Map<string, Stranger>();

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** Somebody called. */
  arrived(socket: Socket): void {
    const host = socket.remoteAddress ?? "somewhere";
    const key = keyOf(socket);
    if (this.#strangers.size >= this.#parts.options.strangersMax) {
      // The eldest goes: peers introduce themselves at once, so those who fill the room are not peers.
      const [eldest] = this.#strangers.keys();
      const message = `more than ${this.#parts.options.strangersMax} have not introduced themselves`;
      this.#drop(eldest!, { code: "too_many", message });
    }
    const stranger = { host, since: performance.now(), connection: undefined, close: () => socket.destroy() };
    this.#strangers.set(key, stranger);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.#strangers.get(key) === stranger && stranger.connection === undefined) this.#strangers.delete(key);
    });
  }

  /** The same, or its encrypted form, is ready for frames. */
  ready(socket: Socket): void {
    const key = keyOf(socket);
    const stranger = this.#strangers.get(key);
    if (stranger === undefined) {
      socket.destroy();
      return;
    }
    const { options, statistics } = this.#parts;
    let hello: LinkHello | undefined;
    const connection: LinkConnection = new LinkConnection(socket, options, statistics, stranger.host, {
      onFrame: (kind, bytes) => {
        if (kind === REFUSAL_KIND) {
          this.#gone(key, decodeObjection(bytes) ?? NOT_A_LINK, "peer");
          connection.destroy();
        } else if (hello === undefined) hello = this.#hear(key, stranger, connection, kind, bytes);
        else this.#welcomed(key, connection, kind, hello);
      },
      onEnd: (reason, message) => this.#gone(key, reason === "damaged" ? { code: "not_a_link", message } : undefined),
    });
    stranger.connection = connection;
    stranger.close = () => connection.destroy();
  }

  /** TLS failed. */
  distrusted(socket: Socket, error: Error): void {
    this.#strangers.delete(keyOf(socket));
    this.#parts.refusals.add("us", socket.remoteAddress ?? "somewhere", {
      code: "not_trusted",
      message: error.message,
    });
  }

  /** Drops those who take too long. */
  tick(now: number): void {
    const { introductionMillisMax } = this.#parts.options;
    for (const [key, { since }] of this.#strangers) {
      if (now - since < introductionMillisMax) return;
      this.#drop(key, { code: "timeout", message: `did not introduce itself in ${introductionMillisMax} ms` });
    }
  }

  close(): void {
    for (const { close } of this.#strangers.values()) close();
    this.#strangers.clear();
  }

  #hear(
    key: string,
    stranger: Stranger,
    connection: LinkConnection,
    kind: number,
    bytes: Uint8Array,
  ): LinkHello | undefined {
    const hello = kind === HELLO_KIND ? decodeHello(bytes) : undefined;
    const objection = hello === undefined ? NOT_A_LINK : this.#objectionTo(hello);
    if (objection !== undefined) {
      this.#refuse(key, stranger, connection, objection);
      return undefined;
    }
    const { self, process } = this.#parts;
    const answer = { version: LINK_VERSION, identity: self, process, to: hello!.identity.replica };
    connection.send(HELLO_KIND, [encodeHello(answer)]);
    connection.flush();
    return hello;
  }

  #welcomed(key: string, connection: LinkConnection, kind: number, hello: LinkHello): void {
    const stranger = this.#strangers.get(key);
    if (stranger === undefined) return;
    // Things may have changed while the answer was on its way.
    const objection = kind === WELCOME_KIND ? this.#objectionTo(hello) : NOT_A_LINK;
    if (objection !== undefined) {
      this.#refuse(key, stranger, connection, objection);
      return;
    }
    this.#strangers.delete(key);
    this.#parts.linkUp(connection, hello);
  }

  #objectionTo(hello: LinkHello): LinkObjection | undefined {
    const { self, isExpected, linkedProcess } = this.#parts;
    const objection = objectionTo(hello, self);
    if (objection !== undefined) return objection;
    const { replica } = hello.identity;
    if (!dials(replica, self.replica))
      return { code: "wrong_direction", message: `${replica} should wait until ${self.replica} calls` };
    if (!isExpected(replica)) return { code: "unexpected", message: `${self.replica} does not expect ${replica}` };
    const linked = linkedProcess(replica);
    if (linked !== undefined && linked !== hello.process)
      return { code: "duplicate", message: `another process is ${replica} and has a link with ${self.replica}` };
    return undefined;
  }

  #refuse(key: string, stranger: Stranger, connection: LinkConnection, objection: LinkObjection): void {
    connection.send(REFUSAL_KIND, [encodeObjection(objection)]);
    connection.end();
    this.#strangers.delete(key);
    this.#parts.refusals.add("us", stranger.host, objection);
  }

  #drop(key: string, objection: LinkObjection): void {
    const stranger = this.#strangers.get(key);
    this.#gone(key, objection);
    stranger?.close();
  }

  #gone(key: string, objection: LinkObjection | undefined, by: "us" | "peer" = "us"): void {
    const stranger = this.#strangers.get(key);
    if (stranger === undefined) return;
    this.#strangers.delete(key);
    if (objection !== undefined) this.#parts.refusals.add(by, stranger.host, objection);
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
