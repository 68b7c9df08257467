import type { ServerUnaryCall, ServerWritableStream, ServiceError, sendUnaryData } from "@grpc/grpc-js";
import { InvariantViolation, invariant } from "../../base/invariant.ts";
import {
  type CallRefusal,
  STATUS_BYTES_MAX,
  type WorkerServe,
  type WorkerTarget,
  wrongTarget,
} from "../../ports/workerCalls.ts";
import { SnapshotCutter } from "./snapshotStream.ts";
import {
  type LoadedGrpc,
  REASON_KEY,
  type SnapshotMessage,
  type SnapshotPart,
  type TakeOverMessage,
  type TargetMessage,
  WRONG_TARGET,
} from "./workerMessages.ts";

/** A learner that takes nothing for so long has gone. */
const LEARNER_IDLE_MILLIS_MAX = 10_000;

type SnapshotCall = ServerWritableStream<SnapshotMessage, SnapshotPart>;

/** Translates calls to a worker's service, and its answers back. */
export class CallTranslator {
  readonly #loaded: LoadedGrpc;
  readonly #self: WorkerTarget;
  readonly #service: WorkerServe["service"];

  constructor(loaded: LoadedGrpc, { self, service }: WorkerServe) {
    this.#loaded = loaded;
    this.#self = self;
    this.#service = service;
  }

  takeOver(call: ServerUnaryCall<TakeOverMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => {
      const taken = await this.#service.takeOver({ epoch: call.request.epoch });
      if (taken.ok) return { epoch: taken.value };
      throw this.#refusal(taken.error);
    });
  }

  status(call: ServerUnaryCall<TargetMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => {
      const json = await this.#service.status();
      invariant(Buffer.byteLength(json) <= STATUS_BYTES_MAX, "a status is longer than the limit");
      return { json };
    });
  }

  snapshot(call: SnapshotCall): void {
    this.#sendSnapshot(call).catch((error: unknown) => {
      // What the library turns into the call's status; `destroy` would send none.
      call.emit("error", this.#failure(error));
    });
  }

  check(call: ServerUnaryCall<{ readonly service: string }, unknown>, answer: sendUnaryData<unknown>): void {
    const { service } = call.request;
    const isKnown = service === "" || service === "holdfast.internal.v1.Worker";
    if (isKnown) answer(null, { status: this.#service.isServing() ? "SERVING" : "NOT_SERVING" });
    else answer({ code: this.#loaded.grpc.status.NOT_FOUND, details: "there is no such service" });
  }

  #answer(request: TargetMessage, answer: sendUnaryData<unknown>, run: () => Promise<unknown>): void {
    this.#checkTarget(request)
      .then(run)
      .then(
        (reply) => answer(null, reply),
        (error: unknown) => answer(this.#failure(error)),
      );
  }

  async #checkTarget({ target }: TargetMessage): Promise<void> {
    const message = wrongTarget(target ?? { cluster: "", group: "", replica: "" }, this.#self);
    if (message !== undefined) throw this.#refusal({ reason: WRONG_TARGET, message });
  }

  async #sendSnapshot(call: SnapshotCall): Promise<void> {
    const { attempt, from } = call.request;
    await this.#checkTarget(call.request);
    const opened = await this.#service.snapshot({ attempt, from });
    if (!opened.ok) throw this.#refusal(opened.error);
    const cutter = new SnapshotCutter();
    for await (const piece of opened.value) {
      for (const part of cutter.cut(piece)) {
        // Leaving the loop lets the source clean up.
        if (call.cancelled || !(await written(call, part))) return;
      }
      if (call.cancelled) return;
    }
    // `end` takes metadata here, no last message.
    call.write(cutter.end());
    call.end();
  }

  #refusal({ reason, message }: CallRefusal): Partial<ServiceError> {
    const metadata = new this.#loaded.grpc.Metadata();
    metadata.set(REASON_KEY, reason);
    return { code: this.#loaded.grpc.status.FAILED_PRECONDITION, details: message, metadata };
  }

  #failure(error: unknown): ServiceError {
    // A bug is not an answer: it must reach the top.
    if (error instanceof InvariantViolation) {
      setImmediate(() => {
        throw error;
      });
    }
    if (!(error instanceof Error))
      return Object.assign(new Error("refused"), error as Partial<ServiceError>) as ServiceError;
    const failed = { code: this.#loaded.grpc.status.INTERNAL, details: error.message };
    return Object.assign(new Error(error.message), failed) as unknown as ServiceError;
  }
}

/** Sends a part and waits until there is room for the next; false if the learner is not there any more. */
function written(call: SnapshotCall, part: SnapshotPart): Promise<boolean> {
  if (call.write(part)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => (): void => {
      clearTimeout(timer);
      call.off("drain", drained);
      call.off("cancelled", gone);
      call.off("close", gone);
      resolve(isThere);
    };
    const drained = settle(true);
    const gone = settle(false);
    const timer = setTimeout(() => {
      call.emit("error", new Error("the learner takes nothing"));
      gone();
    }, LEARNER_IDLE_MILLIS_MAX);
    call.once("drain", drained);
    call.once("cancelled", gone);
    call.once("close", gone);
  });
}
