import { err, ok, type Result } from "../../base/result.ts";
import type {
  CallRefusal,
  CopyRequest,
  HandOverRequest,
  MoveStepRequest,
  SnapshotRequest,
  TakeOverRequest,
  WorkerService,
} from "../../ports/workerCalls.ts";
import { SnapshotSource } from "../../storage/snapshotSource.ts";
import type { Node } from "../../worker/node.ts";
import { nodeStatus } from "../../worker/replication/nodeStatus.ts";

/** So much log may gather behind a snapshot before the learner is given up, and so long it has to ask for what follows. */
const LOG_BYTES_MAX = 1 << 30;
const LEARNER_MILLIS_MAX = 60_000;
const TAKE_OVER_MILLIS_MAX = 5_000;
const POLL_MILLIS = 10;

/** What a worker answers when others call it. */
export class WorkerAnswers implements WorkerService {
  node: Node | undefined;
  /** What slots and keys are asked for; set by who counts it. */
  heatReport: () => Promise<string> = () => Promise.resolve("{}");

  async takeOver({ epoch }: TakeOverRequest): Promise<Result<number, CallRefusal>> {
    const { node } = this;
    if (node === undefined) return err(STARTING);
    const { replica, replicator } = node;
    if (replica.epoch !== epoch) return err({ reason: "wrong_epoch", message: `the epoch is ${replica.epoch}` });
    if (replica.role !== "secondary") return err({ reason: "wrong_role", message: `this replica is ${replica.role}` });
    replica.secondary!.takeOver();
    replicator.run();
    const end = replicator.now() + TAKE_OVER_MILLIS_MAX;
    while (!replica.mayEvaluate && replicator.now() < end) await pass(node);
    if (replica.mayEvaluate) return ok(replica.epoch);
    return err({ reason: "not_yet", message: "it is not the primary yet; ask for its status" });
  }

  async handOver({ epoch, to }: HandOverRequest): Promise<Result<number, CallRefusal>> {
    const { node } = this;
    if (node === undefined) return err(STARTING);
    const { replica, replicator } = node;
    if (replica.epoch !== epoch) return err({ reason: "wrong_epoch", message: `the epoch is ${replica.epoch}` });
    if (replica.role !== "primary") return err({ reason: "wrong_role", message: `this replica is ${replica.role}` });
    if (!replica.handOver(to, true)) return err({ reason: "not_yet", message: `it cannot hand over to ${to} now` });
    replicator.run();
    const end = replicator.now() + TAKE_OVER_MILLIS_MAX;
    // Whoever withdraws goes on as the primary.
    while (replica.role === "primary" && !replica.mayEvaluate && replicator.now() < end) await pass(node);
    if (replica.role === "primary") return err({ reason: "not_yet", message: `${to} is not the primary yet` });
    while (replica.epoch === epoch && replicator.now() < end) await pass(node);
    if (replica.configuration?.primary.id === to) return ok(replica.epoch);
    return err({ reason: "another", message: `${replica.configuration?.primary.id} is the primary` });
  }

  async copySlots(request: CopyRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>> {
    return this.node?.moves?.copySlots(request) ?? err(STARTING);
  }

  async moveStep(request: MoveStepRequest): Promise<Result<number, CallRefusal>> {
    return this.node?.moves?.step(request) ?? err(STARTING);
  }

  heat(): Promise<string> {
    return this.heatReport();
  }

  async status(): Promise<string> {
    return JSON.stringify(this.node === undefined ? { role: "starting" } : nodeStatus(this.node));
  }

  async snapshot(_request: SnapshotRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>> {
    const { node } = this;
    if (node === undefined || (node.replica.role !== "primary" && node.replica.role !== "secondary"))
      return err(STARTING);
    const { engine, log, parts } = node;
    const source = await SnapshotSource.open({ engine, log, checksum: parts.checksum, logBytesMax: LOG_BYTES_MAX });
    return ok(this.#chunks(node, source));
  }

  async *#chunks({ parts }: Node, source: SnapshotSource): AsyncGenerator<Uint8Array> {
    try {
      yield* source.chunks();
    } finally {
      // The learner needs the log behind it next.
      parts.timers.after(LEARNER_MILLIS_MAX, () => source.retention.release());
      await source.close();
    }
  }

  isServing(): boolean {
    return this.node?.isReady ?? false;
  }
}

function pass({ parts }: Node): Promise<void> {
  return new Promise((resolve) => parts.timers.after(POLL_MILLIS, resolve));
}

const STARTING: CallRefusal = { reason: "not_ready", message: "this replica has no data to tell of" };
