import type { Seq } from "../../base/ids.ts";
import { invariant } from "../../base/invariant.ts";
import type { LogRecord } from "../../core/replica/message.ts";
import type { Log } from "../../storage/log/log.ts";

/** Records that one sync makes durable together are at most about so large. */
const BATCH_BYTES_MAX = 8 << 20;

type Step =
  | { readonly kind: "write"; readonly record: LogRecord; readonly generation: number }
  | { readonly kind: "truncate"; readonly after: Seq };

export interface LogQueueParts {
  readonly log: Log;
  /** Records are acknowledged when they are written, and synced later. */
  readonly inMemory: boolean;
  /** Resolves when the primary's own writing, if this was one, has ended. */
  readonly ownWritesEnded: () => Promise<void>;
  readonly onPersisted: (upTo: Seq, generation: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * What a primary has sent goes to this replica's log in the order in which it came: whatever arrives while the last sync is under
 * way is written together.
 */
export class LogQueue {
  readonly #parts: LogQueueParts;
  #steps: Step[] = [];
  #running: Promise<void> | undefined;
  #failed = false;

  constructor(parts: LogQueueParts) {
    this.#parts = parts;
  }

  add(step: Step): void {
    if (this.#failed) return;
    this.#steps.push(step);
    this.#running ??= this.#run()
      .catch((error: unknown) => {
        this.#failed = true;
        this.#parts.onFailure(error);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when everything that was added is done. */
  async ended(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    const { log, inMemory, ownWritesEnded } = this.#parts;
    await ownWritesEnded();
    while (this.#steps.length > 0) {
      const first = this.#steps[0]!;
      if (first.kind === "truncate") {
        this.#steps.shift();
        await log.truncateAfter(first.after);
      } else if (inMemory) this.#writeNow();
      else await this.#write();
    }
  }

  async #write(): Promise<void> {
    const { log, onPersisted } = this.#parts;
    const batch = this.#takeBatch();
    const adopted = await log.adopt(batch.map(({ record }) => record.bytes));
    invariant(adopted.ok, "records are checked when they arrive");
    const { record, generation } = batch.at(-1)!;
    onPersisted(record.lastSeq, generation);
  }

  #writeNow(): void {
    const { log, onPersisted } = this.#parts;
    for (const { record, generation } of this.#takeBatch()) {
      const adopted = log.adoptNow(record.bytes);
      invariant(adopted.ok, "records are checked when they arrive");
      onPersisted(record.lastSeq, generation);
    }
  }

  /** The writes up to the next truncation, as far as they fit together. */
  #takeBatch(): Extract<Step, { kind: "write" }>[] {
    const batch: Extract<Step, { kind: "write" }>[] = [];
    let bytes = 0;
    for (const step of this.#steps) {
      if (step.kind === "truncate" || (bytes > 0 && bytes + step.record.bytes.length > BATCH_BYTES_MAX)) break;
      batch.push(step);
      bytes += step.record.bytes.length;
    }
    this.#steps = this.#steps.slice(batch.length);
    return batch;
  }
}
