import type { ServerWritableStream } from "@grpc/grpc-js";
import { MalformedBytes } from "../../base/byteReader.ts";
import { InvariantViolation } from "../../base/invariant.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import type { WatchOptions } from "../../worker/api/kvChange.ts";
import { invalid } from "../../worker/api/kvCheck.ts";
import type { KvError } from "../../worker/api/kvError.ts";
import { KvWatch, POSITION_LOST, type WatchNode } from "../../worker/api/kvWatch.ts";
import { WireReader } from "../../worker/api/wireReader.ts";
import type { KvBackend } from "../kv/kvBackend.ts";
import { malformed } from "../kv/kvStream.ts";
import type { WatchBell } from "../kv/watchBell.ts";
import type { Grpc } from "./grpcLibrary.ts";
import { NOT_READY, statusOf } from "./kvCaller.ts";

/** A watcher to which nothing happens hears so often how far the watch has come. */
const NEWS_MILLIS = 3_000;
const KEY_BYTES_MAX = 65_535;

export type WatchCall = ServerWritableStream<Buffer, Uint8Array>;

interface WatchRequest extends WatchOptions {
  /** `[start, end)` of the message; empty for the newest. */
  readonly from: { readonly start: number; readonly end: number };
}

/** One watch: sends changes as the log has them, no faster than the client takes them. */
export class KvWatchStream {
  readonly #grpc: Grpc;
  readonly #call: WatchCall;
  readonly #onOver: () => void;
  readonly #node: WatchNode;
  readonly #bell: WatchBell;
  /** Always the same function, by which it leaves the bell. */
  #wake: () => void = () => undefined;
  #watch: KvWatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #toldAt = 0;
  #isOver = false;

  constructor(grpc: Grpc, backend: KvBackend, call: WatchCall, onOver: () => void) {
    this.#grpc = grpc;
    this.#node = backend.watchNode;
    this.#bell = backend.bell;
    this.#call = call;
    this.#onOver = onOver;
    for (const event of ["cancelled", "error", "close"]) call.on(event, () => this.#close());
  }

  begin(): void {
    const watch = open(this.#node, this.#call.request);
    if (!(watch instanceof KvWatch)) {
      this.#fail(watch);
      return;
    }
    this.#watch = watch;
    this.#wake = () => {
      clearTimeout(this.#timer);
      void this.#goOn(watch);
    };
    this.#tell(watch.position());
    void this.#goOn(watch);
  }

  /** The server stops. */
  end(): void {
    this.#fail(NOT_READY);
  }

  async #goOn(watch: KvWatch): Promise<void> {
    try {
      while (!this.#isOver) {
        const { commits } = this.#bell;
        const step = await watch.next();
        if (this.#isOver) return;
        if (step.kind === "end") return this.#fail(step.error);
        if (step.kind === "idle") return this.#rest(watch, commits);
        if (!this.#tell(step.bytes)) {
          this.#call.once("drain", () => void this.#goOn(watch));
          return;
        }
      }
    } catch (error) {
      // The log was closed, or does not take anything any more; what else there is is a bug, and must reach the top.
      if (error instanceof InvariantViolation) throw error;
      this.#fail(NOT_READY);
    }
  }

  #rest(watch: KvWatch, commits: number): void {
    const silentMillis = performance.now() - this.#toldAt;
    if (silentMillis >= NEWS_MILLIS) this.#tell(watch.position());
    const news = silentMillis >= NEWS_MILLIS ? NEWS_MILLIS : NEWS_MILLIS - silentMillis;
    this.#timer = setTimeout(() => {
      this.#bell.leave(this.#wake);
      void this.#goOn(watch);
    }, news);
    this.#bell.wait(commits, this.#wake);
  }

  #tell(message: Uint8Array): boolean {
    this.#toldAt = performance.now();
    return this.#call.write(message);
  }

  #fail(error: KvError): void {
    if (this.#isOver) return;
    this.#close();
    this.#call.emit("error", statusOf(this.#grpc, error));
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#bell.leave(this.#wake);
    this.#watch?.close();
    this.#onOver();
  }
}

function open(node: WatchNode, message: Buffer): KvWatch | KvError {
  let request: WatchRequest | KvError;
  try {
    request = readWatch(message);
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return malformed(error);
  }
  if ("code" in request) return request;
  const { start, end } = request.from;
  if (end <= start) return KvWatch.begin(node, request, undefined);
  const from = node.positions.seqOf(message, start, end);
  if (from === null) return invalid("from", "this is no position");
  return from === undefined ? POSITION_LOST : KvWatch.begin(node, request, from);
}

/** Throws `MalformedBytes`. */
function readWatch(message: Buffer): WatchRequest | KvError {
  const reader = new WireReader(message);
  let key: string | undefined;
  let prefix: string | undefined;
  let from = { start: 0, end: 0 };
  let previous = false;
  let noValues = false;
  const text = (): string => {
    const end = reader.bytesField();
    return decodeLatin1(message, reader.start, end);
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        key = text();
        prefix = undefined;
        break;
      case 2:
        prefix = text();
        key = undefined;
        break;
      case 3: {
        const end = reader.bytesField();
        from = { start: reader.start, end };
        break;
      }
      case 4:
        previous = reader.bool();
        break;
      case 5:
        noValues = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  if (key === undefined && prefix === undefined) return invalid("what", "a watch is of a key or of a prefix");
  if (key === "") return invalid("key", "a key has at least one byte");
  if ((key ?? prefix ?? "").length > KEY_BYTES_MAX)
    return invalid(key === undefined ? "prefix" : "key", `a key has at most ${KEY_BYTES_MAX} bytes`);
  return { key, prefix: prefix ?? "", from, previous, noValues };
}
