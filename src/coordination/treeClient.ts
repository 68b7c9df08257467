import { err, ok, type Result } from "../base/result.ts";
import type {
  Coordinator,
  CoordinatorError,
  CoordinatorSession,
  CreateOptions,
  MultiError,
  MultiOperation,
  MultiResult,
  ReadOptions,
  SessionEvent,
  Znode,
} from "../ports/coordinator.ts";
import type { Watch, WatchKind } from "./watchTable.ts";
import { checkOperations, checkPath } from "./znodePath.ts";
import type { ZnodeTree } from "./znodeTree.ts";

/** A question to a tree. */
export interface TreeRead<T> {
  readonly path: string;
  readonly sync: boolean;
  readonly watch: Watch | undefined;
  /** The answer, and what a watch has to be about for it; no answer leaves no watch. */
  ask(tree: ZnodeTree): Result<{ readonly answer: T; readonly about: WatchKind }, CoordinatorError>;
}

/** How the questions and changes of one session reach a tree. */
export interface TreeSession {
  readonly session: CoordinatorSession;
  onSession(listener: (event: SessionEvent) => void): () => void;
  read<T>(read: TreeRead<T>): Promise<Result<T, CoordinatorError>>;
  execute(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>>;
  close(): Promise<void>;
}

/** The port over a `ZnodeTree`, wherever that is. */
export class TreeClient implements Coordinator {
  readonly #session: TreeSession;

  constructor(session: TreeSession) {
    this.#session = session;
  }

  get session(): CoordinatorSession {
    return this.#session.session;
  }

  onSession(listener: (event: SessionEvent) => void): () => void {
    return this.#session.onSession(listener);
  }

  get(path: string, options: ReadOptions = {}): Promise<Result<Znode, CoordinatorError>> {
    return this.#read(path, options, (tree) => {
      const answer = tree.get(path);
      return answer === undefined ? err({ code: "no_node" }) : ok({ answer, about: "data" });
    });
  }

  exists(path: string, options: ReadOptions = {}): Promise<Result<boolean, CoordinatorError>> {
    return this.#read(path, options, (tree) => {
      const answer = tree.get(path) !== undefined;
      return ok({ answer, about: answer ? "data" : "absence" });
    });
  }

  children(path: string, options: ReadOptions = {}): Promise<Result<readonly string[], CoordinatorError>> {
    return this.#read(path, options, (tree) => {
      const answer = tree.children(path);
      return answer === undefined ? err({ code: "no_node" }) : ok({ answer, about: "children" });
    });
  }

  async create(path: string, data: string, options: CreateOptions): Promise<Result<string, CoordinatorError>> {
    const made = await this.#change({ op: "create", path, data, ...options });
    return made.ok ? ok((made.value as MultiResult & { op: "create" }).path) : made;
  }

  async replace(path: string, data: string, version: number): Promise<Result<number, CoordinatorError>> {
    const replaced = await this.#change({ op: "replace", path, data, version });
    return replaced.ok ? ok((replaced.value as MultiResult & { op: "replace" }).version) : replaced;
  }

  async delete(path: string, version: number): Promise<Result<void, CoordinatorError>> {
    const deleted = await this.#change({ op: "delete", path, version });
    return deleted.ok ? ok(undefined) : deleted;
  }

  async multi(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>> {
    if (this.session.state === "closed") return err({ code: "closed" });
    const checked = checkOperations(operations);
    return checked.ok ? this.#session.execute(operations) : checked;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #read<T>(
    path: string,
    { sync = false, watch }: ReadOptions,
    ask: TreeRead<T>["ask"],
  ): Promise<Result<T, CoordinatorError>> {
    if (this.session.state === "closed") return err({ code: "closed" });
    const checked = checkPath(path);
    return checked.ok ? this.#session.read({ path, sync, watch, ask }) : checked;
  }

  async #change(operation: MultiOperation): Promise<Result<MultiResult, CoordinatorError>> {
    const executed = await this.multi([operation]);
    if (executed.ok) return ok(executed.value[0]!);
    const { index: _index, ...error } = executed.error;
    return err(error as CoordinatorError);
  }
}
