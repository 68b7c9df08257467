import { decodeLatin1, latin1Bytes } from "../../src/base/latin1.ts";
import type { Args } from "../../src/core/command/args.ts";
import type { ForwardHandler, ForwardWire } from "../../src/ports/forwarder.ts";
import type { Output } from "../../src/worker/client.ts";
import { RequestArgs } from "../node/requestArgs.ts";
import { newSession } from "../oracle/session.ts";
import { ClientConnection, type ClientConnectionEvents } from "./clientConnection.ts";
import type { ClusterProcess } from "./clusterProcess.ts";

export interface ForwardedEvents extends Pick<ClientConnectionEvents, "scheduler" | "prng"> {
  readonly onForwarded: (count: number) => void;
  readonly onEnded: (connection: ForwardedConnection) => void;
}

/** A connection on which another node has executed here what its clients ask it for. */
export class ForwardedConnection extends ClientConnection<readonly string[]> implements ForwardHandler {
  readonly #wire: ForwardWire;
  readonly #args = new RequestArgs();
  readonly #events: ForwardedEvents;
  /** What came and is no whole request yet, latin1. */
  #text = "";

  constructor(id: number, process: ClusterProcess, wire: ForwardWire, events: ForwardedEvents) {
    super(process, { ...events, closed: () => undefined }, newSession(id, 2));
    this.#wire = wire;
    this.#events = events;
  }

  protected argsOf(words: readonly string[]): Args {
    return this.#args.of(words);
  }

  onOpen(): void {}

  onBytes(bytes: Uint8Array, length: number): void {
    this.#text += decodeLatin1(bytes, 0, length);
    const requests: string[][] = [];
    for (let at = 0; ; ) {
      const request = requestIn(this.#text, at);
      if (request === undefined) {
        this.#text = this.#text.slice(at);
        break;
      }
      requests.push(request.words);
      at = request.end;
    }
    this.#events.onForwarded(requests.length);
    this.arrived(requests);
  }

  onDrain(): void {}

  onClosed(): void {
    this.#events.onEnded(this);
    this.hangUp(0);
  }

  send(output: Output): void {
    this.#wire.send(typeof output === "string" ? latin1Bytes(output) : output);
  }

  override lost(): void {
    this.#events.onEnded(this);
    this.#wire.close();
  }
}

/** The request that begins at `at`, an array of bulk strings; undefined as long as it is not whole. */
function requestIn(text: string, at: number): { readonly words: string[]; readonly end: number } | undefined {
  let end = at;
  const number = (): number | undefined => {
    const lineEnd = text.indexOf("\r\n", end);
    if (lineEnd < 0) return undefined;
    const value = Number(text.slice(end + 1, lineEnd));
    end = lineEnd + 2;
    return value;
  };
  const count = number();
  if (count === undefined) return undefined;
  const words: string[] = [];
  for (let i = 0; i < count; i++) {
    const length = number();
    if (length === undefined || end + length + 2 > text.length) return undefined;
    words.push(text.slice(end, end + length));
    end += length + 2;
  }
  return { words, end };
}
