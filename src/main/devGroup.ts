import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { err, ok, type Result } from "../base/result.ts";
import { EmbeddedCoordinator } from "../platform/embeddedCoordinator.ts";
import { openNodeDisk } from "../platform/nodeDisk.ts";
import { readConfig } from "./config.ts";
import { type Server, serve } from "./server.ts";

const READY_POLL_MILLIS = 10;
const GROUP = "g1";

export interface DevOptions {
  readonly replicas: number;
  /** Port of the first replica for Redis clients, the others follow; 0 takes free ones. */
  readonly basePort: number;
  readonly data: string;
  /** A coordinator that others use too; one of this process by default. */
  readonly zookeeper: string | undefined;
  /** Bytes of memory of each replica, as `--memory` takes them. */
  readonly memory: string;
  readonly onFatal: (error: unknown) => void;
  readonly onNotice: (text: string) => void;
  /** A client asked for it (`SHUTDOWN`). */
  readonly onShutdown: () => void;
}

/** A group whose replicas are all in this process. */
export interface DevGroup {
  readonly dataDirectory: string;
  readonly servers: readonly { readonly id: string; readonly host: string; readonly port: number }[];
  /** Whether each of them answers clients. */
  readonly isReady: boolean;
  readonly primary: string | undefined;
  /** Secondaries first, so that the primary need not hand over. */
  stop(): Promise<void>;
}

type DevServer = { readonly id: string; readonly server: Server };

/** Starts a group in this process, to try things out; resolves when it serves. */
export async function startDevGroup(options: DevOptions): Promise<Result<DevGroup, string>> {
  const dataDirectory = resolve(options.data);
  try {
    await mkdir(dataDirectory, { recursive: true });
  } catch (error) {
    return err(`the directory ${dataDirectory} cannot be made: ${(error as Error).message}`);
  }
  const embedded = options.zookeeper === undefined ? await embeddedIn(dataDirectory) : undefined;
  if (embedded?.ok === false) return embedded;
  const started: DevServer[] = [];
  for (let index = 0; index < options.replicas; index++) {
    const id = `r${index + 1}`;
    const server = await startReplica({ id, index, dataDirectory, options, coordinator: embedded?.value });
    if (!server.ok) {
      await stopAll(started);
      return err(`${id}: ${server.error}`);
    }
    started.push({ id, server: server.value });
  }
  const group: DevGroup = {
    dataDirectory,
    servers: started.map(({ id, server: { host, port } }) => ({ id, host, port })),
    get isReady() {
      return started.every(({ server }) => server.node.isReady);
    },
    get primary() {
      return started[0]?.server.node.replica.configuration?.primary.id;
    },
    stop: () => stopAll(started),
  };
  while (!group.isReady) await new Promise<void>((passed) => setTimeout(passed, READY_POLL_MILLIS));
  return ok(group);
}

async function embeddedIn(dataDirectory: string): Promise<Result<EmbeddedCoordinator, string>> {
  const opened = await EmbeddedCoordinator.open(await openNodeDisk(dataDirectory));
  return opened.ok ? opened : err(`${dataDirectory}: ${opened.error}`);
}

interface ReplicaParts {
  readonly id: string;
  readonly index: number;
  readonly dataDirectory: string;
  readonly options: DevOptions;
  readonly coordinator: EmbeddedCoordinator | undefined;
}

async function startReplica(parts: ReplicaParts): Promise<Result<Server, string>> {
  const { id, index, dataDirectory, options, coordinator } = parts;
  const flags = {
    id,
    group: GROUP,
    port: options.basePort === 0 ? 0 : options.basePort + index,
    "http-port": 0,
    data: join(dataDirectory, id),
    memory: options.memory,
    zookeeper: options.zookeeper,
  };
  const config = readConfig(flags, {}, undefined);
  if (!config.ok) return config;
  const served = await serve(config.value, {
    http: false,
    configFile: undefined,
    ...(coordinator === undefined ? {} : { coordinator: coordinator.connect() }),
    onFatal: options.onFatal,
    onNotice: (text) => options.onNotice(`${id}: ${text}`),
    onShutdown: options.onShutdown,
  });
  return served.ok ? served : err(served.error.message);
}

async function stopAll(started: readonly DevServer[]): Promise<void> {
  const isPrimary = ({ server }: DevServer): boolean => server.node.replica.role === "primary";
  const inOrder = [...started.filter((each) => !isPrimary(each)), ...started.filter(isPrimary)];
  for (const { server } of inOrder) await server.stop();
}
