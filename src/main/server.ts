import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { joinAddress } from "../base/address.ts";
import { err, ok, type Result } from "../base/result.ts";
import { commandTable } from "../core/command/commandTable.ts";
import { installTextHashSeed } from "../core/state/values/textHash.ts";
import { RespServer } from "../gateway/resp/respServer.ts";
import { nodeChecksum } from "../platform/diskChecksum.ts";
import { EmbeddedCoordinator } from "../platform/embeddedCoordinator.ts";
import { LevelEngine } from "../platform/levelEngine.ts";
import { installNativeLatin1 } from "../platform/nativeLatin1.ts";
import { nodeClock, nodeTimers } from "../platform/nodeClock.ts";
import { openNodeDisk } from "../platform/nodeDisk.ts";
import { nodeRandom } from "../platform/nodeRandom.ts";
import type { TopologyProvider } from "../platform/rpc/clusterService.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import { type Disk, DiskError } from "../ports/disk.ts";
import type { Engine } from "../ports/engine.ts";
import type { DataIdentity } from "../storage/dataDirectory.ts";
import { openDataDirectory } from "../storage/dataDirectory.ts";
import { HeatReporter } from "../worker/heat/heatReport.ts";
import { Node } from "../worker/node.ts";
import type { NodeError } from "../worker/nodeError.ts";
import { Services } from "../worker/services/services.ts";
import { type Config, readConfig } from "./config.ts";
import { connectZookeeper } from "./connectZookeeper.ts";
import type { GroupNode } from "./group/groupNode.ts";
import { refuseMember } from "./group/membershipFile.ts";
import { KvApi } from "./kvApi.ts";
import { loneTopology } from "./loneTopology.ts";
import { processFacts } from "./processFacts.ts";
import { reachableHost } from "./reachableHost.ts";
import { VERSION } from "./version.ts";

/** Settings of a node started from a program. Whatever is left out has the command line's default, but for those named here. */
export interface StartOptions {
  /** Port of the Redis protocol; 0, the default here, takes a free one. */
  readonly port?: number;
  readonly bind?: string;
  /** Data directory; without one the data is temporary and removed by `stop()`. */
  readonly data?: string;
  readonly durability?: "sync" | "memory";
  /** Port of `/healthz`, `/readyz` and `/metrics`; none by default. */
  readonly httpPort?: number;
  /** Port of the gRPC API; 0 takes a free one, none is there by default. */
  readonly grpcPort?: number;
  /** Bytes of memory for keys and values. */
  readonly memory?: number;
  readonly requirepass?: string;
}

/** A node that serves in this process. */
export interface RunningNode {
  readonly host: string;
  readonly port: number;
  /** 0 when there is no HTTP server. */
  readonly httpPort: number;
  /** 0 when there is no gRPC API. */
  readonly grpcPort: number;
  /** `redis://host:port`, as clients take it. */
  readonly url: string;
  /** `host:port` of the gRPC API, as `connect` of `holdfast` takes it; undefined when there is none. */
  readonly grpcAddress: string | undefined;
  readonly dataDirectory: string;
  /** Answers what was begun, flushes, and closes. */
  stop(): Promise<void>;
}

/** A node that cannot start: `code` tells why, `message` what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Starts a node in this process, for tests against a real store. Fails with `StartError`. */
export async function start(options: StartOptions = {}): Promise<RunningNode> {
  const { httpPort, grpcPort, ...others } = options;
  const temporary = options.data === undefined ? await mkdtemp(join(tmpdir(), "holdfast-")) : undefined;
  const removeTemporary = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  const flags = {
    ...others,
    port: options.port ?? 0,
    data: options.data ?? temporary,
    "http-port": httpPort ?? 0,
    "grpc-port": grpcPort ?? 0,
  };
  const config = readConfig(flags, {}, undefined);
  if (!config.ok) {
    await removeTemporary();
    throw new StartError("setting", config.error);
  }
  let stopping: Promise<void> | undefined;
  let server: Server | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (server?.stop() ?? Promise.resolve()).then(removeTemporary);
    return stopping;
  };
  const served = await serve(config.value, {
    http: httpPort !== undefined,
    grpc: grpcPort !== undefined,
    configFile: undefined,
    onFatal: (error) => {
      throw error;
    },
    onNotice: (text) => console.error(`holdfast: ${text}`),
    onShutdown: () => void stop(),
  });
  if (!served.ok) {
    await removeTemporary();
    throw new StartError(served.error.code, served.error.message);
  }
  server = served.value;
  const { host, port, dataDirectory } = server;
  const url = `redis://${joinAddress(host, port)}`;
  const grpcAddress = server.grpcPort === 0 ? undefined : joinAddress(host, server.grpcPort);
  return { host, port, httpPort: server.httpPort, grpcPort: server.grpcPort, url, grpcAddress, dataDirectory, stop };
}

