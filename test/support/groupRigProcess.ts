import { fileURLToPath } from "node:url";
import { type ServerProcess, spawnServer } from "./serverProcess.ts";

/** `HOLDFAST_PROGRAM` names the executable of another build, for long runs during which this one is built anew. */
const PROGRAM = process.env["HOLDFAST_PROGRAM"] ?? fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
const READY_MILLIS_MAX = 60_000;

/** What `holdfast` is started with. */
type Launch = { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };

/** One process of a rig, through its lives: a worker or a master. */
export abstract class RigProcess {
  readonly id: string;
  #process: ServerProcess | undefined;
  #isPaused = false;
  #outputBefore = "";
  #starting: Promise<void> | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Called before each of its lives. */
  protected abstract launch(): Promise<Launch>;

  /** What it prints when it is there. */
  protected abstract readonly readyLine: RegExp;

  get pid(): number | undefined {
    return this.isRunning ? this.#process?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#process?.isRunning() ?? false;
  }

  get isPaused(): boolean {
    return this.#isPaused && this.isRunning;
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
    const { args, env = {} } = await this.launch();
    this.#outputBefore = this.output();
    this.#isPaused = false;
    this.#process = spawnServer({
      command: process.execPath,
      args: ["--max-semi-space-size=1", "--v8-pool-size=1", PROGRAM, ...args],
      env,
    });
  }

  async ready(): Promise<void> {
    await this.#process?.waitForLine(this.readyLine, READY_MILLIS_MAX);
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

  /** Lets it run again, whatever was done to it. */
  async repair(): Promise<void> {
    if (this.isPaused) this.resume();
    if (!this.isRunning) await this.start();
  }
}

/** `--name value` of each. */
export function flagsOf(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
