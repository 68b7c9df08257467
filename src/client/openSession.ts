import { FRAME_HEAD_BYTES } from "../proto/grpcFrames.ts";
import { CODECS, PATHS } from "./codecs.ts";
import type { OpenSessionReplyMessage } from "./messages.ts";
import type { Channel } from "./wire/channel.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { ProtoWriter } from "./wire/protoWriter.ts";

const SESSION_BYTES = 16;

export interface SessionGrant {
  readonly id: Uint8Array;
  readonly lifeMillis: number;
}

/** Asks a node for a session. `onEnd` comes once, with the session or with why there is none; what is answered ends that. */
export function openSession(
  channel: Channel,
  lifeMillis: number,
  patienceMillis: number,
  onEnd: (outcome: SessionGrant | GrpcStatus) => void,
): () => void {
  let granted: SessionGrant | undefined;
  const call = channel.open(PATHS.openSession, {
    onMessage: (bytes, start, end) => {
      granted = grantOf(bytes.subarray(start, end));
    },
    onEnd: (status) => ended(status),
  });
  const ended = (status: GrpcStatus): void => {
    clearTimeout(timer);
    onEnd(status.code === STATUS.ok ? (granted ?? SENSELESS) : status);
  };
  const stop = (): void => {
    clearTimeout(timer);
    call.cancel();
  };
  const timer = setTimeout(() => {
    stop();
    onEnd(SILENT);
  }, patienceMillis);
  const writer = new ProtoWriter();
  writer.skip(FRAME_HEAD_BYTES);
  CODECS.openSessionRequest.encode({ ttlMillis: lifeMillis }, writer);
  call.write(writer.take());
  call.end();
  return stop;
}

function grantOf(message: Buffer): SessionGrant | undefined {
  try {
    const { session, ttlMillis } = CODECS.openSessionReply.decode(message) as OpenSessionReplyMessage;
    // The message's memory is not kept.
    if (session.length === SESSION_BYTES && ttlMillis > 0)
      return { id: new Uint8Array(session), lifeMillis: ttlMillis };
  } catch {
    return undefined;
  }
  return undefined;
}

const SENSELESS: GrpcStatus = {
  code: STATUS.internal,
  message: "what was answered is no session",
  detail: undefined,
  wasSent: true,
};
const SILENT: GrpcStatus = {
  code: STATUS.unavailable,
  message: "nobody answers who gives sessions",
  detail: undefined,
  wasSent: true,
};
