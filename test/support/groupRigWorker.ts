import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type CompiledShim, DiskFaults } from "../crash/shim/faultShim.ts";
import { flagsOf, RigProcess } from "./groupRigProcess.ts";

type WorkerPorts = { readonly resp: number; readonly rpc: number; readonly link: number };

type RigWorkerOptions = {
  readonly id: string;
  readonly group: string;
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
export class RigWorker extends RigProcess {
  readonly group: string;
  readonly advertised: string;
  readonly dataDirectory: string;
  protected readonly readyLine = /^holdfast ready/;
  readonly #options: RigWorkerOptions;
  #ports: WorkerPorts;
  #faults: DiskFaults | undefined;

  constructor(options: RigWorkerOptions) {
    super(options.id);
    this.#options = options;
    this.group = options.group;
    this.advertised = options.advertised;
    this.#ports = options.ports;
    this.dataDirectory = join(options.directory, options.id);
  }

  get ports(): WorkerPorts {
    return this.#ports;
  }

  /** Its next process listens there. */
  moveTo(ports: WorkerPorts): void {
    this.#ports = ports;
  }

  /** Present in rigs with `diskFaults`, while the worker has run once. */
  get disk(): DiskFaults | undefined {
    return this.#faults;
  }

  protected async launch() {
    const { id, group, advertised, zookeeper, directory, args, shim } = this.#options;
    await mkdir(this.dataDirectory, { recursive: true });
    this.#faults?.close();
    this.#faults =
      shim === undefined
        ? undefined
        : new DiskFaults(shim.library, join(directory, `${id}.faults`), this.dataDirectory);
    const flags = flagsOf({
      zookeeper,
      id,
      group,
      advertise: advertised,
      port: this.#ports.resp,
      "rpc-port": this.#ports.rpc,
      "link-port": this.#ports.link,
      "http-port": 0,
      data: this.dataDirectory,
    });
    return { args: ["worker", ...flags, ...args], env: this.#faults?.env ?? {} };
  }

  override async repair(): Promise<void> {
    this.disk?.set("spaceBytes", -1);
    this.disk?.set("syncDelayMillis", 0);
    await super.repair();
  }

  /** Removes its data; it must not run. */
  async wipe(): Promise<void> {
    await rm(this.dataDirectory, { recursive: true, force: true, maxRetries: 3 });
  }
}
