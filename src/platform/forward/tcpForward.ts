import { Socket } from "node:net";
import { splitAddress } from "../../base/address.ts";
import type { ForwardHandler, ForwardNetwork, ForwardWire } from "../../ports/forwarder.ts";

const CONNECT_MILLIS_MAX = 1_000;
const KEEP_ALIVE_MILLIS = 10_000;
/** All connections are read into one buffer: what came is looked at before anything else is read. */
const READ_BYTES = 64 * 1024;

/** Forwards over TCP. */
export class TcpForward implements ForwardNetwork {
  readonly #buffer = new Uint8Array(READ_BYTES);

  dial(address: string, handler: ForwardHandler): ForwardWire {
    return new TcpWire(address, handler, this.#buffer);
  }
}

class TcpWire implements ForwardWire {
  readonly #socket: Socket;
  readonly #handler: ForwardHandler;
  #isOver = false;

  constructor(address: string, handler: ForwardHandler, buffer: Uint8Array) {
    this.#handler = handler;
    const onread = {
      buffer,
      callback: (length: number) => {
        if (!this.#isOver) handler.onBytes(buffer, length);
        return true;
      },
    };
    // `onread` is taken by the constructor; its types know it only as an option of `connect`.
    const options: ConstructorParameters<typeof Socket>[0] & { onread: typeof onread } = { onread };
    const socket = new Socket(options);
    this.#socket = socket;
    const timer = setTimeout(() => this.#end("it does not answer"), CONNECT_MILLIS_MAX);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
    socket.on("connect", () => {
      clearTimeout(timer);
      if (!this.#isOver) handler.onOpen();
    });
    socket.on("drain", () => {
      if (!this.#isOver) handler.onDrain();
    });
    socket.on("error", (error) => this.#end(error.message));
    socket.on("end", () => this.#end("it closed the connection"));
    socket.on("close", () => {
      clearTimeout(timer);
      this.#end("the connection is closed");
    });
    const at = splitAddress(address);
    // Other nodes say where to go: nonsense is told like an address at which nobody answers.
    if (at === undefined) socket.destroy(new Error(`${address} is not an address`));
    else socket.connect({ ...at });
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array): void {
    if (!this.#isOver) this.#socket.write(bytes);
  }

  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handler.onClosed(reason);
  }
}
