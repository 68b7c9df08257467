import { joinAddress } from "../../base/address.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { HttpServer } from "../../gateway/http/httpServer.ts";
import { Master, type MasterOptions } from "../../master/master.ts";
import { nodeClock, nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import { serveCluster } from "../../platform/rpc/clusterHost.ts";
import type { ClusterAdministration, TopologyProvider } from "../../platform/rpc/clusterService.ts";
import { grpcWorkerCalls } from "../../platform/rpc/grpcWorkerCalls.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { Config } from "../config.ts";
import { readCertificates } from "../group/certificates.ts";
import { reachableHost } from "../reachableHost.ts";
import { VERSION } from "../version.ts";
import { MasterAdministration } from "./masterAdministration.ts";
import { masterFigures } from "./masterFigures.ts";
import { MasterTopology } from "./masterTopology.ts";

const CALLS_GRACE_MILLIS = 500;

/** What a master needs of the settings. */
export type MasterConfig = Pick<
  Config,
  | "id"
  | "bind"
  | "advertise"
  | "zookeeper"
  | "zookeeper-auth"
  | "rpc-port"
  | "http-port"
  | "tls-ca"
  | "tls-cert"
  | "tls-key"
>;

export interface MasterHooks {
  /** In place of ZooKeeper; the master closes it. */
  readonly coordinator?: Coordinator;
  readonly options?: Partial<MasterOptions>;
  readonly onNotice: (text: string) => void;
}

/** A master that answers in this process. */
export interface RunningMaster {
  /** `host:port` of its calls, and of its HTTP server, empty if there is none. */
  readonly rpc: string;
  readonly http: string;
  readonly master: Master;
  /** Gives the role up, so that a standby need not wait for the session's end, and closes everything. */
  stop(): Promise<void>;
}

/** Listens, waits for the coordinator, and stands for election. Fails with a sentence. */
export async function startMaster(config: MasterConfig, hooks: MasterHooks): Promise<Result<RunningMaster, string>> {
  const { id, bind } = config;
  if (id === undefined) return err("a master needs an --id");
  const tls = readCertificates(config);
  if (!tls.ok) return tls;
  const coordinator = hooks.coordinator ?? (await connect(config));
  if (typeof coordinator === "string") return err(`--zookeeper: ${coordinator}`);
  const late = new LateMaster();
  const cleanups: (() => Promise<void>)[] = [() => coordinator.close()];
  const cleanUp = async (): Promise<void> => {
    for (const clean of cleanups.reverse()) await clean();
  };
  const served = await serveCluster({
    listen: { host: bind, port: config["rpc-port"] },
    tls: tls.value,
    provider: late.provider,
    administration: late.administration,
    isServing: () => late.master?.topology.isWhole ?? false,
  });
  if (!served.ok) {
    await cleanUp();
    const { code, message } = served.error;
    return err(portProblem("--rpc-port", config["rpc-port"], config, code === "address_in_use", message));
  }
  cleanups.push(() => served.value.close(CALLS_GRACE_MILLIS));
  const http = await serveHttp(config, late);
  if (!http.ok) {
    await cleanUp();
    return http;
  }
  if (http.value !== undefined) cleanups.push(http.value.stop);
  const host = config.advertise ?? reachableHost(bind);
  const addresses = {
    rpc: joinAddress(host, served.value.address.port),
    http: http.value === undefined ? "" : joinAddress(host, http.value.port),
  };
  const master = await Master.start({
    coordinator,
    calls: await grpcWorkerCalls(tls.value),
    ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    record: { id, ...addresses, version: VERSION },
    ...(hooks.options === undefined ? {} : { options: hooks.options }),
    onNotice: hooks.onNotice,
  });
  late.begin(master);
  const stopTelling = tellRole(master, hooks.onNotice);
  cleanups.push(async () => {
    stopTelling();
    late.end();
    await master.stop();
  });
  return ok({ ...addresses, master, stop: cleanUp });
}

/** Says when it stands by, and for whom; the active one says so itself. */
function tellRole(master: Master, onNotice: (text: string) => void): () => void {
  let told = "";
  const tell = (): void => {
    const active = master.topology.masters.find(({ isActive }) => isActive);
    const text =
      active === undefined || active.isSelf ? "" : `this master stands by; ${active.id} at ${active.rpc} is active`;
    if (text !== "" && text !== told) onNotice(text);
    told = text;
  };
  tell();
  return master.onChange(tell);
}

async function connect(config: MasterConfig): Promise<Coordinator | string> {
  if (config.zookeeper === undefined) return "a master needs ZooKeeper servers";
  const { ZookeeperCoordinator } = await import("../../platform/zookeeper/zookeeperCoordinator.ts");
  const auth = config["zookeeper-auth"];
  const connected = ZookeeperCoordinator.connect({
    connectString: config.zookeeper,
    ...(auth === undefined ? {} : { auth }),
    ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
  });
  return connected.ok ? connected.value : connected.error;
}

async function serveHttp(config: MasterConfig, late: LateMaster): Promise<Result<HttpServer | undefined, string>> {
  const port = config["http-port"];
  if (port === 0) return ok(undefined);
  const [{ startHttpServer }, { GaugePage }] = await Promise.all([
    import("../../gateway/http/httpServer.ts"),
    import("../../gateway/http/gaugePage.ts"),
  ]);
  const started = await startHttpServer({
    host: config.bind,
    port,
    metrics: new GaugePage(() => (late.master === undefined ? [] : masterFigures(late.master))),
    json: { "/topology": () => late.provider.topology() ?? {} },
    isReady: () => late.master?.topology.isWhole ?? false,
  });
  if (started.ok) return started;
  const { code, message } = started.error;
  return err(portProblem("--http-port", port, config, code === "port_taken", message));
}

function portProblem(flag: string, port: number, { bind }: MasterConfig, isTaken: boolean, message: string): string {
  if (!isTaken) return `${flag} ${port} on ${bind}: ${message}`;
  return `port ${port} on ${bind} is taken; choose another with ${flag}, or stop the program that has it`;
}

/** Answers calls also while there is no master behind them yet: it waits for the coordinator, and its address has to be known before. */
class LateMaster {
  master: Master | undefined;
  #topology: MasterTopology | undefined;
  #administration: ClusterAdministration | undefined;
  readonly #listeners = new Set<() => void>();

  readonly provider: TopologyProvider = {
    topology: () => this.#topology?.topology(),
    onTopology: (listener) => {
      const own = (): void => listener();
      this.#listeners.add(own);
      return () => this.#listeners.delete(own);
    },
  };

  readonly administration: ClusterAdministration = {
    plan: async (command) => this.#administration?.plan(command) ?? err(EARLY),
    execute: async (command, fingerprint) => this.#administration?.execute(command, fingerprint) ?? err(EARLY),
    work: () => this.#administration?.work() ?? err(EARLY),
    why: (countMax) => this.#administration?.why(countMax) ?? err(EARLY),
    hot: (countMax) => this.#administration?.hot(countMax) ?? err(EARLY),
  };

  begin(master: Master): void {
    this.master = master;
    this.#administration = new MasterAdministration(master);
    this.#topology = new MasterTopology(master);
    this.#topology.onTopology(() => this.#tell());
    this.#tell();
  }

  end(): void {
    this.#topology?.stop();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const EARLY = { code: "unavailable", message: "this master waits for the coordinator; ask again in a moment" } as const;
