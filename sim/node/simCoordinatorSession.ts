import { err, ok, type Result } from "../../src/base/result.ts";
import type { TreeRead, TreeSession } from "../../src/coordination/treeClient.ts";
import { type Watch, WatchTable } from "../../src/coordination/watchTable.ts";
import type {
  CoordinatorError,
  CoordinatorSession,
  MultiError,
  MultiOperation,
  MultiResult,
  SessionEvent,
  SessionId,
} from "../../src/ports/coordinator.ts";
import type { Life } from "../kernel/scheduler.ts";
import type { SimCoordinator } from "./simCoordinator.ts";
import type { SimCoordinatorServer } from "./simCoordinatorServer.ts";

/** Something asked of the coordinator. */
interface Request {
  readonly isChange: boolean;
  /** Done where the request arrives; what it returns is done where the answer arrives. Nothing, if the session is over. */
  readonly arrive: () => (() => void) | undefined;
  readonly fail: (error: CoordinatorError) => void;
  connection: number;
  hasArrived: boolean;
  isLost: boolean;
}

/** What becomes of a client's words when its connection breaks. */
export interface Break {
  /** What it goes on saying until it notices is still heard. */
  readonly isHeard: boolean;
}

const RECONNECT_MICROS_MAX = 50_000;

/** One client of the simulated ensemble: what the ZooKeeper adapter is in the real world. */
export class SimCoordinatorSession implements TreeSession {
  server: SimCoordinatorServer;
  id: SessionId | undefined;
  readonly #coordinator: SimCoordinator;
  readonly #name: string;
  readonly #life: Life;
  readonly #watches = new WatchTable();
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #inFlight = new Set<Request>();
  readonly #queue: Request[] = [];
  #state: CoordinatorSession["state"] = "connecting";
  /** Counts connections; what belongs to an earlier one is not answered. */
  #connection = 0;
  #link: "up" | "deaf" | "dead" = "dead";
  #isCut = false;
  #hadSession = false;
  #brokenMicros = 0;
  /** A session given up for lost, which the coordinator may still have. */
  #abandoned: SessionId | undefined;
  /** How much of what was decided this client has seen; no server that has done less will do. */
  #seen = 0;
  #lastArrivalMicros = 0;
  #lastAnswerMicros = 0;
  #unlisten: () => void = () => undefined;

  constructor(coordinator: SimCoordinator, name: string, life: Life) {
    this.#coordinator = coordinator;
    this.#name = name;
    this.#life = life;
    this.server = coordinator.servers[0]!;
  }