let isPrepared = false;

/** What holds for the whole process, before its first node. */
function prepareProcess(): void {
  if (isPrepared) return;
  isPrepared = true;
  installNativeLatin1();
  installTextHashSeed(nodeRandom.u32(), nodeRandom.u32());
}

export interface ServeHooks {
  readonly http: boolean;
  /** Whether a node that is alone has a gRPC API, at `grpc-port`. */
  readonly grpc: boolean;
  readonly configFile: string | undefined;
  /** Shared with other nodes of this process; in place of ZooKeeper. The server closes it. */
  readonly coordinator?: Coordinator;
  /** The disk does not keep what it was given: the process has to end. */
  readonly onFatal: (error: unknown) => void;
  readonly onNotice: (text: string) => void;
  /** A client asked for it (`SHUTDOWN`). */
  readonly onShutdown: () => void;
}

export interface Server {
  readonly host: string;
  readonly port: number;
  /** 0 when there is none. */
  readonly httpPort: number;
  /** Of a node that is alone; 0 when there is none. */
  readonly grpcPort: number;
  readonly dataDirectory: string;
  readonly node: Node;
  stop(): Promise<void>;
}

export interface ServeError {
  readonly code: NodeError["code"] | "port_taken" | "denied" | "no_address" | "failed";
  readonly message: string;
}

/** Opens the data directory, recovers, and serves Redis clients: what `holdfast start` does. */
export async function serve(config: Config, hooks: ServeHooks): Promise<Result<Server, ServeError>> {
  prepareProcess();
  const dataDirectory = resolve(config.data);
  try {
    await mkdir(join(dataDirectory, "log"), { recursive: true });
  } catch (error) {
    return err({
      code: "disk",
      message: `the data directory ${dataDirectory} cannot be made: ${(error as Error).message}`,
    });
  }
  const location = await realpath(dataDirectory);
  if (inUse.has(location)) return err(inUseError(dataDirectory, "node of this process"));
  inUse.add(location);
  const served = await serveFrom(dataDirectory, config, hooks).catch((error: unknown) => {
    inUse.delete(location);
    if (!(error instanceof DiskError)) throw error;
    return err({ code: "disk", message: error.message } as const);
  });
  if (!served.ok) {
    inUse.delete(location);
    return served;
  }
  const { stop } = served.value;
  return ok({ ...served.value, stop: () => stop().finally(() => inUse.delete(location)) });
}

/** Data directories that nodes of this process have. The engine's lock keeps out other processes only. */
const inUse = new Set<string>();

function inUseError(directory: string, user: "process" | "node of this process"): NodeError {
  const message = `the data directory ${directory} is in use by another ${user}; stop that one, or name another directory with --data`;
  return { code: "locked", message };
}

