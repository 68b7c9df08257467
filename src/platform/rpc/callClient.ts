import type { CallOptions, Client, ClientReadableStream, ClientUnaryCall, ServiceError } from "@grpc/grpc-js";
import { err, ok, type Result } from "../../base/result.ts";
import type {
  CallError,
  CopyRequest,
  HandOverRequest,
  MoveStepRequest,
  SnapshotLimits,
  SnapshotRequest,
  SnapshotSink,
  SnapshotTotal,
  SnapshotTransfer,
  TakeOverRequest,
  WorkerCaller,
  WorkerTarget,
} from "../../ports/workerCalls.ts";
import { SnapshotAssembler } from "./snapshotStream.ts";
import { type Grpc, REASON_KEY, type SnapshotPart, WRONG_TARGET } from "./workerMessages.ts";

type Unary = (
  request: object,
  options: CallOptions,
  answer: (error: ServiceError | null, reply: unknown) => void,
) => ClientUnaryCall;

type Question = "takeOver" | "status" | "handOver" | "moveStep" | "heat";

/** The methods that the service's description gives a client. */
export interface WorkerStub extends Client {
  readonly takeOver: Unary;
  readonly status: Unary;
  readonly handOver: Unary;
  readonly moveStep: Unary;
  readonly heat: Unary;
  snapshot(request: object, options: CallOptions): ClientReadableStream<SnapshotPart>;
  copySlots(request: object, options: CallOptions): ClientReadableStream<SnapshotPart>;
}

/** Calls one worker. */
export class GrpcCaller implements WorkerCaller {
  readonly #grpc: Grpc;
  readonly #stub: WorkerStub;
  readonly #target: WorkerTarget;

  constructor(grpc: Grpc, stub: WorkerStub, target: WorkerTarget) {
    this.#grpc = grpc;
    this.#stub = stub;
    this.#target = target;
  }

  async takeOver({ epoch }: TakeOverRequest, deadlineMillis: number): Promise<Result<number, CallError>> {
    const reply = await this.#ask<{ readonly epoch: number }>("takeOver", { epoch }, deadlineMillis);
    return reply.ok ? ok(reply.value.epoch) : reply;
  }

  async status(deadlineMillis: number): Promise<Result<string, CallError>> {
    const reply = await this.#ask<{ readonly json: string }>("status", {}, deadlineMillis);
    return reply.ok ? ok(reply.value.json) : reply;
  }

  snapshot(request: SnapshotRequest, sink: SnapshotSink, limits: SnapshotLimits): SnapshotTransfer {
    const message = { ...request, target: this.#target };
    return this.#transfer(this.#stub.snapshot(message, deadlineOf(limits)), sink, limits);
  }

  copySlots({ move, slots, from }: CopyRequest, sink: SnapshotSink, limits: SnapshotLimits): SnapshotTransfer {
    const ranges = slots.map(([first, last]) => ({ from: first, to: last }));
    const message = { move, slots: ranges, from, target: this.#target };
    return this.#transfer(this.#stub.copySlots(message, deadlineOf(limits)), sink, limits);
  }

  async handOver(request: HandOverRequest, deadlineMillis: number): Promise<Result<number, CallError>> {
    const reply = await this.#ask<{ readonly epoch: number }>("handOver", request, deadlineMillis);
    return reply.ok ? ok(reply.value.epoch) : reply;
  }

  async moveStep(request: MoveStepRequest, deadlineMillis: number): Promise<Result<number, CallError>> {
    const reply = await this.#ask<{ readonly seq: number }>("moveStep", request, deadlineMillis);
    return reply.ok ? ok(reply.value.seq) : reply;
  }

  async heat(deadlineMillis: number): Promise<Result<string, CallError>> {
    const reply = await this.#ask<{ readonly json: string }>("heat", {}, deadlineMillis);
    return reply.ok ? ok(reply.value.json) : reply;
  }

  #transfer(stream: ClientReadableStream<SnapshotPart>, sink: SnapshotSink, limits: SnapshotLimits): SnapshotTransfer {
    // A cancelled stream may fail after nobody listens to it any more.
    stream.on("error", () => undefined);
    return { done: this.#receive(stream, sink, limits.idleMillisMax), cancel: () => stream.cancel() };
  }

  close(): void {
    this.#stub.close();
  }

  async #receive(
    stream: ClientReadableStream<SnapshotPart>,
    sink: SnapshotSink,
    idleMillisMax: number,
  ): Promise<Result<SnapshotTotal, CallError>> {
    const assembler = new SnapshotAssembler(sink);
    let isIdle = false;
    const watch = setTimeout(() => {
      isIdle = true;
      stream.cancel();
    }, idleMillisMax);
    let isInSink = false;
    try {
      for await (const part of stream as AsyncIterable<SnapshotPart>) {
        watch.refresh();
        isInSink = true;
        const fault = await assembler.take(part);
        isInSink = false;
        watch.refresh();
        if (fault !== undefined) return err({ code: "damaged", message: fault });
      }
    } catch (error) {
      if (isInSink) throw error;
      const message = `nothing came for ${idleMillisMax} ms`;
      return isIdle ? err({ code: "deadline", message }) : err(this.#callError(error as ServiceError));
    } finally {
      clearTimeout(watch);
      stream.cancel();
    }
    return assembler.total === undefined
      ? err({ code: "damaged", message: "the snapshot has no end" })
      : ok(assembler.total);
  }

  #ask<T>(method: Question, message: object, deadlineMillis: number): Promise<Result<T, CallError>> {
    const options = { deadline: Date.now() + deadlineMillis };
    return new Promise((resolve) => {
      this.#stub[method]({ ...message, target: this.#target }, options, (error, reply) =>
        resolve(error === null ? ok(reply as T) : err(this.#callError(error))),
      );
    });
  }

  #callError(error: ServiceError): CallError {
    const { status } = this.#grpc;
    const message = error.details || error.message;
    switch (error.code) {
      case status.UNAVAILABLE:
        return { code: "unavailable", message };
      case status.DEADLINE_EXCEEDED:
        return { code: "deadline", message };
      case status.CANCELLED:
        return { code: "cancelled", message };
      case status.FAILED_PRECONDITION: {
        const reason = String(error.metadata?.get(REASON_KEY)[0] ?? "unknown");
        return reason === WRONG_TARGET ? { code: "wrong_target", message } : { code: "refused", reason, message };
      }
      default:
        return { code: "failed", message };
    }
  }
}

function deadlineOf({ deadlineMillis }: SnapshotLimits): CallOptions {
  return { deadline: Date.now() + deadlineMillis };
}
