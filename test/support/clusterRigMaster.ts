import { flagsOf, RigProcess } from "./groupRigProcess.ts";

type RigMasterOptions = {
  readonly id: string;
  readonly advertised: string;
  readonly rpcPort: number;
  readonly zookeeper: string;
};

/** One master process of a rig, through its lives. */
export class RigMaster extends RigProcess {
  protected readonly readyLine = /^holdfast master ready/;
  readonly #options: RigMasterOptions;
  #rpcPort: number;

  constructor(options: RigMasterOptions) {
    super(options.id);
    this.#options = options;
    this.#rpcPort = options.rpcPort;
  }

  /** Its next process listens there. */
  moveTo(rpcPort: number): void {
    this.#rpcPort = rpcPort;
  }

  protected async launch() {
    const { id, advertised, zookeeper } = this.#options;
    return { args: ["master", ...flagsOf({ zookeeper, id, advertise: advertised, "rpc-port": this.#rpcPort })] };
  }
}