async function serveFrom(
  dataDirectory: string,
  config: Config,
  hooks: ServeHooks,
): Promise<Result<Server, ServeError>> {
  const api = new KvApi();
  const opened = await openNode(dataDirectory, config, hooks, api);
  if (!opened.ok) return opened;
  const { node, services, groupNode } = opened.value;
  const { settings } = services;
  const isProtected = (): boolean => settings.text("protected-mode") === "yes" && settings.text("requirepass") === "";
  const clientsMax = (): number => settings.integer("maxclients");
  const resp = new RespServer({
    executor: node.executor,
    limits: () => services.limits,
    clientsMax,
    streams: () => api.streams,
    isProtected,
    passwordRequired: () => settings.text("requirepass") !== "",
    now: () => Date.now(),
    openCalls: (stream) => api.answer(stream),
  });
  services.attach(resp, () => api.streams);
  const proxy = config.proxy ?? config.zookeeper === undefined;
  if (config.scatter && !proxy) hooks.onNotice("--scatter yes needs --proxy yes, so nothing is scattered");
  if (groupNode !== undefined && proxy) {
    const { forwardRequests } = await import("./group/forwardRequests.ts");
    const password = (): string => settings.text("requirepass");
    forwardRequests({ node, parts: groupNode.parts, table: commandTable, password, scatters: config.scatter });
  }
  const limits = {
    clientsMax,
    redisClients: () => node.executor.redisClients,
    outputBytesMax: () => services.limits.outputBytesMax,
    onRejected: () => {
      resp.rejected++;
    },
  };
  api.begin(node, { password: () => settings.text("requirepass"), isProtected, limits }, hooks.grpc);
  const listening = await resp.listen(config.bind, config.port);
  if (!listening.ok) {
    await node.stop();
    return err({
      code: listening.error.code,
      message: listenMessage(listening.error.code, "--port", config, listening.error.message),
    });
  }
  services.port = listening.value;
  const http = hooks.http
    ? await (await import("../gateway/http/httpServer.ts")).startHttpServer({
        host: config.bind,
        port: config["http-port"],
        metrics: () => services.metrics(),
        isReady: () => node.isReady,
      })
    : undefined;
  if (http !== undefined && !http.ok) {
    resp.stopAccepting();
    await node.stop();
    return err({
      code: http.error.code,
      message: listenMessage(http.error.code, "--http-port", config, http.error.message),
    });
  }
  const grpcPort =
    groupNode === undefined && hooks.grpc
      ? await api.listen(
          config,
          loneTopologyOf(node, config, listening.value, () => api.port),
          () => node.isReady,
        )
      : ok(0);
  if (!grpcPort.ok) {
    resp.stopAccepting();
    await http?.value.stop();
    await node.stop();
    const { code, message } = grpcPort.error;
    return err({ code, message: listenMessage(code, "--grpc-port", config, message) });
  }
  if (groupNode !== undefined && services.heat !== undefined) {
    const reporter = new HeatReporter({ node, heat: services.heat, busyMillis: loopBusyMillis });
    groupNode.answers.heatReport = () => reporter.report();
  }
  const registered = await groupNode?.register(node, listening.value);
  if (registered?.ok === false) {
    resp.stopAccepting();
    resp.destroyAll();
    await http?.value.stop();
    await node.stop();
    await groupNode?.close();
    return registered;
  }
  return ok({
    host: config.bind,
    port: listening.value,
    httpPort: http?.value.port ?? 0,
    grpcPort: grpcPort.value,
    dataDirectory,
    node,
    stop: async () => {
      await node.retire();
      resp.stopAccepting();
      services.stop();
      await http?.value.stop();
      node.executor.halt();
      await node.journal.drain();
      const ended = api.close();
      resp.endAll();
      await node.stop();
      await ended;
      resp.destroyAll();
      node.executor.forwarding?.stop();
      await groupNode?.close();
    },
  });
}

function loneTopologyOf(node: Node, config: Config, redisPort: number, rpcPort: () => number): TopologyProvider {
  const { identity, group } = node.parts;
  const names = { cluster: identity.identity.toString(16), group, id: config.id ?? group };
  const places = { advertise: config.advertise, bind: reachableHost(config.bind), redisPort, rpcPort };
  return loneTopology({ ...names, ...places, epoch: () => node.replica.epoch });
}

/** The whole process is meant: nodes that share one share its thread. */
function loopBusyMillis(): number {
  return performance.eventLoopUtilization().active;
}

interface OpenedNode {
  readonly node: Node;
  readonly services: Services;
  /** Nothing for a node that is alone. */
  readonly groupNode: GroupNode | undefined;
}

