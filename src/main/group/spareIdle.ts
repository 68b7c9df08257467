import { joinAddress } from "../../base/address.ts";
import { SPARE } from "../../base/names.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { HttpServer } from "../../gateway/http/httpServer.ts";
import { nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { Config } from "../config.ts";
import { WorkerTopology } from "../master/workerTopology.ts";
import { reachableHost } from "../reachableHost.ts";
import { VERSION } from "../version.ts";
import { readCertificates } from "./certificates.ts";
import { ClusterMap } from "./clusterMap.ts";
import { Registration, waitForRival } from "./registration.ts";
import { Roster } from "./roster.ts";
import { SpareFront } from "./spareFront.ts";
import { WorkerAnswers } from "./workerAnswers.ts";

const CALLS_GRACE_MILLIS = 500;

export interface SpareIdleParts {
  readonly config: Config;
  readonly id: string;
  readonly cluster: string;
  /** Of its own: closing it takes the worker's znode away. */
  readonly coordinator: Coordinator;
  readonly http: boolean;
  readonly onNotice: (text: string) => void;
}

/** Why it cannot wait, as `serve` says it. */
export interface SpareError {
  readonly code: "conflict" | "failed";
  readonly message: string;
}

/** A spare that no group has: it is registered, answers calls and whoever asks after its health, and tells clients what it is. */
export class SpareIdle {
  readonly port: number;
  /** 0 when there is none. */
  readonly httpPort: number;
  readonly #cleanups: readonly (() => Promise<void>)[];

  private constructor(port: number, httpPort: number, cleanups: readonly (() => Promise<void>)[]) {
    this.port = port;
    this.httpPort = httpPort;
    this.#cleanups = cleanups;
  }

  static async open(parts: SpareIdleParts): Promise<Result<SpareIdle, SpareError>> {
    const cleanups: (() => Promise<void>)[] = [() => parts.coordinator.close()];
    const opened = await openParts(parts, cleanups);
    if (opened.ok) return ok(new SpareIdle(opened.value.port, opened.value.httpPort, cleanups));
    for (const clean of cleanups.reverse()) await clean();
    return opened;
  }

  async close(): Promise<void> {
    for (const clean of [...this.#cleanups].reverse()) await clean();
  }
}

/** What it opens it adds to `cleanups`, also when it fails. */
async function openParts(
  parts: SpareIdleParts,
  cleanups: (() => Promise<void>)[],
): Promise<Result<{ readonly port: number; readonly httpPort: number }, SpareError>> {
  const { config, id, cluster, coordinator, onNotice } = parts;
  const certificates = readCertificates(config);
  if (!certificates.ok) return err({ code: "conflict", message: certificates.error });
  const topology = new WorkerTopology();
  const { grpcWorkerCalls } = await import("../../platform/rpc/grpcWorkerCalls.ts");
  const calls = await grpcWorkerCalls(certificates.value, topology);
  const rpc = await calls.serve({
    listen: { host: config.bind, port: config["rpc-port"] },
    self: { cluster, group: SPARE, replica: id },
    service: new WorkerAnswers(),
  });
  if (!rpc.ok) return err({ code: "conflict", message: `--rpc-port ${config["rpc-port"]}: ${rpc.error.message}` });
  cleanups.push(() => rpc.value.close(CALLS_GRACE_MILLIS));
  const front = await listen(parts);
  if (!front.ok) return front;
  cleanups.push(() => front.value.close());
  const http = await serveHttp(parts);
  if (!http.ok) return http;
  if (http.value !== undefined) cleanups.push(http.value.stop);
  cleanups.push(follow(coordinator, topology, onNotice));
  const host = config.advertise ?? reachableHost(config.bind);
  // Another process is another spare, also one with the same directory: nothing keeps the two apart but their names.
  const data = `spare-${nodeRandom.u32().toString(16)}${nodeRandom.u32().toString(16)}`;
  const known = { coordinator, timers: nodeTimers, id, onNotice };
  const free = await waitForRival({ ...known, data });
  if (!free.ok) return err({ code: "conflict", message: free.error.message });
  const registration = new Registration({
    ...known,
    record: {
      ...{ group: SPARE, incarnation: 0, link: joinAddress(host, config["link-port"]) },
      ...{ rpc: joinAddress(host, rpc.value.address.port), resp: joinAddress(host, front.value.port) },
      ...{ data, version: VERSION, pid: process.pid },
    },
  });
  cleanups.push(async () => registration.stop());
  const registered = await registration.begin();
  if (!registered.ok) return err({ code: "conflict", message: registered.error.message });
  return ok({ port: front.value.port, httpPort: http.value?.port ?? 0 });
}

async function listen({ config, id }: SpareIdleParts): Promise<Result<SpareFront, SpareError>> {
  const error = `CLUSTERDOWN Worker ${id} is a spare that no group has at present; nothing was executed`;
  try {
    return ok(await SpareFront.listen({ host: config.bind, port: config.port, error }));
  } catch (error) {
    return err({ code: "failed", message: `--port ${config.port}: ${(error as Error).message}` });
  }
}

async function serveHttp({ config, http }: SpareIdleParts): Promise<Result<HttpServer | undefined, SpareError>> {
  if (!http) return ok(undefined);
  const [{ startHttpServer }, { GaugePage }] = await Promise.all([
    import("../../gateway/http/httpServer.ts"),
    import("../../gateway/http/gaugePage.ts"),
  ]);
  const help = "1 while this worker is a spare that no group has.";
  const started = await startHttpServer({
    host: config.bind,
    port: config["http-port"],
    metrics: new GaugePage(() => [{ name: "holdfast_spare", help, values: [{ value: 1 }] }]),
    isReady: () => false,
    notReady: "spare: no group has this worker at present",
  });
  if (started.ok) return started;
  return err({ code: "failed", message: `--http-port ${config["http-port"]}: ${started.error.message}` });
}

/** Lets it tell whoever asks how the cluster is; answers how to end that. */
function follow(coordinator: Coordinator, topology: WorkerTopology, onNotice: (text: string) => void) {
  const parts = { coordinator, timers: nodeTimers };
  const roster: Roster = new Roster({ ...parts, onChange: () => map.workersChanged(), onNotice });
  const map = new ClusterMap({ ...parts, roster, onNotice });
  topology.begin(map, parts);
  void map.refresh();
  return async (): Promise<void> => {
    roster.stop();
    map.stop();
  };
}
