import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { frameHead, frameOf, MessageFrames } from "../../src/gateway/kv/messageFrames.ts";

const TRAILERS = 0x80;

/** What a fake node takes calls from: a stream of gRPC, or one that came over its Redis port. */
export interface FakeCalls {
  // biome-ignore lint/suspicious/noExplicitAny: as events of Node have it.
  on(event: "data" | "end" | "error", listener: (...given: any[]) => void): unknown;
  write(answers: object): unknown;
  end(): unknown;
  emit(event: "error", status: { readonly code: number; readonly details: string }): unknown;
}

/** The Redis port of a fake node, on which nothing is spoken but `CALLS`. */
export class FakeCallsPort {
  address = "";
  /** What it answers to `CALLS`. */
  greeting = "+OK\r\n";
  /** Connections so far that carried calls. */
  opened = 0;
  /** Signs of life that were asked for; they are answered unless it is mute. */
  pings = 0;
  isMute = false;
  /** What came before `CALLS`. */
  before = "";
  readonly #definition: ServiceDefinition[string];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(definition: ServiceDefinition[string], onCalls: (calls: FakeCalls) => void) {
    this.#definition = definition;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket, onCalls));
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.address = `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** All connections break, and there are no new ones. */
  close(): void {
    this.#server.close();
    this.breakAll();
  }

  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket, onCalls: (calls: FakeCalls) => void): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let text = "";
    const greet = (piece: Buffer): void => {
      text += piece.toString("latin1");
      const at = text.indexOf("*2\r\n$5\r\nCALLS\r\n$1\r\n1\r\n");
      if (at < 0) return;
      this.before = text.slice(0, at);
      socket.write(`${at === 0 ? "" : "+OK\r\n"}${this.greeting}`);
      socket.off("data", greet);
      if (this.greeting !== "+OK\r\n") return;
      this.opened++;
      onCalls(this.#callsOf(socket));
    };
    socket.on("data", greet);
  }

  #callsOf(socket: Socket): FakeCalls {
    const definition = this.#definition;
    const calls = new EventEmitter();
    const frames = new MessageFrames(1 << 30, (message) => {
      if (message.length > 0) calls.emit("data", definition.requestDeserialize(message));
      else {
        this.pings++;
        if (!this.isMute) socket.write(frameHead(0, 0), "latin1");
      }
    });
    socket.on("data", (piece) => frames.push(Buffer.from(piece)));
    socket.on("end", () => calls.emit("end"));
    calls.on("error", ({ code, details }: { readonly code: number; readonly details: string }) => {
      const trailers = `grpc-status: ${code}\r\ngrpc-message: ${encodeURIComponent(details)}\r\n`;
      socket.end(frameHead(TRAILERS, trailers.length) + trailers, "latin1");
    });
    return Object.assign(calls, {
      write: (answers: object) => {
        const message = definition.responseSerialize(answers);
        return socket.write(frameOf([message], message.length));
      },
      end: () => socket.end(),
    });
  }
}
