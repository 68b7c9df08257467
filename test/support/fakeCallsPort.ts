import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { FrameReader, frameHead, frameOf, TRAILERS_FRAME } from "../../src/proto/grpcFrames.ts";

const AGREED = "+OK\r\n";

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
  /** What it answers to `CALLS`; given as a list, each piece is sent in a turn of its own. */
  greeting: string | readonly string[] = AGREED;
  /** Times that somebody has sent `CALLS`. */
  asked = 0;
  /** Connections so far that carried calls. */
  opened = 0;
  /** Signs of life that were asked for; they are answered unless it is mute. */
  pings = 0;
  isMute = false;
  /** What came before `CALLS`. */
  before = "";
  /** Those who wait for something to happen here. */
  #watching: (() => void)[] = [];
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

  /** Those that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Looks again whenever calls were opened, have come or have ended, and whenever a sign of life was asked for. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#watching.push(resolve));
  }

  /** Sends what is no answer. */
  say(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  async #writePieces(socket: Socket, pieces: readonly string[]): Promise<void> {
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await new Promise(setImmediate);
      socket.write(piece, "latin1");
    }
  }

  #tell(): void {
    for (const resolve of this.#watching.splice(0)) resolve();
  }

  #accept(socket: Socket, onCalls: (calls: FakeCalls) => void): void {
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#tell();
    });
    socket.on("error", () => socket.destroy());
    let text = "";
    const greet = (piece: Buffer): void => {
      text += piece.toString("latin1");
      const at = text.indexOf("*2\r\n$5\r\nCALLS\r\n$1\r\n1\r\n");
      if (at < 0) return;
      this.before = text.slice(0, at);
      this.asked++;
      if (at > 0) socket.write(AGREED);
      const pieces = [this.greeting].flat();
      void this.#writePieces(socket, pieces);
      socket.off("data", greet);
      if (!pieces.join("").startsWith(AGREED)) return;
      this.opened++;
      onCalls(this.#callsOf(socket));
      this.#tell();
    };
    socket.on("data", greet);
  }

  #callsOf(socket: Socket): FakeCalls {
    const definition = this.#definition;
    const calls = new EventEmitter();
    const frames = new FrameReader(1 << 30, (bytes, start, end) => {
      if (end > start) calls.emit("data", definition.requestDeserialize(bytes.subarray(start, end)));
      else {
        this.pings++;
        if (!this.isMute) socket.write(frameHead(0, 0), "latin1");
      }
      this.#tell();
    });
    socket.on("data", (piece) => frames.push(Buffer.from(piece)));
    socket.on("end", () => calls.emit("end"));
    calls.on("error", ({ code, details }: { readonly code: number; readonly details: string }) => {
      const trailers = `grpc-status: ${code}\r\ngrpc-message: ${encodeURIComponent(details)}\r\n`;
      socket.end(frameHead(TRAILERS_FRAME, trailers.length) + trailers, "latin1");
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
