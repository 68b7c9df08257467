import { randomBytes } from "node:crypto";
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { MalformedBytes } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { ERROR_FIELD } from "../../worker/api/answerWriter.ts";
import { checkRequest, invalid } from "../../worker/api/kvCheck.ts";
import { type Method, readRequest } from "../../worker/api/kvRequest.ts";
import { SESSION_MILLIS, SESSION_MILLIS_MAX, SESSION_RANDOM_BYTES, sessionId } from "../../worker/api/kvSessions.ts";
import { WireReader } from "../../worker/api/wireReader.ts";
import { putBytes, putUnsigned } from "../../worker/api/wireWriter.ts";
import type { KvBackend } from "../kv/kvBackend.ts";
import { type KvJob, KvLanes } from "../kv/kvLanes.ts";
import { malformed } from "../kv/kvStream.ts";
import type { Grpc } from "./grpcLibrary.ts";
import { NOT_READY, refuseCaller, statusOf, statusWith } from "./kvCaller.ts";

type Call = ServerUnaryCall<Buffer, Uint8Array>;
type Answer = sendUnaryData<Uint8Array>;
const ONE_CALL = 1;

/** Answers the methods with one request and one reply. */
export class KvUnary {
  readonly #grpc: Grpc;
  readonly #backend: () => KvBackend | undefined;
  #lanes: KvLanes | undefined;

  constructor(grpc: Grpc, backend: () => KvBackend | undefined) {
    this.#grpc = grpc;
    this.#backend = backend;
  }

  handler(method: Method): (call: Call, answer: Answer) => void {
    return (call, answer) => this.#handle(method, call, answer);
  }

  /** Nothing is written down: what a session is, its id says. */
  readonly openSession = (call: Call, answer: Answer): void => {
    const backend = this.#admit(call, answer);
    const wanted = backend === undefined ? undefined : this.#read(() => readTtl(call.request), answer);
    if (backend === undefined || wanted === undefined) return;
    if (wanted > SESSION_MILLIS_MAX)
      return answer(statusOf(this.#grpc, invalid("ttl_millis", `it is at most ${SESSION_MILLIS_MAX}`)));
    const ttlMillis = wanted === 0 ? SESSION_MILLIS : wanted;
    const out = new ByteWriter(32);
    putBytes(out, 1, sessionId(backend.wallClock() + ttlMillis, randomBytes(SESSION_RANDOM_BYTES)));
    putUnsigned(out, 2, ttlMillis);
    answer(null, out.slice());
  };

  /** The node; undefined if the call was refused. */
  #admit(call: Call, answer: Answer): KvBackend | undefined {
    const backend = this.#backend();
    const error = backend === undefined ? NOT_READY : refuseCaller(backend, call.metadata, call.getPeer());
    if (error === undefined) return backend;
    answer(statusOf(this.#grpc, error));
    return undefined;
  }

  /** What `read` makes of the request; undefined if the call was refused because it is malformed. */
  #read<T>(read: () => T, answer: Answer): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      answer(statusOf(this.#grpc, malformed(error)));
      return undefined;
    }
  }

  #handle(method: Method, call: Call, answer: Answer): void {
    const backend = this.#admit(call, answer);
    if (backend === undefined) return;
    const request = this.#read(() => readRequest(method, call.request), answer);
    if (request === undefined) return;
    const refused = checkRequest(request);
    if (refused !== undefined) return answer(statusOf(this.#grpc, refused));
    if (this.#lanes?.backend !== backend) this.#lanes = new KvLanes(backend, "grpc");
    const lanes = this.#lanes;
    const job: KvJob = {
      request,
      id: ONE_CALL,
      deadline: deadlineOf(call),
      answered: (reply) => this.#answer(typeof reply === "string" ? Buffer.from(reply, "latin1") : reply, answer),
      isOver: false,
    };
    call.once("cancelled", () => lanes.cancel(job));
    lanes.beginTurn();
    lanes.submit(job, performance.now());
  }

  close(): void {
    this.#lanes?.close();
  }

  /** Takes the reply of one call out of a `CallsReply`. */
  #answer(reply: Uint8Array, answer: Answer): void {
    const outer = new WireReader(reply);
    outer.next();
    const inner = new WireReader(reply, outer.at, reply.length);
    inner.at = outer.bytesField() && outer.start;
    let bytes: Uint8Array = new Uint8Array(0);
    let field = 0;
    while (inner.next()) {
      if (inner.wireType !== 2) {
        inner.skip();
        continue;
      }
      field = inner.field;
      const end = inner.bytesField();
      bytes = reply.subarray(inner.start, end);
    }
    if (field !== ERROR_FIELD) answer(null, bytes);
    else answer(this.#status(bytes));
  }

  #status(error: Uint8Array): ReturnType<typeof statusWith> {
    const reader = new WireReader(error);
    let code = 2;
    let message = "";
    let detail: Buffer = Buffer.alloc(0);
    while (reader.next()) {
      if (reader.field === 1) code = reader.unsigned();
      else {
        const end = reader.bytesField();
        const bytes = Buffer.from(error.subarray(reader.start, end));
        if (reader.field === 2) message = bytes.toString("latin1");
        else detail = bytes;
      }
    }
    return statusWith(this.#grpc, code, message, detail);
  }
}

function readTtl(bytes: Uint8Array): number {
  const reader = new WireReader(bytes);
  let ttlMillis = 0;
  while (reader.next()) {
    if (reader.field === 1) ttlMillis = reader.unsigned();
    else reader.skip();
  }
  return ttlMillis;
}

/** On the monotonic clock. */
export function deadlineOf(call: { getDeadline(): Date | number }): number {
  const deadline = call.getDeadline();
  const at = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(at) ? performance.now() + (at - Date.now()) : Number.POSITIVE_INFINITY;
}
