import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import { EmbeddedCoordinator } from "../platform/embeddedCoordinator.ts";
import { openNodeDisk } from "../platform/nodeDisk.ts";
import type { Topology } from "../platform/rpc/clusterService.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import { readConfig } from "./config.ts";
import { publicTopology } from "./master/masterTopology.ts";
import { type RunningMaster, startMaster } from "./master/startMaster.ts";
import { type Server, serve } from "./server.ts";

const READY_POLL_MILLIS = 10;
/** The master's calls are so far above the first node's port. */
const MASTER_PORT_OFFSET = 300;
const MASTER = "m1";

export interface DevOptions {
  readonly groups: number;
  /** Of each group. */
  readonly replicas: number;
  /** Port of the first node for Redis clients, the others follow; 0 takes free ones. */
  readonly basePort: number;
  readonly data: string;
  /** A coordinator that others use too; one of this process by default. */
  readonly zookeeper: string | undefined;
  /** Bytes of memory of each node, as `--memory` takes them. */
  readonly memory: string;
  /** `yes` or `no`: whether replicas execute elsewhere what belongs there, and split commands between groups. */
  readonly proxy: string;
  readonly scatter: string;
  readonly onFatal: (error: unknown) => void;
  readonly onNotice: (text: string) => void;
  /** A client asked for it (`SHUTDOWN`). */
  readonly onShutdown: () => void;
}

interface DevNode {
  readonly group: string;
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** A cluster that is all in this process. */
export interface DevCluster {
  readonly dataDirectory: string;
  readonly nodes: readonly DevNode[];
  /** `host:port` of the master's calls. */
  readonly master: string;
  readonly topology: Topology;
  /** The primary of a group. */
  primaryOf(group: string): string | undefined;
  /** Secondaries first, so that primaries need not hand over; the master last. */
  stop(): Promise<void>;
}

interface Started extends DevNode {
  readonly server: Server;
}

/** Starts a master and groups in this process, to try things out; resolves when everything serves and every slot has its group. */
export async function startDevCluster(options: DevOptions): Promise<Result<DevCluster, string>> {
  const dataDirectory = resolve(options.data);
  try {
    await mkdir(dataDirectory, { recursive: true });
  } catch (error) {
    return err(`the directory ${dataDirectory} cannot be made: ${(error as Error).message}`);
  }
  const embedded = options.zookeeper === undefined ? await embeddedIn(dataDirectory) : undefined;
  if (embedded?.ok === false) return embedded;
  const connect = embedded === undefined ? undefined : () => embedded.value.connect();
  // First, so that groups wait for their part of the slots instead of the first one taking all.
  const master = await startDevMaster(options, connect?.());
  if (!master.ok) return err(`${MASTER}: ${master.error}`);
  const started = await startNodes(dataDirectory, options, connect);
  if (!started.ok) {
    await master.value.stop();
    return started;
  }
  const nodes = started.value;
  const primaryOf = (group: string): string | undefined =>
    nodes.find((node) => node.group === group)?.server.node.replica.configuration?.primary.id;
  const cluster: DevCluster = {
    dataDirectory,
    nodes,
    master: master.value.rpc,
    get topology() {
      return publicTopology(master.value.master.topology);
    },
    primaryOf,
    stop: async () => {
      await stopNodes(nodes, primaryOf);
      await master.value.stop();
    },
  };
  const isReady = (): boolean => nodes.every(({ server }) => server.node.isReady && server.node.state.slots.isAssigned);
  while (!isReady()) await new Promise<void>((passed) => setTimeout(passed, READY_POLL_MILLIS));
  return ok(cluster);
}

async function embeddedIn(dataDirectory: string): Promise<Result<EmbeddedCoordinator, string>> {
  const opened = await EmbeddedCoordinator.open(await openNodeDisk(dataDirectory));
  return opened.ok ? opened : err(`${dataDirectory}: ${opened.error}`);
}

async function startDevMaster(
  { groups, basePort, zookeeper, onNotice }: DevOptions,
  coordinator: Coordinator | undefined,
): Promise<Result<RunningMaster, string>> {
  const flags = {
    id: MASTER,
    "rpc-port": basePort === 0 ? 0 : basePort + MASTER_PORT_OFFSET,
    "http-port": 0,
    zookeeper,
  };
  const config = readConfig(flags, {}, undefined);
  if (!config.ok) return config;
  return startMaster(config.value, {
    ...(coordinator === undefined ? {} : { coordinator }),
    options: { groupsExpected: groups },
    onNotice: (text) => onNotice(`${MASTER}: ${text}`),
  });
}

/** The first of every group, then the second: each group has its primary soon. */
async function startNodes(
  dataDirectory: string,
  options: DevOptions,
  connect: (() => Coordinator) | undefined,
): Promise<Result<readonly Started[], string>> {
  const started: Started[] = [];
  for (let replica = 1; replica <= options.replicas; replica++) {
    for (let number = 1; number <= options.groups; number++) {
      const group = `g${number}`;
      const id = `${group}r${replica}`;
      const index = (number - 1) * options.replicas + replica - 1;
      const server = await startNode({ group, id, index, dataDirectory, options, coordinator: connect?.() });
      if (!server.ok) {
        await stopNodes(started, () => undefined);
        return err(`${id}: ${server.error}`);
      }
      const { host, port } = server.value;
      started.push({ group, id, host, port, server: server.value });
    }
  }
  return ok(started.sort((a, b) => a.group.localeCompare(b.group, "en", { numeric: true })));
}

interface NodeParts {
  readonly group: string;
  readonly id: string;
  readonly index: number;
  readonly dataDirectory: string;
  readonly options: DevOptions;
  readonly coordinator: Coordinator | undefined;
}

async function startNode(parts: NodeParts): Promise<Result<Server, string>> {
  const { group, id, index, dataDirectory, options, coordinator } = parts;
  const flags = {
    ...{ id, group, memory: options.memory, zookeeper: options.zookeeper },
    ...{ proxy: options.proxy, scatter: options.scatter },
    port: options.basePort === 0 ? 0 : options.basePort + index,
    "http-port": 0,
    data: join(dataDirectory, id),
  };
  const config = readConfig(flags, {}, undefined);
  if (!config.ok) return config;
  const served = await serve(config.value, {
    http: false,
    grpc: false,
    configFile: undefined,
    ...(coordinator === undefined ? {} : { coordinator }),
    onFatal: options.onFatal,
    onNotice: (text) => options.onNotice(`${id}: ${text}`),
    onShutdown: options.onShutdown,
  });
  return served.ok ? served : err(served.error.message);
}

async function stopNodes(nodes: readonly Started[], primaryOf: (group: string) => string | undefined): Promise<void> {
  const isPrimary = ({ group, id }: Started): boolean => primaryOf(group) === id;
  const secondaries = nodes.filter((node) => !isPrimary(node));
  const primaries = nodes.filter(isPrimary);
  for (const { server } of [...secondaries, ...primaries]) await server.stop();
}
