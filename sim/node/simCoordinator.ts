import { invariant } from "../../src/base/invariant.ts";
import type { Prng } from "../../src/base/prng.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import { TreeClient } from "../../src/coordination/treeClient.ts";
import { ZnodeTree } from "../../src/coordination/znodeTree.ts";
import type {
  Coordinator,
  MultiError,
  MultiOperation,
  MultiResult,
  SessionId,
  Znode,
} from "../../src/ports/coordinator.ts";
import type { Life, Scheduler } from "../kernel/scheduler.ts";
import { SimCoordinatorServer } from "./simCoordinatorServer.ts";
import { SimCoordinatorSession } from "./simCoordinatorSession.ts";

/** What may go wrong by itself, drawn for each operation. All zero: an ensemble without faults. */
export interface CoordinatorFaults {
  /** The connection breaks while a request is on its way, so many times in a thousand. */
  readonly breaksPerMille: number;
  /** A server may be so much later than the others in doing what was decided. */
  readonly lagMicrosMax: number;
  /** A watch may be told so much later. */
  readonly watchMicrosMax: number;
}

export const NO_COORDINATOR_FAULTS: CoordinatorFaults = { breaksPerMille: 0, lagMicrosMax: 0, watchMicrosMax: 0 };

export interface SimCoordinatorParts {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly faults?: CoordinatorFaults;
  /** After so long a silence a session ends (the coordinator notices up to a third later). */
  readonly sessionMillis?: number;
  /** One way takes at most so long. */
  readonly latencyMicrosMax?: number;
}

/** Something that the ensemble has decided, in the order of decision. */
export type Decided =
  | { readonly kind: "executed"; readonly operations: readonly MultiOperation[]; readonly session: SessionId }
  | { readonly kind: "ended"; readonly session: SessionId };

interface HeldSession {
  readonly client: SimCoordinatorSession;
  heardMicros: number;
}

const SERVERS = 3;
const SESSION_MILLIS = 2000;
const LATENCY_MICROS_MAX = 1000;
const CHECKS_PER_SESSION = 3;

/**
 * A ZooKeeper ensemble in virtual time. It outlives the processes. A majority always decides at once; but each of the servers does
 * what was decided in its own time, each client talks to one of them, and what is between them may break: then a change has
 * happened, or has not, or happens later. Faults come by chance (`CoordinatorFaults`) and by calls.
 */
export class SimCoordinator {
  readonly parts: Required<SimCoordinatorParts>;
  readonly servers: readonly SimCoordinatorServer[];
  /** Told of every change as it was asked for, when it is executed. */
  onExecuted: (operations: readonly MultiOperation[]) => void = () => undefined;
  /** A bug that is put in: what is executed instead. */
  bend: ((operation: MultiOperation, present: Znode | undefined) => MultiOperation) | undefined;
  readonly #tree = new ZnodeTree();
  readonly #decided: Decided[] = [];
  readonly #sessions = new Map<SessionId, HeldSession>();
  readonly #clients = new Map<string, SimCoordinatorSession>();
  #sessionsMade = 0;

  constructor({
    faults = NO_COORDINATOR_FAULTS,
    sessionMillis = SESSION_MILLIS,
    latencyMicrosMax = LATENCY_MICROS_MAX,
    ...parts
  }: SimCoordinatorParts) {
    this.parts = { ...parts, faults, sessionMillis, latencyMicrosMax };
    this.servers = Array.from({ length: SERVERS }, () => new SimCoordinatorServer(this.parts, this.#decided));
  }

  /** A client by the name of `name`, of the process that `life` is; a later one takes the name over. */
  connect(name: string, life: Life): Coordinator {
    const client = new SimCoordinatorSession(this, name, life);
    this.#clients.set(name, client);
    client.begin();
    return new TreeClient(client);
  }

  /** Ends the connection of a client; there is none again before `heal`. With "answers", what it says is heard for a while. */
  cut(name: string, what: "both" | "answers" = "both"): void {
    this.#client(name).cut(what === "answers");
  }

  heal(name: string): void {
    this.#client(name).heal();
  }

  /** Breaks the connection once: what is on its way may or may not arrive, its answers do not. */
  loseReplies(name: string): void {
    this.#client(name).break();
  }

  /** Ends a client's session while its process lives, which hears of it later. */
  expire(name: string): void {
    const { id } = this.#client(name);
    if (id !== undefined) this.endSession(id);
    this.#client(name).break();
  }

  /** The client's server does nothing of what is decided from now on, until `micros` have passed; `sync` makes it. */
  lag(name: string, micros: number): void {
    this.#client(name).server.pause(micros);
  }

  /** Nothing is late and nothing breaks by chance from now on; who is cut stays cut. */
  calm(): void {
    (this.parts as { faults: CoordinatorFaults }).faults = NO_COORDINATOR_FAULTS;
  }

  /** What is true, for invariants. */
  peek(path: string): string | undefined {
    return this.#tree.get(path)?.data;
  }

  /** How often the znode was replaced, in truth; nothing if it is not there. */
  versionOf(path: string): number | undefined {
    return this.#tree.get(path)?.version;
  }

  /** The names of a znode's children, in truth. */
  childrenOf(path: string): readonly string[] {
    return this.#tree.children(path) ?? [];
  }

  // For sessions.

  newSession(client: SimCoordinatorSession): SessionId {
    const id = (++this.#sessionsMade).toString(16);
    this.#sessions.set(id, { client, heardMicros: this.parts.scheduler.nowMicros });
    this.#checkLater(id);
    return id;
  }

  hasSession(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  /** How much was decided so far. */
  get decidedCount(): number {
    return this.#decided.length;
  }

  /** Decides about a change now. Nothing, if its session is over: then it never happens. */
  execute(
    operations: readonly MultiOperation[],
    session: SessionId,
  ): Result<readonly MultiResult[], MultiError> | undefined {
    if (!this.#sessions.has(session)) return undefined;
    const { bend } = this;
    const bent = bend === undefined ? operations : operations.map((each) => bend(each, this.#tree.get(each.path)));
    const executed = this.#tree.execute(bent, session);
    if (!executed.ok) return err(executed.error);
    this.#decide({ kind: "executed", operations: bent, session });
    this.onExecuted(operations);
    return ok(executed.value.results);
  }

  endSession(id: SessionId): void {
    if (!this.#sessions.delete(id)) return;
    this.#tree.endSession(id);
    this.#decide({ kind: "ended", session: id });
  }

  #decide(decided: Decided): void {
    this.#decided.push(decided);
    for (const server of this.servers) server.learn(this.#decided.length);
  }

  /** Looks whether the session's process is still heard. What a live client sends between two looks is not played. */
  #checkLater(id: SessionId): void {
    const { scheduler, sessionMillis } = this.parts;
    const micros = Math.floor((sessionMillis * 1000) / CHECKS_PER_SESSION);
    scheduler.after(micros, undefined, "coordinator session", () => {
      const session = this.#sessions.get(id);
      if (session === undefined) return;
      if (session.client.isHeard(id)) session.heardMicros = scheduler.nowMicros;
      if (scheduler.nowMicros - session.heardMicros >= sessionMillis * 1000) this.endSession(id);
      else this.#checkLater(id);
    });
  }

  #client(name: string): SimCoordinatorSession {
    const client = this.#clients.get(name);
    invariant(client !== undefined, `no client of the coordinator is called ${name}`);
    return client;
  }
}
