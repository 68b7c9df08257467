import { ok, type Result } from "../base/result.ts";
import type { TreeRead, TreeSession } from "../coordination/treeClient.ts";
import { type Watch, WatchTable } from "../coordination/watchTable.ts";
import type { ZnodeEvent, ZnodeTree } from "../coordination/znodeTree.ts";
import type {
  CoordinatorError,
  CoordinatorSession,
  MultiError,
  MultiOperation,
  MultiResult,
  SessionId,
} from "../ports/coordinator.ts";

export interface EmbeddedSessionParts {
  readonly tree: ZnodeTree;
  /** Resolves when the changes asked for before are decided. */
  readonly settled: () => Promise<unknown>;
  readonly execute: (operations: readonly MultiOperation[]) => Promise<Result<readonly MultiResult[], MultiError>>;
  /** Removes the session's znodes. */
  readonly end: () => Promise<void>;
}

/** A session with the embedded coordinator. */
export class EmbeddedSession implements TreeSession {
  readonly id: SessionId;
  readonly #parts: EmbeddedSessionParts;
  readonly #watches = new WatchTable();
  #isClosed = false;

  constructor(id: SessionId, parts: EmbeddedSessionParts) {
    this.id = id;
    this.#parts = parts;
  }

  get session(): CoordinatorSession {
    return { id: this.id, state: this.#isClosed ? "closed" : "connected" };
  }

  /** Connected from its beginning to its end: there is nothing to tell. */
  onSession(): () => void {
    return () => undefined;
  }

  async read<T>({ path, watch, ask }: TreeRead<T>): Promise<Result<T, CoordinatorError>> {
    await this.#parts.settled();
    const read = ask(this.#parts.tree);
    if (!read.ok) return read;
    if (watch !== undefined) this.#watches.add(read.value.about, path, watch);
    return ok(read.value.answer);
  }

  execute(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>> {
    return this.#parts.execute(operations);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#parts.end();
  }

  /** The coordinator has executed something. */
  happened(events: readonly ZnodeEvent[]): void {
    for (const event of events) for (const watch of this.#watches.take(event)) this.#call(watch);
  }

  /** In a turn of its own, not within somebody's change. */
  #call(watch: Watch): void {
    queueMicrotask(() => {
      if (!this.#isClosed) watch();
    });
  }
}
