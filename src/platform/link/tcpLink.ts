import { invariant } from "../../base/invariant.ts";
import {
  LINK_KIND_MAX,
  type Link,
  type LinkDownReason,
  type LinkHandler,
  type LinkIdentity,
} from "../../ports/link.ts";
import type { LinkHello } from "../../ports/linkIdentity.ts";
import type { LinkConnection } from "./linkConnection.ts";

/** A link that has come up, over a connection whose ends have introduced themselves. */
export class TcpLink implements Link {
  readonly peer: LinkIdentity;
  /** Which process of the peer is at the other end. */
  readonly process: number;
  readonly address: string;
  readonly #connection: LinkConnection;
  readonly #frameBytesMax: number;
  readonly #onDown: (link: TcpLink, reason: LinkDownReason) => void;

  constructor(
    connection: LinkConnection,
    hello: LinkHello,
    frameBytesMax: number,
    handler: LinkHandler,
    onDown: (link: TcpLink, reason: LinkDownReason) => void,
  ) {
    this.peer = hello.identity;
    this.process = hello.process;
    this.address = connection.address;
    this.#connection = connection;
    this.#frameBytesMax = frameBytesMax;
    this.#onDown = onDown;
    connection.allowLongFrames();
    connection.owner = {
      onFrame: (kind, bytes) => {
        if (kind <= LINK_KIND_MAX) handler.onFrame(this, kind, bytes);
      },
      onEnd: (reason) => onDown(this, reason),
    };
  }

  get isUp(): boolean {
    return this.#connection.isOpen;
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  send(kind: number, frame: Uint8Array | readonly Uint8Array[]): boolean {
    invariant(kind >= 0 && kind <= LINK_KIND_MAX, "the kind is one of the link's own");
    const parts = frame instanceof Uint8Array ? [frame] : frame;
    let length = 0;
    for (const part of parts) length += part.length;
    invariant(length <= this.#frameBytesMax, "a frame is longer than the limit");
    return this.#connection.send(kind, parts);
  }

  flush(): void {
    this.#connection.flush();
  }

  tick(now: number): void {
    this.#connection.tick(now);
  }

  stoodStill(now: number): void {
    this.#connection.stoodStill(now);
  }

  close(): void {
    if (!this.#connection.isOpen) return;
    this.#connection.end();
    setImmediate(() => this.#onDown(this, "closed"));
  }

  /** Goes down without telling anybody here. */
  abandon(): void {
    this.#connection.end();
  }
}
