import type { Random } from "../../base/random.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { WatchKind } from "../../coordination/watchTable.ts";
import { checkOperations, checkPath } from "../../coordination/znodePath.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
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
} from "../../ports/coordinator.ts";
import type { ZookeeperTls } from "./connection.ts";
import { parseConnectString } from "./connectString.ts";
import { type Operation, Operations } from "./operations.ts";
import { errorOf } from "./protocol.ts";
import type { Outcome } from "./requests.ts";
import { ZookeeperSession } from "./session.ts";

export interface ZookeeperOptions {
  /** `h1:2181,h2:2181/path`: every server, and the znode that is the port's root. */
  readonly connectString: string;
  /** Time without a server after which the session, and its znodes, end. The servers keep it within 2 to 20 of their ticks. */
  readonly sessionMillis?: number;
  /** `user:password`: authenticates with it, and makes znodes that nobody else may read or change. */
  readonly auth?: string;
  readonly tls?: ZookeeperTls;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const SESSION_MILLIS_DEFAULT = 4000;

/** The coordinator that ZooKeeper (3.5 or later) is; it speaks ZooKeeper's protocol itself (ADR 0012). */
export class ZookeeperCoordinator implements Coordinator {
  readonly #session: ZookeeperSession;
  readonly #operations: Operations;

  private constructor(session: ZookeeperSession, operations: Operations) {
    this.#session = session;
    this.#operations = operations;
  }

  /**
   * Begins to look for a server, and goes on until `close`; answers at once, or says what is wrong with the settings. The znode
   * that the chroot names must be there, see `makePath`.
   */
  static connect(options: ZookeeperOptions): Result<ZookeeperCoordinator, string> {
    const { connectString, sessionMillis = SESSION_MILLIS_DEFAULT, auth, tls, clock, timers, random } = options;
    const parsed = parseConnectString(connectString);
    if (!parsed.ok) return parsed;
    if (auth !== undefined && !/^[^:]+:/.test(auth))
      return err("the ZooKeeper user and password are given as user:password");
    const { servers, chroot } = parsed.value;
    const session = new ZookeeperSession({ servers, sessionMillis, auth, tls, clock, timers, random });
    return ok(new ZookeeperCoordinator(session, new Operations(chroot, auth === undefined ? "world" : "creator")));
  }

  get session(): CoordinatorSession {
    return this.#session.session;
  }

  onSession(listener: (event: SessionEvent) => void): () => void {
    return this.#session.onSession(listener);
  }

  get(path: string, options: ReadOptions = {}): Promise<Result<Znode, CoordinatorError>> {
    return this.#read(path, options, this.#operations.get(path, options.watch !== undefined), "data");
  }

  async exists(path: string, options: ReadOptions = {}): Promise<Result<boolean, CoordinatorError>> {
    const operation = this.#operations.exists(path, options.watch !== undefined);
    const found = await this.#read<boolean>(path, options, operation, "data", "absence");
    return !found.ok && found.error.code === "no_node" ? ok(false) : found;
  }

  children(path: string, options: ReadOptions = {}): Promise<Result<readonly string[], CoordinatorError>> {
    return this.#read(path, options, this.#operations.children(path, options.watch !== undefined), "children");
  }

  create(path: string, data: string, options: CreateOptions): Promise<Result<string, CoordinatorError>> {
    const checked = checkOperations([{ op: "create", path, data, ...options }]);
    return checked.ok
      ? this.#ask(this.#operations.create(path, data, options))
      : Promise.resolve(withoutIndex(checked));
  }

  replace(path: string, data: string, version: number): Promise<Result<number, CoordinatorError>> {
    const checked = checkOperations([{ op: "replace", path, data, version }]);
    return checked.ok
      ? this.#ask(this.#operations.replace(path, data, version))
      : Promise.resolve(withoutIndex(checked));
  }

  delete(path: string, version: number): Promise<Result<void, CoordinatorError>> {
    const checked = checkOperations([{ op: "delete", path, version }]);
    return checked.ok ? this.#ask(this.#operations.delete(path, version)) : Promise.resolve(withoutIndex(checked));
  }

  async multi(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>> {
    const checked = checkOperations(operations);
    if (!checked.ok) return checked;
    const outcome = await this.#ask(this.#operations.multi(operations));
    if (!outcome.ok) return outcome;
    return outcome.value.refused === undefined ? ok(outcome.value.results) : err(outcome.value.refused);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Reads, having synced before if that is asked for: the server then has done what was decided before. */
  async #read<T>(
    path: string,
    { sync, watch }: ReadOptions,
    operation: Operation<T>,
    found: WatchKind,
    absent?: WatchKind,
  ): Promise<Result<T, CoordinatorError>> {
    const checked = checkPath(path);
    if (!checked.ok) return checked;
    const synced = sync === true ? this.#ask(this.#operations.sync(path)) : undefined;
    const answer = await this.#ask(operation, (error) => {
      // Before anything else that the server says is read: the next may be the event.
      const about = error === undefined ? found : error.code === "no_node" ? absent : undefined;
      if (watch !== undefined && about !== undefined) {
        this.#session.watches.add(about, this.#operations.full(path), watch);
      }
    });
    const before = await synced;
    return before?.ok === false ? before : answer;
  }

  #ask<T>(
    operation: Operation<T>,
    settled: (error: CoordinatorError | undefined) => void = () => undefined,
  ): Promise<Result<T, CoordinatorError>> {
    return new Promise((resolve) => {
      this.#session.request(operation, (outcome) => {
        const result = resultOf(operation, outcome);
        settled(result.ok ? undefined : result.error);
        resolve(result);
      });
    });
  }
}

/** Throws `MalformedBytes` when the answer is none; then the request is still open, and fails with its connection. */
function resultOf<T>(operation: Operation<T>, outcome: Outcome): Result<T, CoordinatorError> {
  switch (outcome.kind) {
    case "answered":
      return ok(operation.read(outcome.body));
    case "refused":
      return err(errorOf(outcome.code, operation.isChange));
    case "failed":
      return err(outcome.error);
  }
}

function withoutIndex(refused: { readonly ok: false; readonly error: CoordinatorError & { readonly index?: number } }) {
  const { index: _index, ...error } = refused.error;
  return err(error as CoordinatorError);
}