async function openNode(
  dataDirectory: string,
  config: Config,
  hooks: ServeHooks,
  api: KvApi,
): Promise<Result<OpenedNode, NodeError>> {
  const disk = await openNodeDisk(dataDirectory);
  const location = join(dataDirectory, "store");
  // LevelDB's lock is the data directory's: it is taken before anything is read or written.
  let first: Engine | undefined;
  const openEngine = async (): Promise<Result<Engine, NodeError>> => {
    if (first !== undefined) {
      const engine = first;
      first = undefined;
      return ok(engine);
    }
    const engine = await LevelEngine.open(location);
    return engine.ok ? ok(engine.value) : err(engineError(engine.error, dataDirectory));
  };
  const engine = await openEngine();
  if (!engine.ok) return engine;
  const identity = await openDataDirectory(disk, nodeRandom);
  const coordinator = identity.ok ? await EmbeddedCoordinator.open(disk) : undefined;
  if (!identity.ok || coordinator === undefined || !coordinator.ok) {
    await engine.value.close();
    if (!identity.ok) return err({ code: identity.error.code, message: `${dataDirectory}: ${identity.error.message}` });
    return err({ code: "damaged", message: `${dataDirectory}: ${coordinator?.ok === false ? coordinator.error : ""}` });
  }
  const grouped = await joinGroup(config, hooks, disk, identity.value, api);
  if (!grouped.ok) {
    await engine.value.close();
    return err({ code: grouped.error.code, message: `${dataDirectory}: ${grouped.error.message}` });
  }
  const groupNode = grouped.value?.groupNode;
  first = engine.value;
  let services: Services | undefined;
  const node = await Node.open({
    identity: identity.value,
    group: config.group,
    ...(groupNode === undefined ? {} : { others: groupNode.parts }),
    logDisk: await openNodeDisk(join(dataDirectory, "log")),
    openEngine,
    coordinator: grouped.value?.coordinator ?? coordinator.value.connect(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    checksum: nodeChecksum,
    table: commandTable,
    durability: config.durability,
    memoryBytesMax: () => services?.memoryBytesMax ?? config.memory,
    services: (opening, executor) => {
      services = new Services({
        node: opening,
        executor,
        table: commandTable,
        process: processFacts(VERSION, hooks.configFile),
        clock: nodeClock,
        timers: nodeTimers,
        random: nodeRandom,
        initial: initialSettings(config, dataDirectory),
        debugAllowed: config["enable-debug-command"],
        onShutdown: hooks.onShutdown,
      });
      return services;
    },
    onFatal: hooks.onFatal,
    onNotice: hooks.onNotice,
  });
  if (!node.ok) {
    await groupNode?.close();
    return err({ code: node.error.code, message: `${dataDirectory}: ${node.error.message}` });
  }
  return ok({ node: node.value, services: services!, groupNode });
}

/** Joins a group when a coordinator is named that others use too. */
async function joinGroup(
  config: Config,
  hooks: ServeHooks,
  disk: Disk,
  identity: DataIdentity,
  api: KvApi,
): Promise<Result<{ readonly groupNode: GroupNode; readonly coordinator: Coordinator } | undefined, NodeError>> {
  const shared = hooks.coordinator ?? (config.zookeeper === undefined ? undefined : await connectZookeeper(config));
  if (shared === undefined) {
    const refused = await refuseMember(disk);
    return refused.ok ? ok(undefined) : refused;
  }
  if (typeof shared === "string") return err({ code: "coordinator", message: `--zookeeper: ${shared}` });
  const { openGroupNode } = await import("./group/openGroupNode.ts");
  const opened = await openGroupNode(config, {
    coordinator: shared,
    disk,
    data: identity.identity.toString(16),
    timers: nodeTimers,
    random: nodeRandom,
    onNotice: hooks.onNotice,
    mount: api.mount,
  });
  if (opened.ok) return ok({ groupNode: opened.value, coordinator: shared });
  await shared.close();
  return opened;
}

/** What `CONFIG GET` tells of the settings that Redis names alike. */
function initialSettings(config: Config, dataDirectory: string): { readonly [name: string]: string } {
  return {
    port: String(config.port),
    bind: config.bind,
    dir: byteString(dataDirectory),
    maxclients: String(config.maxclients),
    memory: String(config.memory),
    requirepass: byteString(config.requirepass),
    "protected-mode": config["protected-mode"] ? "yes" : "no",
    appendfsync: config.durability === "sync" ? "always" : "everysec",
  };
}

/** A text's bytes, as commands know texts. */
function byteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function engineError(
  error: { readonly code: string; readonly location: string; readonly message?: string },
  directory: string,
): NodeError {
  if (error.code === "locked") {
    return inUseError(directory, "process");
  }
  const damaged = error.code === "damaged";
  const message = `the store in ${error.location} ${damaged ? "is damaged" : "cannot be opened"}: ${error.message ?? ""}`;
  return { code: damaged ? "damaged" : "disk", message };
}

function listenMessage(
  code: string,
  flag: "--port" | "--http-port" | "--grpc-port",
  config: Config,
  detail: string,
): string {
  const number = flag === "--port" ? config.port : flag === "--http-port" ? config["http-port"] : config["grpc-port"];
  if (code === "port_taken")
    return `port ${number} on ${config.bind} is taken; choose another with ${flag}, or stop the program that has it`;
  if (code === "denied")
    return `port ${number} needs more rights than this process has; choose one above 1023 with ${flag}`;
  if (code === "no_address") return `${config.bind} is no address of this machine; choose another with --bind`;
  return detail;
}
