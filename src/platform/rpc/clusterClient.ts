import type { CallOptions, Client, ClientReadableStream, ClientUnaryCall, ServiceError } from "@grpc/grpc-js";
import { err, ok, type Result } from "../../base/result.ts";
import type { LinkAddress } from "../../ports/link.ts";
import { addressText } from "../link/dialer.ts";
import type { LinkCertificates } from "../link/linkOptions.ts";
import {
  commandToMessage,
  type HeatMessage,
  heatFromMessage,
  loadCluster,
  type PlanMessage,
  planFromMessage,
  type TopologyMessage,
  topologyFromMessage,
  type WorkMessage,
  workFromMessage,
} from "./clusterMessages.ts";
import { ACTIVE_MASTER_KEY } from "./clusterServer.ts";
import type {
  ClusterCommand,
  ClusterDecision,
  ClusterHeat,
  ClusterPlan,
  ClusterWork,
  Topology,
} from "./clusterService.ts";
import { CHANNEL_OPTIONS, clientCredentials } from "./grpcChannel.ts";
import { type Grpc, loadGrpc } from "./workerMessages.ts";

/**
 * Why there is no answer.
 * - `refused`: it was understood, and is not done; the message says what to do.
 * - `changed`: what was planned is not what would be done now.
 * - `standby`: another master is active, at `active` if that is known.
 * - `unavailable`: nobody answers there, or not within the deadline: a change may have been carried out.
 * - `failed`: not trusted, another version, a worker that was asked for more than it knows, or a fault of the other side.
 */
export interface ClusterCallError {
  readonly code: "refused" | "changed" | "standby" | "unavailable" | "failed";
  readonly message: string;
  readonly active?: string;
}

type Unary = (
  request: object,
  options: CallOptions,
  answer: (error: ServiceError | null, reply: unknown) => void,
) => ClientUnaryCall;
type Method = "getTopology" | "plan" | "execute" | "listMoves" | "why" | "hot";

interface ClusterStub extends Client, Readonly<Record<Method, Unary>> {
  watchTopology(request: object): ClientReadableStream<TopologyMessage>;
}

type Answered<T> = Promise<Result<T, ClusterCallError>>;

/** Asks one master or worker. */
export class ClusterCaller {
  readonly #grpc: Grpc;
  readonly #stub: ClusterStub;

  constructor(grpc: Grpc, stub: Client) {
    this.#grpc = grpc;
    this.#stub = stub as ClusterStub;
  }

  async topology(deadlineMillis: number): Answered<Topology> {
    return mapped(await this.#ask<TopologyMessage>("getTopology", {}, deadlineMillis), topologyFromMessage);
  }

  /** Calls `onTopology` at once and after each change, until the answered function is called or `onEnd` is. */
  watch(onTopology: (topology: Topology) => void, onEnd: (error: ClusterCallError) => void): () => void {
    const stream = this.#stub.watchTopology({});
    let isOver = false;
    const end = (error: ClusterCallError): void => {
      if (isOver) return;
      isOver = true;
      onEnd(error);
    };
    stream.on("data", (message: TopologyMessage) => {
      if (!isOver) onTopology(topologyFromMessage(message));
    });
    stream.on("error", (error) => end(this.#callError(error as ServiceError)));
    stream.on("end", () => end({ code: "unavailable", message: "the other side has ended the stream" }));
    return () => {
      isOver = true;
      stream.cancel();
    };
  }

  async plan(command: ClusterCommand, deadlineMillis: number): Answered<ClusterPlan> {
    const request = { command: commandToMessage(command) };
    return mapped(await this.#ask<PlanMessage>("plan", request, deadlineMillis), planFromMessage);
  }

  async execute(command: ClusterCommand, fingerprint: string, deadlineMillis: number): Answered<ClusterPlan> {
    const request = { command: commandToMessage(command), fingerprint };
    return mapped(await this.#ask<PlanMessage>("execute", request, deadlineMillis), planFromMessage);
  }

  async work(deadlineMillis: number): Answered<ClusterWork> {
    return mapped(await this.#ask<WorkMessage>("listMoves", {}, deadlineMillis), workFromMessage);
  }

  async why(countMax: number, deadlineMillis: number): Answered<readonly ClusterDecision[]> {
    const reply = await this.#ask<{ readonly decisions: readonly ClusterDecision[] }>(
      "why",
      { countMax },
      deadlineMillis,
    );
    return mapped(reply, ({ decisions }) => decisions);
  }

  async hot(countMax: number, deadlineMillis: number): Answered<ClusterHeat> {
    return mapped(await this.#ask<HeatMessage>("hot", { countMax }, deadlineMillis), heatFromMessage);
  }

  close(): void {
    this.#stub.close();
  }

  #ask<T>(method: Method, message: object, deadlineMillis: number): Answered<T> {
    const options = { deadline: Date.now() + deadlineMillis };
    return new Promise((resolve) => {
      this.#stub[method](message, options, (error, reply) =>
        resolve(error === null ? ok(reply as T) : err(this.#callError(error))),
      );
    });
  }

  #callError(error: ServiceError): ClusterCallError {
    const { status } = this.#grpc;
    const message = sentenceOf(error.details || error.message);
    const active = error.metadata?.get(ACTIVE_MASTER_KEY)[0];
    switch (error.code) {
      case status.FAILED_PRECONDITION:
        if (active === undefined) return { code: "refused", message };
        return { code: "standby", message, ...(active !== "" && { active: String(active) }) };
      case status.INVALID_ARGUMENT:
        return { code: "refused", message };
      case status.ABORTED:
        return { code: "changed", message };
      case status.UNAVAILABLE:
      case status.UNKNOWN:
      case status.DEADLINE_EXCEEDED:
        return { code: "unavailable", message };
      default:
        return { code: "failed", message };
    }
  }
}

/** The library tells what it did meanwhile, too. */
function sentenceOf(text: string): string {
  const refused = /^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note:/.exec(text)?.[1];
  if (refused !== undefined) return `nobody answers there (${refused})`;
  return text.startsWith("Deadline exceeded") ? "no answer came in time" : text;
}

function mapped<From, To>(
  result: Result<From, ClusterCallError>,
  map: (value: From) => To,
): Result<To, ClusterCallError> {
  return result.ok ? ok(map(result.value)) : result;
}

/** Will ask whoever is at `address`; connects when there is something to ask. */
export async function clusterCaller(address: LinkAddress, tls: LinkCertificates | undefined): Promise<ClusterCaller> {
  const [{ grpc }, cluster] = await Promise.all([loadGrpc(), loadCluster()]);
  return new ClusterCaller(
    grpc,
    new cluster.client(addressText(address), clientCredentials(grpc, tls), CHANNEL_OPTIONS),
  );
}
