import type { FrameProblem } from "../../proto/grpcFrames.ts";
import type { KvError } from "../../worker/api/kvError.ts";
import type { Output } from "../../worker/client.ts";

/** A message is no longer than that. */
export const MESSAGE_BYTES_MAX = 66 * 2 ** 20;

/** What a stream of calls tells whoever answers them. */
export interface CallsHandlers {
  /** A message `CallsRequest`: `[start, end)` of `bytes`, which stay as they are. */
  onMessage(bytes: Uint8Array, start: number, end: number): void;
  /** All that came together was told. */
  onTurnEnd(): void;
  /** The client asks nothing more. */
  onEnd(): void;
  /** The client has taken some of what waited for it. Not called by `send`. */
  onDrain(): void;
  /** It is gone. */
  onClosed(): void;
}

/** A stream of messages with calls one way and with answers the other, whatever carries it. */
export interface CallsStream {
  /** `ip:port` of the client. */
  readonly peer: string;
  /** Bytes of answers that the client has not taken yet. */
  readonly unsentBytes: number;
  /** From now on handlers are called. */
  begin(handlers: CallsHandlers): void;
  /** Sends pieces that are one message `CallsReply` together, of `bytes` bytes. */
  send(pieces: readonly Output[], bytes: number): void;
  pause(): void;
  resume(): void;
  /** Ends it after what was sent. */
  end(): void;
  /** The same, and says why. */
  fail(error: KvError): void;
}

/** What a stream fails with whose client does not keep to the frames. */
export const FRAME_ERRORS: { readonly [problem in FrameProblem]: KvError } = {
  compressed: {
    code: "internal",
    reason: "invalidField",
    message: "messages of plain calls (`holdfast-plain`, or CALLS) are not compressed",
  },
  tooLong: {
    code: "resourceExhausted",
    reason: "tooMany",
    message: `a message has at most ${MESSAGE_BYTES_MAX} bytes`,
  },
};
