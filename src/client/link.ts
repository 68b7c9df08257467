import { performance } from "node:perf_hooks";
import type { Address } from "../base/address.ts";
import { NumberMap } from "../base/numberMap.ts";
import { FRAME_HEAD_BYTES } from "../proto/grpcFrames.ts";
import { readAnswers } from "./answers.ts";
import { writeCall, writeCancelled } from "./callWriter.ts";
import { PATHS } from "./codecs.ts";
import { failureOfAnswer, failureOfStatus } from "./failures.ts";
import { LatencyMean } from "./latency.ts";
import type { AnswerMessage } from "./messages.ts";
import type { NodeLoad } from "./replicaChoice.ts";
import type { Failure, Request } from "./request.ts";
import { RequestList } from "./requestList.ts";
import { CallsSocket } from "./wire/callsSocket.ts";
import { type CallHandlers, Channel, type ChannelOptions, type OpenCall } from "./wire/channel.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { ProtoWriter } from "./wire/protoWriter.ts";
import { WritePacing } from "./writePacing.ts";

/** More than that does not wait for the end of the turn. */
const MESSAGE_BYTES_ENOUGH = 256 * 1024;
/** More than that does not wait for answers: it is a big batch. */
const WAITING_BYTES_MAX = 16 * 1024;
/** A replica that has said it is not in sync is asked again so much later. */
const AVOIDED_MILLIS = 500;
/** With so few calls under way, what they wait for counts more than what messages cost. */
const FEW_CALLS = 16;

/** Fewer calls are not worth two messages. */
const SPLIT_MIN = 4;
/** A Redis port that carries no calls is tried again so much later. */
const REFUSED_MILLIS = 30_000;

