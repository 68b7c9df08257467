import { FRAME_HEAD_BYTES } from "../proto/grpcFrames.ts";
import { CODECS, PATHS } from "./codecs.ts";
import type { ClientCore } from "./core.ts";
import { failureOfStatus } from "./failures.ts";
import type { WatchReplyMessage } from "./messages.ts";
import type { Failure } from "./request.ts";
import type { Channel, OpenCall } from "./wire/channel.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { ProtoWriter } from "./wire/protoWriter.ts";

const PAUSE_FIRST_MILLIS = 10;
const PAUSE_MILLIS_MAX = 500;
/** A watch says at once how far it is; who does not is asked no longer. */
const FIRST_REPLY_MILLIS_MAX = 3000;

export interface GroupWatchParts {
  /** Who is to tell the changes now; undefined while nobody is known. */
  readonly address: () => string | undefined;
  /** The fields of a `WatchRequest`, but `from`. */
  readonly request: object;
  readonly onReply: (reply: WatchReplyMessage) => void;
  /** It tells changes now, or does not any more. */
  readonly onState: (isLive: boolean, message: string) => void;
  /** It cannot go on as it was: what to do then is `onEnd`'s. The watch has stopped. */
  readonly onEnd: (failure: Failure) => void;
}

/** The changes of one group, whoever tells them: goes on where it was after a connection has broken, or the primary has changed. */
export class GroupWatch {
  readonly #core: ClientCore;
  readonly #parts: GroupWatchParts;
  /** Everything up to here was told; undefined before the first reply. */
  position: Buffer | undefined;
  isLive = false;
  #address: string | undefined;
  #channel: Channel | undefined;
  #stream: OpenCall | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;
  readonly #unfollow: () => void;

  constructor(core: ClientCore, parts: GroupWatchParts, from?: Buffer) {
    this.#core = core;
    this.#parts = parts;
    this.position = from;
    this.#unfollow = core.onTopology(() => this.#follow());
    this.#open();
  }

  /** When something came from who tells the changes (`performance.now()`). */
  get heardAt(): number {
    return this.#channel?.heardAt ?? 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.isLive = false;
    clearTimeout(this.#timer);
    this.#unfollow();
    this.#stream?.cancel();
  }

  #follow(): void {
    const address = this.#parts.address();
    if (this.#stream === undefined || address === undefined || address === this.#address) return;
    this.#stream.cancel();
    this.#broken(`it goes on at ${address}`);
    this.#open();
  }

  #open(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#core.isClosed) return;
    const address = this.#parts.address();
    if (address === undefined) {
      this.#later();
      return;
    }
    this.#address = address;
    const { channel } = this.#core.dispatcher.linkTo(address);
    this.#channel = channel;
    const writer = new ProtoWriter();
    writer.skip(FRAME_HEAD_BYTES);
    CODECS.watchRequest.encode({ ...this.#parts.request, from: this.position }, writer);
    const stream = channel.open(PATHS.watch, {
      onMessage: (bytes, start, end) => this.#take(bytes.subarray(start, end)),
      onEnd: (status) => {
        if (this.#stream === stream) this.#ended(status);
      },
    });
    this.#stream = stream;
    stream.write(writer.take());
    stream.end();
    this.#timer = setTimeout(() => {
      stream.cancel();
      this.#ended({ code: STATUS.unavailable, message: "it says nothing", detail: undefined, wasSent: true });
    }, FIRST_REPLY_MILLIS_MAX);
  }

  #take(message: Buffer): void {
    let reply: WatchReplyMessage;
    try {
      reply = CODECS.watchReply.decode(message) as WatchReplyMessage;
    } catch (error) {
      this.#stream?.cancel();
      this.#ended({ code: STATUS.internal, message: (error as Error).message, detail: undefined, wasSent: true });
      return;
    }
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#parts.onReply(reply);
    // The message's memory is not kept.
    this.position = Buffer.from(reply.position);
    if (this.isLive || this.#isStopped) return;
    this.isLive = true;
    this.#parts.onState(true, "");
  }

  #ended(status: GrpcStatus): void {
    const failure = failureOfStatus(status, true);
    this.#broken(failure.message);
    const { reason, code } = failure;
    const isOver =
      ["MOVED", "POSITION_LOST", "INVALID_FIELD", "PASSWORD"].includes(reason) ||
      [STATUS.invalidArgument, STATUS.outOfRange, STATUS.unauthenticated, STATUS.permissionDenied].some(
        (each) => each === code,
      );
    if (!isOver) {
      this.#later();
      return;
    }
    this.stop();
    this.#parts.onEnd(failure);
  }

  #broken(message: string): void {
    clearTimeout(this.#timer);
    this.#stream = undefined;
    if (!this.isLive) return;
    this.isLive = false;
    this.#parts.onState(false, message);
  }

  #later(): void {
    const most = Math.min(PAUSE_MILLIS_MAX, PAUSE_FIRST_MILLIS * 2 ** Math.min(this.#failures++, 10));
    this.#timer = setTimeout(() => this.#open(), Math.random() * most);
  }
}
