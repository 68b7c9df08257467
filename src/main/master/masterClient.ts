import { splitAddress } from "../../base/address.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { MASTER_PREFIX, MASTERS, parseMasterRecord } from "../../master/masterRecord.ts";
import type { LinkCertificates } from "../../platform/link/linkOptions.ts";
import { nodeClock, nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import { type ClusterCallError, type ClusterCaller, clusterCaller } from "../../platform/rpc/clusterClient.ts";
import type {
  ClusterCommand,
  ClusterDecision,
  ClusterHeat,
  ClusterPlan,
  ClusterWork,
  Topology,
} from "../../platform/rpc/clusterService.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import { type CertificateFiles, readCertificates } from "../group/certificates.ts";

const CALL_MILLIS_MAX = 5_000;
/** A master takes over within a session's time; nobody should have to try again by hand for that. */
const TOTAL_MILLIS_DEFAULT = 15_000;
const NOTICE_MILLIS = 1_500;
const AGAIN_MILLIS = 300;

export interface ReachOptions {
  readonly zookeeper: string | undefined;
  readonly auth: string | undefined;
  /** `host:port[,host:port]` of masters, or workers; in place of ZooKeeper. */
  readonly master: string | undefined;
  readonly certificates: CertificateFiles;
  /** An active master is waited for so long; 15 s by default. */
  readonly waitMillis?: number | undefined;
  /** Nobody has answered yet, and it goes on trying. */
  readonly onNotice: (text: string) => void;
}

/** Why it was not done: `changed` may be planned again. */
export interface MasterProblem {
  readonly code: "refused" | "changed" | "failed";
  readonly message: string;
}

type Answered<T> = Promise<Result<T, MasterProblem>>;
type Ask<T> = (caller: ClusterCaller) => Promise<Result<T, ClusterCallError>>;

/** Asks the masters of a cluster: any for the topology, the active one for everything else, whichever that is. */
export class MasterClient {
  readonly #tls: LinkCertificates | undefined;
  readonly #coordinator: Coordinator | undefined;
  readonly #onNotice: (text: string) => void;
  readonly #waitMillis: number;
  /** Where masters are, the likeliest first. */
  #addresses: readonly string[];
  readonly #callers = new Map<string, ClusterCaller>();

  private constructor(
    tls: LinkCertificates | undefined,
    coordinator: Coordinator | undefined,
    addresses: readonly string[],
    { onNotice, waitMillis = TOTAL_MILLIS_DEFAULT }: ReachOptions,
  ) {
    this.#onNotice = onNotice;
    this.#waitMillis = waitMillis;
    this.#tls = tls;
    this.#coordinator = coordinator;
    this.#addresses = addresses;
  }

  /** Connects nowhere yet; fails with a sentence about the options. */
  static async open(options: ReachOptions): Promise<Result<MasterClient, string>> {
    const { zookeeper, auth, master, certificates } = options;
    const tls = readCertificates(certificates);
    if (!tls.ok) return tls;
    if (master !== undefined) {
      const addresses = master.split(",").map((address) => address.trim());
      const wrong = addresses.find((address) => splitAddress(address) === undefined);
      if (wrong !== undefined)
        return err(`--master: ${JSON.stringify(wrong)} is no address; write host:port[,host:port]`);
      return ok(new MasterClient(tls.value, undefined, addresses, options));
    }
    if (zookeeper === undefined)
      return err(
        "say where the cluster is: --zookeeper h1:2181,h2:2181,h3:2181/path, or --master host:port of a master",
      );
    const { ZookeeperCoordinator } = await import("../../platform/zookeeper/zookeeperCoordinator.ts");
    const connected = ZookeeperCoordinator.connect({
      connectString: zookeeper,
      ...(auth === undefined ? {} : { auth }),
      ...{ clock: nodeClock, timers: nodeTimers, random: nodeRandom },
    });
    if (!connected.ok) return err(`--zookeeper: ${connected.error}`);
    return ok(new MasterClient(tls.value, connected.value, [], options));
  }

  topology(): Answered<Topology> {
    return this.#ask((caller) => caller.topology(CALL_MILLIS_MAX));
  }

  plan(command: ClusterCommand): Answered<ClusterPlan> {
    return this.#ask((caller) => caller.plan(command, CALL_MILLIS_MAX));
  }

  execute(command: ClusterCommand, fingerprint: string): Answered<ClusterPlan> {
    return this.#ask((caller) => caller.execute(command, fingerprint, CALL_MILLIS_MAX));
  }

  work(): Answered<ClusterWork> {
    return this.#ask((caller) => caller.work(CALL_MILLIS_MAX));
  }

  why(countMax: number): Answered<readonly ClusterDecision[]> {
    return this.#ask((caller) => caller.why(countMax, CALL_MILLIS_MAX));
  }

  hot(countMax: number): Answered<ClusterHeat> {
    return this.#ask((caller) => caller.hot(countMax, CALL_MILLIS_MAX));
  }

  /** Calls `onTopology` now and after each change; resolves with a sentence when whoever tells it has gone. */
  async watch(onTopology: (topology: Topology) => void): Promise<string> {
    // It finds somebody who answers.
    const first = await this.topology();
    if (!first.ok) return first.error.message;
    const caller = await this.#callerOf(this.#addresses[0]!);
    return new Promise((resolve) => {
      caller.watch(onTopology, ({ message }) => resolve(message));
    });
  }

  async close(): Promise<void> {
    for (const caller of this.#callers.values()) caller.close();
    await this.#coordinator?.close();
  }

  /** Tries one after the other, and all of them again: a successor may be on its way. */
  async #ask<T>(ask: Ask<T>): Answered<T> {
    // It also keeps the process alive, which waiting for an answer does not.
    const alive = setInterval(() => undefined, 1_000);
    try {
      const begin = performance.now();
      const deadline = begin + this.#waitMillis;
      let isTold = false;
      let problem: string;
      for (;;) {
        const said = new Map<string, string>();
        const found = await this.#find();
        const answered = await this.#askEach(ask, said);
        if (answered !== undefined) return answered;
        problem = found ?? [...said].map(([address, text]) => `${address}: ${text}`).join("; ");
        if (performance.now() >= deadline) break;
        if (!isTold && performance.now() > begin + NOTICE_MILLIS) {
          isTold = true;
          this.#onNotice(`waiting for a master that answers: ${problem}`);
        }
        await new Promise<void>((resolve) => setTimeout(resolve, AGAIN_MILLIS));
      }
      return err({ code: "failed", message: this.#noActive(problem) });
    } finally {
      clearInterval(alive);
    }
  }

  /** Who was tried, and what there is to do. */
  #noActive(problem: string): string {
    const waited = `no active master has answered within ${Math.round(this.#waitMillis / 100) / 10} s`;
    const hint =
      "Start a master (holdfast master --zookeeper … --id m1), or ask again when a standby has taken over; --master-timeout waits longer";
    return `${waited}. Asked: ${problem}. ${hint}.`;
  }

  /** An answer that stands; undefined if nobody gave one, and `said` has what each said instead. */
  async #askEach<T>(ask: Ask<T>, said: Map<string, string>): Promise<Result<T, MasterProblem> | undefined> {
    const left = [...this.#addresses];
    for (const tried = new Set<string>(); left.length > 0; ) {
      const address = left.shift()!;
      if (tried.has(address) || splitAddress(address) === undefined) continue;
      tried.add(address);
      const answered = await ask(await this.#callerOf(address));
      if (answered.ok) {
        this.#prefer(address);
        return answered;
      }
      const { code, message, active } = answered.error;
      said.set(address, message);
      if (code === "standby" && active !== undefined) left.unshift(active);
      if (code === "refused" || code === "changed") return err({ code, message });
    }
    return undefined;
  }

  #prefer(address: string): void {
    this.#addresses = [address, ...this.#addresses.filter((each) => each !== address)];
  }

  async #callerOf(address: string): Promise<ClusterCaller> {
    let caller = this.#callers.get(address);
    if (caller === undefined) {
      caller = await clusterCaller(splitAddress(address)!, this.#tls);
      this.#callers.set(address, caller);
    }
    return caller;
  }

  /** Looks the masters up; answers why there are none. */
  async #find(): Promise<string | undefined> {
    const coordinator = this.#coordinator;
    if (coordinator === undefined) return undefined;
    const names = await coordinator.children(MASTERS);
    if (!names.ok && names.error.code !== "no_node")
      return `ZooKeeper does not answer: ${"message" in names.error ? names.error.message : names.error.code}`;
    const found: string[] = [];
    for (const name of names.ok ? names.value : []) {
      if (!name.startsWith(MASTER_PREFIX)) continue;
      const read = await coordinator.get(`${MASTERS}/${name}`);
      const record = read.ok ? parseMasterRecord(read.value.data) : undefined;
      if (record !== undefined) found.push(record.rpc);
    }
    this.#addresses = [...this.#addresses.filter((each) => found.includes(each)), ...found];
    if (found.length > 0) return undefined;
    return "ZooKeeper, which knows of no master that is running";
  }
}
