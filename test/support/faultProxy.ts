import { connect, createServer, type Server, type Socket } from "node:net";
import type { LinkAddress } from "../../src/ports/link.ts";

type Item = Uint8Array | "end";

/** One direction through the proxy: what comes while it is cut waits, as TCP lets it wait. */
class Direction {
  readonly #to: Socket;
  readonly #isCut: () => boolean;
  #items: Item[] = [];

  constructor(from: Socket, to: Socket, isCut: () => boolean) {
    this.#to = to;
    this.#isCut = isCut;
    from.on("data", (chunk: Uint8Array) => this.#push(chunk));
    from.on("error", () => undefined);
    from.on("close", () => this.#push("end"));
  }

  pump(): void {
    if (this.#isCut()) return;
    for (const item of this.#items) {
      if (item === "end") this.#to.destroySoon();
      else this.#to.write(item);
    }
    this.#items = [];
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.pump();
  }
}

/** Stands between one who calls and one who is called; each direction can be cut and healed. */
export class FaultProxy {
  cutTo = false;
  cutFrom = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #directions = new Set<Direction>();

  constructor(target: () => LinkAddress) {
    this.#server = createServer((near) => {
      const far = connect(target());
      const forward = new Direction(near, far, () => this.cutTo);
      const backward = new Direction(far, near, () => this.cutFrom);
      this.#directions.add(forward).add(backward);
      for (const socket of [near, far]) {
        socket.setNoDelay(true);
        this.#sockets.add(socket);
      }
    });
  }

  listen(): Promise<LinkAddress> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        const bound = this.#server.address();
        resolve({ host: "127.0.0.1", port: typeof bound === "object" && bound !== null ? bound.port : 0 });
      });
    });
  }

  /** Lets what waits go where nothing is cut any more. */
  pump(): void {
    for (const direction of this.#directions) direction.pump();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
