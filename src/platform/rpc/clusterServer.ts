import type {
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceError,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { InvariantViolation } from "../../base/invariant.ts";
import { err, type Result } from "../../base/result.ts";
import { areRanges, type SlotRanges } from "../../core/slots/slotRanges.ts";
import {
  type CommandMessage,
  commandFromMessage,
  heatToMessage,
  type LoadedCluster,
  planToMessage,
  type TopologyMessage,
  topologyToMessage,
  workToMessage,
} from "./clusterMessages.ts";
import type { ClusterAdministration, ClusterCommand, ClusterRefusal, TopologyProvider } from "./clusterService.ts";
import type { Grpc } from "./workerMessages.ts";

/** Says in a standby's refusal where the active master is; empty when it does not know. */
export const ACTIVE_MASTER_KEY = "holdfast-active-master";
/** Changes that come so close together are told as one. */
const COALESCE_MILLIS = 20;
const WATCHERS_MAX = 1_000;
const COUNT_DEFAULT = 20;
const COUNT_MAX = 1_000;

type Unary<Request> = ServerUnaryCall<Request, unknown>;
type Answer = sendUnaryData<unknown>;
type Watching = ServerWritableStream<object, TopologyMessage>;

interface Mounted {
  readonly grpc: Grpc;
  readonly cluster: LoadedCluster;
  readonly provider: TopologyProvider;
  /** Nothing for a worker, which tells the topology and no more. */
  readonly administration: ClusterAdministration | undefined;
}

/** Lets a server answer `holdfast.v1.Cluster`, beside whatever else it answers. Answers how to end the streams, so that it can stop. */
export function mountCluster(server: Server, mounted: Mounted): () => void {
  const answers = new ClusterAnswers(mounted);
  server.addService(mounted.cluster.service, {
    getTopology: answers.getTopology.bind(answers),
    watchTopology: answers.watchTopology.bind(answers),
    plan: answers.plan.bind(answers),
    execute: answers.execute.bind(answers),
    listMoves: answers.listMoves.bind(answers),
    why: answers.why.bind(answers),
    hot: answers.hot.bind(answers),
  } as UntypedServiceImplementation);
  return () => answers.endStreams();
}

/** Translates calls to who knows the cluster, and its answers back. */
class ClusterAnswers {
  readonly #mounted: Mounted;
  readonly #watching = new Set<Watching>();

  constructor(mounted: Mounted) {
    this.#mounted = mounted;
  }

  endStreams(): void {
    for (const call of this.#watching) call.end();
  }

  getTopology(call: Unary<object>, answer: Answer): void {
    const topology = this.#mounted.provider.topology(call.getHost());
    if (topology === undefined) answer(this.#failure({ code: "unavailable", message: UNSEEN }));
    else answer(null, topologyToMessage(topology));
  }

  /** A watcher that is slow gets the newest when it has taken what was sent before, and nothing in between. */
  watchTopology(call: Watching): void {
    const { provider } = this.#mounted;
    if (this.#watching.size >= WATCHERS_MAX) {
      const message = `${WATCHERS_MAX} clients watch the topology here; ask another master or worker`;
      call.emit("error", this.#failure({ code: "conflict", message }));
      return;
    }
    this.#watching.add(call);
    let timer: NodeJS.Timeout | undefined;
    let mayWrite = true;
    let isOwed = false;
    const tell = (): void => {
      timer = undefined;
      const topology = provider.topology(call.getHost());
      if (topology === undefined) return;
      isOwed = !mayWrite;
      if (mayWrite) mayWrite = call.write(topologyToMessage(topology));
    };
    call.on("drain", () => {
      mayWrite = true;
      if (isOwed) tell();
    });
    const stop = provider.onTopology(() => {
      timer ??= setTimeout(tell, COALESCE_MILLIS);
    });
    const ended = (): void => {
      stop();
      clearTimeout(timer);
      this.#watching.delete(call);
    };
    for (const event of ["cancelled", "close", "finish", "error"]) call.once(event, ended);
    tell();
  }

  plan({ request }: Unary<{ readonly command: CommandMessage | null }>, answer: Answer): void {
    this.#administer(answer, planToMessage, (master) =>
      withCommand(request.command, (command) => master.plan(command)),
    );
  }

  execute(
    { request }: Unary<{ readonly command: CommandMessage | null; readonly fingerprint: string }>,
    answer: Answer,
  ): void {
    this.#administer(answer, planToMessage, (master) =>
      withCommand(request.command, (command) => master.execute(command, request.fingerprint)),
    );
  }

  listMoves(_call: Unary<object>, answer: Answer): void {
    this.#administer(answer, workToMessage, (master) => master.work());
  }

  why({ request }: Unary<{ readonly countMax: number }>, answer: Answer): void {
    this.#administer(
      answer,
      (decisions) => ({ decisions }),
      (master) => master.why(limit(request.countMax)),
    );
  }

  hot({ request }: Unary<{ readonly countMax: number }>, answer: Answer): void {
    this.#administer(answer, heatToMessage, (master) => master.hot(limit(request.countMax)));
  }

  #administer<T>(
    answer: Answer,
    toMessage: (value: T) => unknown,
    run: (master: ClusterAdministration) => Result<T, ClusterRefusal> | Promise<Result<T, ClusterRefusal>>,
  ): void {
    const { administration, grpc } = this.#mounted;
    if (administration === undefined) {
      const details = "a worker tells the topology only; ask a master, which `masters` in it names";
      answer({ code: grpc.status.UNIMPLEMENTED, details });
      return;
    }
    Promise.resolve(run(administration)).then(
      (result) => {
        if (result.ok) answer(null, toMessage(result.value));
        else answer(this.#failure(result.error));
      },
      (error: unknown) => answer(this.#bug(error)),
    );
  }

  #failure({ code, message, active }: ClusterRefusal): ServiceError {
    const { grpc } = this.#mounted;
    const { status } = grpc;
    const metadata = new grpc.Metadata();
    if (code === "standby") metadata.set(ACTIVE_MASTER_KEY, active ?? "");
    const codes = {
      invalid: status.INVALID_ARGUMENT,
      conflict: status.FAILED_PRECONDITION,
      changed: status.ABORTED,
      unavailable: status.UNAVAILABLE,
      unknown: status.UNKNOWN,
      standby: status.FAILED_PRECONDITION,
    };
    return Object.assign(new Error(message), { code: codes[code], details: message, metadata });
  }

  #bug(error: unknown): ServiceError {
    // A bug is not an answer: it must reach the top.
    if (error instanceof InvariantViolation) {
      setImmediate(() => {
        throw error;
      });
    }
    const details = error instanceof Error ? error.message : String(error);
    const { grpc } = this.#mounted;
    return Object.assign(new Error(details), {
      code: grpc.status.INTERNAL,
      details,
      metadata: new grpc.Metadata(),
    });
  }
}

const UNSEEN = "the cluster was not read from the coordinator yet; ask again, or ask another";

function limit(countMax: number): number {
  return countMax === 0 ? COUNT_DEFAULT : Math.min(countMax, COUNT_MAX);
}

async function withCommand<T>(
  message: CommandMessage | null,
  run: (command: ClusterCommand) => Promise<Result<T, ClusterRefusal>>,
): Promise<Result<T, ClusterRefusal>> {
  const command = commandFromMessage(message);
  if (command === undefined) return err({ code: "invalid", message: "there is no command that this version knows" });
  if (command.kind === "migrate" && !isSomething(command.slots)) {
    const details = "slots are ranges of 0 to 16383, ascending and apart from one another, and there must be some";
    return err({ code: "invalid", message: details });
  }
  return run(command);
}

function isSomething(slots: SlotRanges): boolean {
  return slots.length > 0 && areRanges(slots);
}
