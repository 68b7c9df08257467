import type { Result } from "../../base/result.ts";
import type { CallRefusal, CopyRequest, MoveStepRequest } from "../../ports/workerCalls.ts";

/** What a move's source answers to its target. */
export interface MoveService {
  /** Frames of the slots' content and of what changes in it, until the caller gives up. */
  copySlots(request: CopyRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>>;
  /** Does a step, or has done it: the seq of its entry, which is committed. */
  step(request: MoveStepRequest): Promise<Result<number, CallRefusal>>;
}
