import type { Socket } from "node:net";
import { below } from "../../base/random.ts";
import type { LinkAddress, LinkRefusalCode } from "../../ports/link.ts";
import { LINK_VERSION, type LinkObjection, objectionTo } from "../../ports/linkIdentity.ts";
import type { EndpointParts } from "./endpointParts.ts";
import { decodeHello, decodeObjection, encodeHello, encodeObjection } from "./introduction.ts";
import { LinkConnection } from "./linkConnection.ts";
import { HELLO_KIND, REFUSAL_KIND, WELCOME_KIND } from "./linkFrame.ts";
import { callAddress, isDistrust } from "./linkTls.ts";

/** A link that held for so long was not a mistake: the next attempt comes soon again. */
const STABLE_MILLIS = 1000;
/** Somebody who does not expect us yet will within moments: a group is just being put together. */
const UNEXPECTED_BACKOFF_MILLIS_MAX = 100;

/** Calls one peer until there is a link, and again when it has gone. */
export class Dialer {
  address: LinkAddress;
  readonly #replica: string;
  readonly #parts: EndpointParts;
  #backoffMillis: number;
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #upAt: number | undefined;
  #isStopped = false;

  constructor(replica: string, address: LinkAddress, parts: EndpointParts) {
    this.#replica = replica;
    this.address = address;
    this.#parts = parts;
    this.#backoffMillis = parts.options.backoffMillisMin;
    this.#timer = setTimeout(() => this.#call(), 0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  /** The peer is elsewhere now; if it was not reached so far, it is called there at once. */
  move(address: LinkAddress): void {
    if (address.host === this.address.host && address.port === this.address.port) return;
    this.address = address;
    this.#backoffMillis = this.#parts.options.backoffMillisMin;
    if (this.#upAt !== undefined || this.#socket !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#call(), 0);
  }

  /** The link has gone. */
  linkDown(): void {
    const wasStable = this.#upAt !== undefined && performance.now() - this.#upAt >= STABLE_MILLIS;
    if (wasStable) this.#backoffMillis = this.#parts.options.backoffMillisMin;
    this.#upAt = undefined;
    this.#callLater();
  }

  #callLater(millisMax = this.#parts.options.backoffMillisMax): void {
    if (this.#isStopped) return;
    const { options } = this.#parts;
    const backoff = Math.min(this.#backoffMillis, millisMax);
    this.#backoffMillis = Math.min(this.#backoffMillis * 2, options.backoffMillisMax);
    const half = Math.ceil(backoff / 2);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#call(), half + below(options.random, half + 1));
  }

  #call(): void {
    if (!isPort(this.address.port)) {
      this.#parts.statistics.failedAttempts++;
      this.#callLater();
      return;
    }
    const { options, statistics, refusals } = this.#parts;
    const text = addressText(this.address);
    let isOver = false;
    const over = (objection?: LinkObjection, by: "us" | "peer" = "us"): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(this.#timer);
      this.#socket = undefined;
      if (this.#isStopped) return;
      statistics.failedAttempts++;
      if (objection !== undefined) refusals.add(by, text, objection);
      this.#callLater(objection?.code === "unexpected" ? UNEXPECTED_BACKOFF_MILLIS_MAX : options.backoffMillisMax);
    };
    const socket = callAddress(this.address, options.tls, () => {
      this.#introduce(socket, text, over, () => {
        isOver = true;
      });
    });
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      const wasReady = !socket.connecting;
      socket.destroy();
      over(wasReady ? { code: "timeout", message: "did not introduce itself in time" } : undefined);
    }, options.attemptMillisMax);
    socket.on("error", (error) =>
      over(isDistrust(error) ? { code: "not_trusted", message: error.message } : undefined),
    );
    socket.on("close", () => over());
  }

  #introduce(
    socket: Socket,
    address: string,
    fail: (objection?: LinkObjection, by?: "us" | "peer") => void,
    succeed: () => void,
  ): void {
    if (this.#isStopped || socket.destroyed) return;
    const { self, process, options, statistics, linkUp } = this.#parts;
    const connection: LinkConnection = new LinkConnection(socket, options, statistics, address, {
      onFrame: (kind, bytes) => {
        if (kind === REFUSAL_KIND) {
          fail(decodeObjection(bytes) ?? NOT_A_LINK, "peer");
          connection.destroy();
          return;
        }
        const hello = kind === HELLO_KIND ? decodeHello(bytes) : undefined;
        const objection =
          hello === undefined ? NOT_A_LINK : (objectionTo(hello, self) ?? this.#objectionTo(hello.identity.replica));
        if (objection !== undefined) {
          connection.send(REFUSAL_KIND, [encodeObjection(objection)]);
          connection.end();
          fail(objection);
          return;
        }
        succeed();
        clearTimeout(this.#timer);
        this.#socket = undefined;
        this.#upAt = performance.now();
        connection.send(WELCOME_KIND, []);
        linkUp(connection, hello!);
      },
      onEnd: (reason, message) => fail(reason === "damaged" ? { code: "not_a_link", message } : undefined),
    });
    const hello = { version: LINK_VERSION, identity: self, process, to: this.#replica };
    connection.send(HELLO_KIND, [encodeHello(hello)]);
    connection.flush();
  }

  #objectionTo(replica: string): LinkObjection | undefined {
    if (replica === this.#replica) return undefined;
    return { code: "wrong_replica", message: `is ${replica}, not ${this.#replica}, which was called` };
  }
}

export const NOT_A_LINK: { readonly code: LinkRefusalCode; readonly message: string } = {
  code: "not_a_link",
  message: "does not introduce itself as a replica does",
};

export function addressText({ host, port }: LinkAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What comes out of the coordinator may be nonsense. */
function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 0x1_0000;
}
