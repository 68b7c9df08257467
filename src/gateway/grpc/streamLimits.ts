import { constants } from "node:http2";
import type { KvError } from "../../worker/api/kvError.ts";
import type { StreamLimits } from "../kv/kvBackend.ts";
import type { Grpc } from "./grpcLibrary.ts";
import { statusOf } from "./kvCaller.ts";

interface WritingCall {
  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean;
  emit(event: "error", status: unknown): boolean;
  /** The library's own call; the stream behind it is not part of what it promises. */
  readonly call?: { readonly stream?: { close(code: number): void } };
}

export function refuseStream(limits: StreamLimits, streams: number): KvError | undefined {
  const clientsMax = limits.clientsMax();
  if (streams + limits.redisClients() < clientsMax) return undefined;
  limits.onRejected();
  const message = `this node has ${clientsMax} clients, connections and streams together, as many as maxclients allows; ask another`;
  return { code: "resourceExhausted", reason: "tooMany", message };
}

/** Cuts a stream off whose client leaves more unread than it may: with RESOURCE_EXHAUSTED, and what waited for it is given up. */
export function limitOutput(grpc: Grpc, call: WritingCall, { outputBytesMax }: StreamLimits): void {
  const write = call.write.bind(call);
  let unsentBytes = 0;
  call.write = (message, written) => {
    unsentBytes += message.length;
    if (unsentBytes > outputBytesMax()) {
      cutOff(grpc, call);
      return false;
    }
    return write(message, (error) => {
      unsentBytes -= message.length;
      written?.(error);
    });
  };
}

/** Ends a stream whose client does not read: a status would wait behind what it left. gRPC maps this code of HTTP/2 to RESOURCE_EXHAUSTED. */
export function cutOff(grpc: Grpc, call: Pick<WritingCall, "emit" | "call">): void {
  const stream = call.call?.stream;
  if (stream !== undefined) return stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const message = "the client leaves more unread than client-output-buffer-limit allows";
  call.emit("error", statusOf(grpc, { code: "resourceExhausted", reason: "tooMany", message }));
}
