import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompiledShim, DiskFaults } from "../crash/shim/faultShim.ts";
import { type ServerProcess, spawnServer } from "./serverProcess.ts";

/** `HOLDFAST_PROGRAM` names the executable of another build, for long runs during which this one is built anew. */
const PROGRAM = process.env["HOLDFAST_PROGRAM"] ?? fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
const READY = /^holdfast ready/;
const READY_MILLIS_MAX = 60_000;

type WorkerPorts = { readonly resp: number; readonly rpc: number; readonly link: number };

type RigWorkerOptions = {
  readonly id: string;
  /** Under which the others reach it: that of the proxies before it. */
  readonly advertised: string;
  readonly ports: WorkerPorts;
  readonly zookeeper: string;
  /** Its own directory is made in it. */
  readonly directory: string;
  readonly args: readonly string[];
  /** Makes its disk fail on command. */
  readonly shim: Extract<CompiledShim, { code: "compiled" }> | undefined;
};

/** One worker process of a rig, through its lives. */
export class RigWorker {
  readonly id: string;
  readonly ports: WorkerPorts;
  readonly dataDirectory: string;
  readonly #options: RigWorkerOptions;
  #process: ServerProcess | undefined;
  #isPaused = false;
  #faults: DiskFaults | undefined;
  #outputBefore = "";
  #starting: Promise<void> | undefined;

  constructor(options: RigWorkerOptions) {
    this.#options = options;
    this.id = options.id;
    this.ports = options.ports;
    this.dataDirectory = join(options.directory, options.id);
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#process?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#process?.isRunning() ?? false;
  }

  get isPaused(): boolean {
    return this.#isPaused && this.isRunning;
  }

  /** Present in rigs with `diskFaults`, while the worker has run once. */
  get disk(): DiskFaults | undefined {
    return this.#faults;
  }

  /** All that its processes have printed. */
  output(): string {
    return this.#outputBefore + (this.#process?.output() ?? "");
  }

  /** Starts a process on the data there is, unless there is one; `ready` tells when it serves. */
  async start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #start(): Promise<void> {
    if (this.isRunning) return;
    const { id, advertised, ports, zookeeper, directory, args, shim } = this.#options;
    await mkdir(this.dataDirectory, { recursive: true });
    this.#faults?.close();
    this.#faults =
      shim === undefined
        ? undefined
        : new DiskFaults(shim.library, join(directory, `${id}.faults`), this.dataDirectory);
    this.#outputBefore = this.output();
    this.#isPaused = false;
    const settings = {
      zookeeper,
      id,
      advertise: advertised,
      port: ports.resp,
      "rpc-port": ports.rpc,
      "link-port": ports.link,
      "http-port": 0,
      data: this.dataDirectory,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawnServer({
      command: process.execPath,
      args: ["--max-semi-space-size=1", PROGRAM, "worker", "--group", "g1", ...flags, ...args],
      env: this.#faults?.env ?? {},
    });
  }

  async ready(): Promise<void> {
    await this.#process?.waitForLine(READY, READY_MILLIS_MAX);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#starting;
    if (this.isRunning) await this.#process?.kill();
  }

  /** SIGTERM, and waits for its end; answers the exit code. */
  async stop(): Promise<number | null> {
    await this.#starting;
    if (!this.isRunning) return 0;
    if (this.isPaused) this.resume();
    return this.#process!.stop();
  }

  /** SIGSTOP: it stands still until `resume`. */
  pause(): void {
    if (!this.isRunning) return;
    this.#isPaused = true;
    this.#process?.child.kill("SIGSTOP");
  }

  resume(): void {
    this.#isPaused = false;
    this.#process?.child.kill("SIGCONT");
  }

  /** Removes its data; it must not run. */
  async wipe(): Promise<void> {
    await rm(this.dataDirectory, { recursive: true, force: true, maxRetries: 3 });
  }
}
