import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { err, ok, type Result } from "../base/result.ts";

/** Where one server listens, all on the loopback address; the last two are for the other servers. */
interface ZookeeperPorts {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

export interface ZookeeperServersOptions {
  /** One set a server: one server, or an ensemble. */
  readonly ports: readonly ZookeeperPorts[];
  readonly dataDirectory: string;
  /** A server has ended that nobody has stopped. */
  readonly onExit?: (text: string) => void;
}

const HOST = "127.0.0.1";
const DEBIAN_JAR = "/usr/share/java/zookeeper.jar";
const DEBIAN_LOGGER = "/usr/share/java/slf4j-simple.jar";
/** Small and quick to start: a heap of 128 MB, and no optimizing compiler that would take the processors. */
const JAVA_OPTIONS = [
  "-Xmx128m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
const MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
const READY_MILLIS_MAX = 60_000;
const ASK_MILLIS_MAX = 1000;
const ASK_AGAIN_MILLIS = 50;
const STOP_MILLIS_MAX = 5000;
const OUTPUT_CHARACTERS_MAX = 20_000;

export const INSTALL_HINT =
  "needs Java and ZooKeeper: on Debian, apt-get install zookeeper default-jre-headless; elsewhere, unpack Apache's archive and set ZOOKEEPER_HOME";

/** Real ZooKeeper servers on this machine, for tests and for trying things out; nothing of them is meant for production. */
export class ZookeeperServers {
  readonly #options: ZookeeperServersOptions;
  readonly #children: (ChildProcess | undefined)[] = [];
  readonly #killOnExit = (): void => {
    for (const child of this.#children) child?.kill("SIGKILL");
  };
  #output = "";

  private constructor(options: ZookeeperServersOptions) {
    this.#options = options;
    process.once("exit", this.#killOnExit);
  }

  /** Starts all and resolves when each of them serves, or tells why not. */
  static async start(options: ZookeeperServersOptions): Promise<Result<ZookeeperServers, string>> {
    if (!hasZookeeper()) return err(INSTALL_HINT);
    // One that cannot listen for the others serves at first, and ends later or never decides.
    const taken = await problemOfPorts(options.ports);
    if (taken !== undefined) return err(taken);
    const servers = new ZookeeperServers(options);
    for (const index of options.ports.keys()) await servers.#configure(index);
    for (const index of options.ports.keys()) servers.startServer(index);
    const problem = await servers.ready();
    if (problem === undefined) return ok(servers);
    await servers.stop();
    return err(problem);
  }

  get connectString(): string {
    return this.#options.ports.map(({ client }) => `${HOST}:${client}`).join(",");
  }

  pidOf(index: number): number | undefined {
    return this.#children[index]?.pid;
  }

  /** Starts a server that does not run, on the data it has. */
  startServer(index: number): void {
    const config = join(this.#directoryOf(index), "zoo.cfg");
    const args = [...JAVA_OPTIONS, "-cp", classPath() ?? "", MAIN, config];
    const child = spawn("java", args, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const ended = (how: string): void => {
      if (this.#children[index] !== child) return;
      this.#children[index] = undefined;
      this.#options.onExit?.(`ZooKeeper server ${index + 1} has ended (${how})`);
    };
    child.once("error", (error) => ended(error.message));
    child.once("exit", (code, signal) => ended(signal ?? `exit ${code}`));
    this.#children[index] = child;
  }

  /** Sends a signal: SIGSTOP, SIGCONT. */
  signal(index: number, signal: NodeJS.Signals): void {
    this.#children[index]?.kill(signal);
  }

  /** Ends one server; it can be started again. */
  async stopServer(index: number, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#children[index];
    if (child === undefined) return;
    this.#children[index] = undefined;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    // A stopped process takes no other signal.
    const limit = setTimeout(() => child.kill("SIGKILL"), STOP_MILLIS_MAX);
    await ended;
    clearTimeout(limit);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((_child, index) => this.stopServer(index)));
    process.off("exit", this.#killOnExit);
  }

  /** Resolves when every server says that it serves, with nothing; or with what is wrong. */
  async ready(): Promise<string | undefined> {
    const deadline = performance.now() + READY_MILLIS_MAX;
    for (const [index, { client }] of this.#options.ports.entries()) {
      while ((await modeOf(client)) === undefined) {
        if (this.#children[index] === undefined)
          return `ZooKeeper server ${index + 1} does not start:\n${this.#output}`;
        if (performance.now() > deadline) return `ZooKeeper server ${index + 1} does not serve:\n${this.#output}`;
        await sleep(ASK_AGAIN_MILLIS);
      }
    }
    return undefined;
  }

  /** What part of the ensemble the server says it is; nothing if it does not serve. */
  modeOf(index: number): Promise<string | undefined> {
    return modeOf(this.#options.ports[index]!.client);
  }

  #directoryOf(index: number): string {
    return join(this.#options.dataDirectory, `server${index + 1}`);
  }

  async #configure(index: number): Promise<void> {
    const directory = this.#directoryOf(index);
    await mkdir(directory, { recursive: true });
    const { ports } = this.#options;
    const peers = ports.map(({ quorum, election }, other) => `server.${other + 1}=${HOST}:${quorum}:${election}`);
    const lines = [
      ...["tickTime=500", "initLimit=20", "syncLimit=4", "maxClientCnxns=0"],
      `dataDir=${directory}`,
      `clientPortAddress=${HOST}`,
      `clientPort=${ports[index]!.client}`,
      ...["admin.enableServer=false", "4lw.commands.whitelist=*", "extendedTypesEnabled=true"],
      // Kilobytes of log made ahead: the default is 64 MB a server.
      ...["preAllocSize=1024", "autopurge.purgeInterval=1"],
      ...(ports.length > 1 ? peers : []),
    ];
    await writeFile(join(directory, "zoo.cfg"), `${lines.join("\n")}\n`);
    await writeFile(join(directory, "myid"), `${index + 1}\n`);
  }
}

/** Whether this machine has what it takes to start servers. */
export function hasZookeeper(): boolean {
  return classPath() !== undefined && spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0;
}

/** What java needs; nothing if ZooKeeper is not on this machine. The Debian jar names the others that it needs. */
function classPath(): string | undefined {
  const home = process.env["ZOOKEEPER_HOME"];
  if (home !== undefined && existsSync(join(home, "lib"))) return `${home}/lib/*:${home}/*`;
  return existsSync(DEBIAN_JAR) ? `${DEBIAN_JAR}:${DEBIAN_LOGGER}` : undefined;
}

/** What is wrong with the ports that the servers will listen on; nothing if all are free. A lone server has no others to listen for. */
async function problemOfPorts(ports: readonly ZookeeperPorts[]): Promise<string | undefined> {
  const needed = ports.flatMap(({ client, quorum, election }) => [
    client,
    ...(ports.length > 1 ? [quorum, election] : []),
  ]);
  const problems = await Promise.all(needed.map(problemOfPort));
  return problems.find((problem) => problem !== undefined);
}

/** A port is taken also for the minute after the end of a client's connection from it. */
function problemOfPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      const isTaken = code === "EADDRINUSE";
      const hint = "choose others with --base-port, or stop the program that has it";
      resolve(isTaken ? `port ${port} on ${HOST} is taken; ${hint}` : `port ${port} on ${HOST}: ${message}`);
    });
    probe.listen(port, HOST, () => probe.close(() => resolve(undefined)));
  });
}

/** Asks with the four-letter word `srvr`; a server that has no quorum answers without a mode. */
function modeOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: HOST, port });
    const finish = (): void => {
      socket.destroy();
      resolve(/^Mode: (\w+)$/m.exec(text)?.[1]);
    };
    socket.setTimeout(ASK_MILLIS_MAX, finish);
    socket.on("connect", () => socket.write("srvr"));
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("error", finish);
    socket.on("close", finish);
  });
}
