import type { ServerUnaryCall, ServerWritableStream, ServiceError, sendUnaryData } from "@grpc/grpc-js";
import { InvariantViolation, invariant } from "../../base/invariant.ts";
import type { Result } from "../../base/result.ts";
import {
  type CallRefusal,
  MOVE_STEPS,
  STATUS_BYTES_MAX,
  type WorkerServe,
  type WorkerTarget,
  wrongTarget,
} from "../../ports/workerCalls.ts";
import { CLUSTER_SERVICE } from "./clusterMessages.ts";
import { SnapshotCutter } from "./snapshotStream.ts";
import {
  type CopyMessage,
  type HandOverMessage,
  type LoadedGrpc,
  type MoveStepMessage,
  REASON_KEY,
  type SnapshotMessage,
  type SnapshotPart,
  type TakeOverMessage,
  type TargetMessage,
  WRONG_TARGET,
} from "./workerMessages.ts";

/** A learner that takes nothing for so long has gone. */
const LEARNER_IDLE_MILLIS_MAX = 10_000;

type PartsCall<M> = ServerWritableStream<M, SnapshotPart>;
type Pieces = Result<AsyncIterable<Uint8Array>, CallRefusal>;

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
      return { epoch: this.#taken(await this.#service.takeOver({ epoch: call.request.epoch })) };
    });
  }

  handOver(call: ServerUnaryCall<HandOverMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => {
      const { epoch, to } = call.request;
      return { epoch: this.#taken(await this.#service.handOver({ epoch, to })) };
    });
  }

  moveStep(call: ServerUnaryCall<MoveStepMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => {
      const { move } = call.request;
      const step = MOVE_STEPS.find((each) => each === call.request.step);
      if (step === undefined) throw this.#refusal({ reason: "no_such_step", message: "it knows no such step" });
      return { seq: this.#taken(await this.#service.moveStep({ move, step })) };
    });
  }

  heat(call: ServerUnaryCall<TargetMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => ({ json: checkedLength(await this.#service.heat()) }));
  }

  status(call: ServerUnaryCall<TargetMessage, unknown>, answer: sendUnaryData<unknown>): void {
    this.#answer(call.request, answer, async () => ({ json: checkedLength(await this.#service.status()) }));
  }

  snapshot(call: PartsCall<SnapshotMessage>): void {
    const { attempt, from } = call.request;
    this.#send(call, () => this.#service.snapshot({ attempt, from }));
  }

  copySlots(call: PartsCall<CopyMessage>): void {
    const { move, slots, from } = call.request;
    this.#send(call, () =>
      this.#service.copySlots({ move, slots: slots.map((range) => [range.from, range.to]), from }),
    );
  }

  #send<M extends TargetMessage>(call: PartsCall<M>, open: () => Promise<Pieces>): void {
    this.#sendPieces(call, open).catch((error: unknown) => {
      // What the library turns into the call's status; `destroy` would send none.
      call.emit("error", this.#failure(error));
    });
  }

  check(call: ServerUnaryCall<{ readonly service: string }, unknown>, answer: sendUnaryData<unknown>): void {
    const { service } = call.request;
    const isKnown = ["", "holdfast.internal.v1.Worker", CLUSTER_SERVICE, "holdfast.v1.Kv"].includes(service);
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

  async #sendPieces<M extends TargetMessage>(call: PartsCall<M>, open: () => Promise<Pieces>): Promise<void> {
    await this.#checkTarget(call.request);
    const pieces = this.#taken(await open())[Symbol.asyncIterator]();
    // The source may have nothing to give for long: it hears at once that nobody wants it any more.
    call.once("cancelled", () => void pieces.return?.());
    if (call.cancelled) return void (await pieces.return?.());
    const cutter = new SnapshotCutter();
    for await (const piece of { [Symbol.asyncIterator]: () => pieces }) {
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

  #taken<T>(answer: Result<T, CallRefusal>): T {
    if (answer.ok) return answer.value;
    throw this.#refusal(answer.error);
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

function checkedLength(json: string): string {
  invariant(Buffer.byteLength(json) <= STATUS_BYTES_MAX, "a text is longer than the limit");
  return json;
}

/** Sends a part and waits until there is room for the next; false if the learner is not there any more. */
function written<M>(call: PartsCall<M>, part: SnapshotPart): Promise<boolean> {
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
