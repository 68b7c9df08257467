import { CODECS, PATHS } from "./codecs.ts";
import { failureOfAnswer, failureOfStatus } from "./failures.ts";
import { LatencyMean } from "./latency.ts";
import type { AnswerMessage } from "./messages.ts";
import type { NodeLoad } from "./replicaChoice.ts";
import type { Failure, Request } from "./request.ts";
import { Channel, type ChannelOptions, type OpenCall } from "./wire/channel.ts";
import { FRAME_HEAD_BYTES } from "./wire/grpcFrames.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { ProtoWriter } from "./wire/protoWriter.ts";

/** More than that does not wait for the end of the turn. */
const MESSAGE_BYTES_ENOUGH = 256 * 1024;
/** Tags of `CallsRequest`: field 1 with a length, field 2 as a number. */
const CALLS_TAG = 0x0a;
const CANCELLED_TAG = 0x10;

/** What a link tells whoever made it. */
export interface LinkEvents {
  onAnswer(request: Request, answer: AnswerMessage): void;
  onFailure(request: Request, failure: Failure): void;
}

/** One stream of calls to one node; all that is asked in one turn of the event loop goes in one message. */
export class Link implements NodeLoad {
  readonly address: string;
  readonly channel: Channel;
  turn = 0;
  /** Counted since the beginning. */
  messages = 0;
  calls = 0;
  reads = 0;
  readonly #events: LinkEvents;
  readonly #pending = new Map<number, Request>();
  /** Those that read one key, the oldest first: by them the node is compared with others. */
  readonly #gets = new Set<Request>();
  readonly #latency = new LatencyMean();
  readonly #writer = new ProtoWriter();
  #stream: OpenCall | undefined;
  #nextId = 1;
  /** Calls from this id on are not written yet. */
  #firstUnwritten = 1;
  #isFlushing = false;
  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#write();
  };

  constructor(address: string, options: ChannelOptions, events: LinkEvents) {
    this.address = address;
    this.channel = new Channel(address, options);
    this.#events = events;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get readsInFlight(): number {
    return this.#gets.size;
  }

  latencyMillis(now: number): number {
    const mean = this.#latency.at(now);
    if (this.#gets.size === 0) return mean;
    // Sets keep the order in which calls were made: the first is the oldest.
    const oldest = this.#gets.values().next().value!;
    return Math.max(mean, now - oldest.sentAt);
  }

  /** Asks; the answer or the failure comes by `LinkEvents`. `now` is `performance.now()`. */
  send(request: Request, now: number): void {
    const id = this.#nextId++;
    request.link = this;
    request.id = id;
    request.sentAt = now;
    this.#pending.set(id, request);
    this.calls++;
    if (!request.isWrite) this.reads++;
    if (request.kind === "get") this.#gets.add(request);
    const writer = this.#begin();
    writer.varint(CALLS_TAG);
    const start = writer.open();
    const timeoutMillis = Math.max(1, Math.ceil(request.deadline - now));
    CODECS.call.encode({ id, timeoutMillis, [request.kind]: request.message }, writer);
    writer.close(start);
    if (writer.length > MESSAGE_BYTES_ENOUGH) this.#write();
  }

  /** Its answer is wanted no longer. */
  forget(request: Request): void {
    if (!this.#done(request) || this.#stream === undefined) return;
    const writer = this.#begin();
    writer.varint(CANCELLED_TAG);
    writer.varint(request.id);
  }

  /** Those that wait for an answer, the oldest first. */
  get pending(): Iterable<Request> {
    return this.#pending.values();
  }

  close(): void {
    this.#stream?.cancel();
    this.channel.close();
  }

  #done(request: Request): boolean {
    if (request.kind === "get") this.#gets.delete(request);
    return this.#pending.delete(request.id);
  }

  #begin(): ProtoWriter {
    if (this.#writer.length === 0) this.#writer.skip(FRAME_HEAD_BYTES);
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(this.#flush);
    }
    return this.#writer;
  }

  #write(): void {
    if (this.#writer.length === 0) return;
    const frame = this.#writer.take();
    const stream = this.#stream ?? this.#open();
    this.#firstUnwritten = this.#nextId;
    this.messages++;
    stream.write(frame);
  }

  #open(): OpenCall {
    const stream = this.channel.open(PATHS.calls, {
      onMessage: (message) => this.#receive(message),
      onEnd: (status) => {
        if (this.#stream === stream) this.#end(status);
      },
    });
    this.#stream = stream;
    return stream;
  }

  #receive(message: Buffer): void {
    let answers: readonly AnswerMessage[];
    try {
      ({ answers } = CODECS.callsReply.decode(message) as { readonly answers: readonly AnswerMessage[] });
    } catch (error) {
      const text = `${this.address} answers what makes no sense: ${(error as Error).message}`;
      this.#stream?.cancel();
      this.#end({ code: STATUS.internal, message: text, detail: undefined, wasSent: true });
      return;
    }
    const now = performance.now();
    let isMeasured = false;
    for (const answer of answers) {
      const request = this.#pending.get(answer.id);
      if (request === undefined) continue;
      this.#done(request);
      // One sample a message is enough: what was asked together comes together.
      if (!isMeasured && request.kind === "get") {
        isMeasured = true;
        this.#latency.add(now - request.sentAt, now);
      }
      if (answer.error === undefined) this.#events.onAnswer(request, answer);
      else this.#events.onFailure(request, failureOfAnswer(answer.error));
    }
  }

  /** All that has no answer has failed, in the order in which it was asked. */
  #end(status: GrpcStatus): void {
    this.#stream = undefined;
    const requests = [...this.#pending.entries()].filter(([id]) => id < this.#firstUnwritten);
    for (const [, request] of requests) {
      this.#done(request);
      this.#events.onFailure(request, failureOfStatus(status, true));
    }
  }
}