export interface LinkOptions extends ChannelOptions {
  readonly callsOver: "redis" | "grpc";
  /** Where the node at an address takes Redis clients; undefined if nobody has said. */
  readonly redisOf: (address: string) => Address | undefined;
}

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
  readonly #pending = new NumberMap<Request>();
  /** Those that read one key, the oldest first: by them the node is compared with others. */
  readonly #gets = new RequestList();
  readonly #latency = new LatencyMean();
  readonly #writer = new ProtoWriter();
  #stream: OpenCall | undefined;
  /** What carries the stream. */
  carrier: "redis" | "grpc" | undefined;
  readonly #options: LinkOptions;
  /** Its Redis port is not tried before. */
  #grpcUntil = 0;
  #avoidedUntil = 0;
  #nextId = 1;
  /** Calls from this id on are not written yet. */
  #firstUnwritten = 1;
  #isFlushing = false;
  readonly #pacing = new WritePacing();
  /** The last write that is not written yet; 0: there is none. */
  #lastWrite = 0;
  /** After so many more calls what is asked goes out without waiting for the end of the turn; 0: it waits. */
  #splitAfter = 0;
  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#write();
  };

  /** Once the program has heard the answers, and has asked what it then asks. */
  readonly #goOn = (): void => this.#writeInTime();

  constructor(address: string, options: LinkOptions, events: LinkEvents) {
    this.address = address;
    this.#options = options;
    this.channel = new Channel(address, options);
    this.#events = events;
  }

  /** It failed last, and is not tried again yet. */
  get isResting(): boolean {
    return this.#stream === undefined && this.channel.isResting;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get readsInFlight(): number {
    return this.#gets.size;
  }

  latencyMillis(now: number): number {
    const { oldest } = this.#gets;
    if (oldest === undefined) return this.#latency.at(now);
    // While one tries whether it is still as slow as it was, others do not.
    return Math.max(this.#latency.measured, now - oldest.sentAt);
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
    writeCall(writer, id, Math.max(1, Math.ceil(request.deadline - now)), request.kind, request.message);
    if (request.isWrite) {
      this.#lastWrite = id;
      this.#pacing.began();
      if (writer.length <= WAITING_BYTES_MAX && this.#pacing.waits(this.#roundTripMillis)) return;
    }
    if (this.#splitAfter > 0 && --this.#splitAfter === 0) this.#write();
    else this.#writeInTime();
  }

  /** It has said that it is not in sync: it is asked for nothing that has to be new for a while. */
  avoid(now: number): void {
    this.#avoidedUntil = now + AVOIDED_MILLIS;
  }

  isAvoided(now: number): boolean {
    return now < this.#avoidedUntil;
  }

  /** Writes have waited long enough for the answer to others. Called now and then. */
  impatient(now: number): void {
    if (this.#writer.length === 0 || !this.#pacing.isOverdue(now)) return;
    this.#pacing.giveUp();
    this.#write();
  }

  /** Its answer is wanted no longer. */
  forget(request: Request, now = performance.now()): void {
    if (!this.#done(request)) return;
    this.#pacing.forget(request.id);
    const age = now - request.sentAt;
    // It would have taken at least that long.
    if (request.kind === "get" && age > this.#latency.at(now)) this.#latency.add(age, now);
    if (this.#stream === undefined) return;
    writeCancelled(this.#begin(), request.id);
    this.#writeInTime();
  }

  /** Those that wait for an answer now. */
  get pending(): readonly Request[] {
    return this.#pending.values();
  }

  close(): void {
    this.#stream?.cancel();
    this.channel.close();
  }

  get #roundTripMillis(): number {
    return this.#stream?.roundTripMillis ?? Number.POSITIVE_INFINITY;
  }

  #done(request: Request): boolean {
    if (!this.#pending.delete(request.id)) return false;
    if (request.kind === "get") this.#gets.remove(request);
    if (request.isWrite) this.#pacing.ended();
    return true;
  }

  #begin(): ProtoWriter {
    if (this.#writer.length === 0) this.#writer.skip(FRAME_HEAD_BYTES);
    return this.#writer;
  }

  /** All that is asked before this callback's promises are done goes together, or, where there is much, all of the turn. */
  #writeInTime(): void {
    if (this.#writer.length > MESSAGE_BYTES_ENOUGH) this.#write();
    else if (!this.#isFlushing) {
      this.#isFlushing = true;
      if (this.#pending.size <= FEW_CALLS) process.nextTick(this.#flush);
      else setImmediate(this.#flush);
    }
  }

  #write(): void {
    if (this.#writer.length === 0) return;
    this.#splitAfter = 0;
    const frame = this.#writer.take();
    const stream = this.#stream ?? this.#open();
    this.#firstUnwritten = this.#nextId;
    this.messages++;
    stream.write(frame);
    if (this.#lastWrite === 0) return;
    this.#pacing.sent(this.#lastWrite, performance.now());
    this.#lastWrite = 0;
  }

  #open(): OpenCall {
    const { callsOver, redisOf, password } = this.#options;
    const redis = callsOver === "redis" && performance.now() >= this.#grpcUntil ? redisOf(this.address) : undefined;
    if (redis === undefined) return this.#openOverGrpc();
    const stream: OpenCall = new CallsSocket(redis, password, {
      ...this.#handlersOf(() => stream),
      onRefused: (frames) => {
        if (this.#stream !== stream) return;
        this.#grpcUntil = performance.now() + REFUSED_MILLIS;
        const other = this.#openOverGrpc();
        for (const frame of frames) other.write(frame);
      },
    });
    this.carrier = "redis";
    this.#stream = stream;
    return stream;
  }

  #openOverGrpc(): OpenCall {
    const stream: OpenCall = this.channel.open(
      PATHS.calls,
      this.#handlersOf(() => stream),
    );
    this.carrier = "grpc";
    this.#stream = stream;
    return stream;
  }

  #handlersOf(own: () => OpenCall): CallHandlers {
    let isHeard = false;
    return {
      onMessage: (bytes, start, end) => {
        isHeard = true;
        this.#receive(bytes, start, end);
      },
      onEnd: (status) => {
        if (this.#stream !== own()) return;
        // Nothing at all is answered there now, so nothing is known of what its Redis port carries.
        if (!isHeard) this.#grpcUntil = 0;
        this.#end(status);
      },
    };
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    let answers: readonly AnswerMessage[];
    try {
      answers = readAnswers(bytes, start, end);
    } catch (error) {
      const text = `${this.address} answers what makes no sense: ${(error as Error).message}`;
      this.#stream?.cancel();
      this.#end({ code: STATUS.internal, message: text, detail: undefined, wasSent: true });
      return;
    }
    const now = performance.now();
    // A program that asks as answers come would wait for all of them together, time and again: half of the next turn's calls go ahead.
    if (answers.length >= SPLIT_MIN && answers.length === this.#pending.size) this.#splitAfter = answers.length >> 1;
    let isMeasured = false;
    for (const answer of answers) {
      if (this.#pacing.answered(answer.id, now)) {
        if (this.#pacing.isWorthIt(this.#roundTripMillis)) this.#splitAfter = 0;
        if (this.#writer.length > 0) queueMicrotask(this.#goOn);
      }
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
    this.carrier = undefined;
    this.#pacing.giveUp();
    if (this.#writer.length > 0) this.#writeInTime();
    const requests = this.#pending.entries().filter(([id]) => id < this.#firstUnwritten);
    for (const [, request] of requests) {
      this.#done(request);
      this.#events.onFailure(request, failureOfStatus(status, true));
    }
  }
}