  get session(): CoordinatorSession {
    return { id: this.id, state: this.#state };
  }

  onSession(listener: (event: SessionEvent) => void): () => void {
    const own = (event: SessionEvent): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  begin(): void {
    this.#reconnectLater();
  }

  async read<T>({ path, sync, watch, ask }: TreeRead<T>): Promise<Result<T, CoordinatorError>> {
    return new Promise((resolve) => {
      const arrive = () => {
        const { server } = this;
        server.catchUp(sync ? this.#coordinator.decidedCount : this.#seen);
        const at = server.done;
        const read = ask(server.tree);
        return () => {
          this.#seen = Math.max(this.#seen, at);
          if (read.ok && watch !== undefined) this.#leave(read.value.about, path, watch, at);
          resolve(read.ok ? ok(read.value.answer) : read);
        };
      };
      this.#submit(false, arrive, (error) => resolve(err(error)));
    });
  }

  execute(operations: readonly MultiOperation[]): Promise<Result<readonly MultiResult[], MultiError>> {
    return new Promise((resolve) => {
      const { id } = this;
      const arrive = () => {
        const session = id ?? this.id;
        const executed = session === undefined ? undefined : this.#coordinator.execute(operations, session);
        if (executed === undefined) return undefined;
        const at = this.#coordinator.decidedCount;
        this.server.catchUp(at);
        return () => {
          this.#seen = Math.max(this.#seen, at);
          resolve(executed);
        };
      };
      this.#submit(true, arrive, (error) => resolve(err(error)));
    });
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const { id, isAttached } = this;
    this.#state = "closed";
    this.#failQueue({ code: "closed" });
    if (id === undefined || !isAttached) return;
    await new Promise<void>((resolve) => {
      const arrive = () => {
        this.#coordinator.endSession(id);
        return resolve;
      };
      this.#send(this.#request(true, arrive, () => resolve()));
    });
    this.#link = "dead";
    this.#unlisten();
  }

  // Faults

  cut(isHeard: boolean): void {
    this.#isCut = true;
    this.break({ isHeard });
  }

  heal(): void {
    this.#isCut = false;
    if (!this.isAttached && this.#state !== "closed") this.#reconnectLater();
  }

  /** Breaks the connection; the client notices at once, or when two thirds of the session have passed in silence. */
  break({ isHeard }: Break = { isHeard: this.#prng.chance(1, 3) }): void {
    if (this.#link !== "up") return;
    const { scheduler, sessionMillis, latencyMicrosMax } = this.#coordinator.parts;
    this.#link = isHeard ? "deaf" : "dead";
    this.#brokenMicros = scheduler.nowMicros;
    this.#unlisten();
    const connection = ++this.#connection;
    for (const request of this.#inFlight) if (!request.hasArrived) this.#lead(request);
    const silence = Math.floor((sessionMillis * 1000 * 2) / 3);
    const micros = this.#prng.chance(1, 2) ? this.#prng.between(1, latencyMicrosMax) : silence;
    this.#later(micros, () => {
      if (connection === this.#connection) this.#noticed();
    });
  }

  /** Whether the coordinator hears this session at present. */
  isHeard(id: SessionId): boolean {
    return this.#life.alive && this.id === id && this.#link !== "dead";
  }

  get isAttached(): boolean {
    return this.#state === "connected";
  }

  get #prng() {
    return this.#coordinator.parts.prng;
  }

  // Requests

  #request(isChange: boolean, arrive: Request["arrive"], fail: Request["fail"]): Request {
    return { isChange, arrive, fail, connection: 0, hasArrived: false, isLost: false };
  }

  #submit(isChange: boolean, arrive: Request["arrive"], fail: Request["fail"]): void {
    const request = this.#request(isChange, arrive, fail);
    if (this.isAttached) return this.#send(request);
    this.#queue.push(request);
    this.#later(this.#coordinator.parts.sessionMillis * 1000, () => {
      const at = this.#queue.indexOf(request);
      if (at < 0) return;
      this.#queue.splice(at, 1);
      fail({ code: "unavailable", message: "no server for a whole session" });
    });
  }

  #send(request: Request): void {
    const { scheduler, faults, latencyMicrosMax } = this.#coordinator.parts;
    this.#inFlight.add(request);
    request.connection = this.#connection;
    request.isLost = this.#link === "dead";
    this.#lastArrivalMicros = Math.max(
      this.#lastArrivalMicros + 1,
      scheduler.nowMicros + this.#prng.between(1, latencyMicrosMax),
    );
    // What is on its way arrives although its sender may be dead by then.
    scheduler.after(this.#lastArrivalMicros - scheduler.nowMicros, undefined, "coordinator request", () =>
      this.#arrived(request),
    );
    if (faults.breaksPerMille > 0 && this.#prng.chance(faults.breaksPerMille, 1000)) {
      this.#later(this.#prng.between(1, 2 * latencyMicrosMax), () => this.break());
    }
  }

  #arrived(request: Request): void {
    if (request.hasArrived || request.isLost) return;
    request.hasArrived = true;
    const answer = request.arrive();
    if (request.connection !== this.#connection || this.#link !== "up") return;
    // The server does not know the session any more, and hangs up.
    if (answer === undefined) return this.break();
    const { scheduler, latencyMicrosMax } = this.#coordinator.parts;
    const micros = scheduler.nowMicros + this.#prng.between(1, latencyMicrosMax);
    this.#lastAnswerMicros = Math.max(this.#lastAnswerMicros + 1, micros);
    this.#later(this.#lastAnswerMicros - scheduler.nowMicros, () => {
      if (request.connection !== this.#connection) return;
      this.#inFlight.delete(request);
      answer();
    });
  }

  /** What becomes of a request that was on its way when the connection broke: it arrives, or late, or never. */
  #lead(request: Request): void {
    const { scheduler, sessionMillis } = this.#coordinator.parts;
    const fate = this.#prng.pick(["arrives", "late", "lost"] as const);
    if (fate === "arrives") return;
    request.isLost = true;
    if (fate === "lost") return;
    scheduler.after(this.#prng.between(1, sessionMillis * 1000), undefined, "late coordinator request", () => {
      request.isLost = false;
      this.#arrived(request);
    });
  }

  // The session

  #noticed(): void {
    this.#link = "dead";
    const unanswered = [...this.#inFlight];
    this.#inFlight.clear();
    const isClosed = this.#state === "closed";
    if (!isClosed) this.#state = "suspended";
    for (const { isChange, fail } of unanswered) {
      fail({ code: isChange ? "unknown" : "unavailable", message: `${this.#name} has lost its connection` });
    }
    if (isClosed) return;
    this.#tell("suspended");
    const { scheduler, sessionMillis } = this.#coordinator.parts;
    const brokenMicros = this.#brokenMicros;
    const expiryMicros = brokenMicros + Math.floor((sessionMillis * 1000 * 4) / 3);
    this.#later(Math.max(0, expiryMicros - scheduler.nowMicros), () => {
      if (this.#state === "suspended" && brokenMicros === this.#brokenMicros) this.#lose();
    });
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    const connection = ++this.#connection;
    this.#later(this.#prng.between(1, RECONNECT_MICROS_MAX), () => {
      if (connection === this.#connection && !this.#isCut && !this.isAttached && this.#state !== "closed")
        this.#connect();
    });
  }

  #connect(): void {
    if (this.#abandoned !== undefined) this.#coordinator.endSession(this.#abandoned);
    this.#abandoned = undefined;
    if (this.id !== undefined && !this.#coordinator.hasSession(this.id)) {
      this.#lose();
      return this.#reconnectLater();
    }
    const isRenewed = this.id === undefined && this.#hadSession;
    this.server = this.#prng.pick(this.#coordinator.servers);
    this.server.catchUp(this.#seen);
    this.id ??= this.#coordinator.newSession(this);
    this.#hadSession = true;
    this.#link = "up";
    this.#state = "connected";
    this.#fire(this.server.endedSince(this.#seen, this.#watches));
    this.#seen = this.server.done;
    this.#unlisten = this.server.listen((events) => {
      this.#seen = this.server.done;
      for (const event of events) this.#fire(this.#watches.take(event));
    });
    this.#tell(isRenewed ? "renewed" : "connected");
    for (const request of this.#queue.splice(0)) this.#send(request);
  }

  /** The session is over, or given up for lost. */
  #lose(): void {
    this.#abandoned = this.id;
    this.id = undefined;
    this.#state = "connecting";
    this.#failQueue({ code: "session_lost" });
    this.#fire(this.#watches.takeAll());
    this.#tell("lost");
  }

  #failQueue(error: CoordinatorError): void {
    for (const { fail } of this.#queue.splice(0)) fail(error);
  }

  #leave(about: Parameters<WatchTable["add"]>[0], path: string, watch: Watch, at: number): void {
    // What the server has done between the answer and its arrival counts as well.
    const table = new WatchTable();
    table.add(about, path, watch);
    const ended = this.server.endedSince(at, table);
    if (ended.length > 0) this.#fire(ended);
    else this.#watches.add(about, path, watch);
  }

  #fire(watches: readonly Watch[]): void {
    const { faults, latencyMicrosMax } = this.#coordinator.parts;
    for (const watch of watches) {
      this.#later(this.#prng.between(1, latencyMicrosMax + faults.watchMicrosMax), () => {
        if (this.#state !== "closed") watch();
      });
    }
  }

  #tell(event: SessionEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #later(micros: number, run: () => void): void {
    this.#coordinator.parts.scheduler.after(micros, this.#life, "coordinator client", run);
  }
}
