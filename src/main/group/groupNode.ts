import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Random } from "../../base/random.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { LinkCertificates } from "../../platform/link/linkOptions.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { Disk } from "../../ports/disk.ts";
import type { LinkEndpoint, LinkHandler } from "../../ports/link.ts";
import type { WorkerCallServer, WorkerCalls } from "../../ports/workerCalls.ts";
import type { Node } from "../../worker/node.ts";
import type { NodeError } from "../../worker/nodeError.ts";
import type { GroupParts, GroupWorker } from "../../worker/replication/groupParts.ts";
import type { Config } from "../config.ts";
import { VERSION } from "../version.ts";
import { readCertificates } from "./certificates.ts";
import { prepareTree } from "./clusterTree.ts";
import { type Claimed, claimMembership, refuseLone, renewIncarnation } from "./membershipFile.ts";
import { Registration, waitForRival } from "./registration.ts";
import { Roster } from "./roster.ts";
import { WorkerAnswers } from "./workerAnswers.ts";
import { joinAddress, splitAddress } from "./workerRecord.ts";

const PREPARE_AGAIN_MILLIS = 1_000;
const SNAPSHOT_MILLIS_MAX = 3_600_000;
const SNAPSHOT_IDLE_MILLIS_MAX = 10_000;
const CALLS_GRACE_MILLIS = 500;

export interface GroupNodeParts {
  readonly config: Config;
  readonly coordinator: Coordinator;
  /** The data directory. */
  readonly disk: Disk;
  /** Names the data in it. */
  readonly data: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly onNotice: (text: string) => void;
}

/** What a process does so that its node is one of several: finds the others, links with them, answers their calls, tells of itself. */
export class GroupNode {
  readonly parts: GroupParts;
  readonly #options: GroupNodeParts;
  readonly #cluster: string;
  readonly #id: string;
  readonly #tls: LinkCertificates | undefined;
  #incarnation: number;
  readonly #roster: Roster;
  readonly #answers = new WorkerAnswers();
  #links: LinkEndpoint | undefined;
  #calls: WorkerCalls | undefined;
  #server: WorkerCallServer | undefined;
  #registration: Registration | undefined;

  private constructor(options: GroupNodeParts, cluster: string, claimed: Claimed, tls: LinkCertificates | undefined) {
    const { config, coordinator, timers, onNotice } = options;
    this.#options = options;
    this.#cluster = cluster;
    this.#id = config.id!;
    this.#incarnation = claimed.incarnation;
    this.#tls = tls;
    this.#roster = new Roster({ coordinator, timers, onChange: () => this.#meet(), onNotice });
    this.parts = {
      self: { id: this.#id, incarnation: claimed.incarnation },
      mayFound: claimed.isNew,
      join: (handler) => this.#join(handler),
      renew: () => this.#renew(),
      rejoin: (handler) => this.#rejoin(handler),
      fetchSnapshot: (from, take) => this.#fetchSnapshot(from, take),
      clientAddress: (id) => this.#roster.workers.get(id)?.resp,
      eventualByDefault: () => config["replica-reads"] === "eventual",
      roster: {
        groupId: longId(`${cluster}/${config.group}`),
        nodeId: (id) => longId(`${cluster}/${config.group}/${id}`),
        workers: () => this.#workers(),
      },
    };
  }

  /** Waits for the coordinator, and claims the data directory for this replica. */
  static async open(options: GroupNodeParts): Promise<Result<GroupNode, NodeError>> {
    const { config, coordinator, disk, random, timers, onNotice } = options;
    if (config.id === undefined) return err({ code: "conflict", message: "a worker needs an --id" });
    const tls = readCertificates(config);
    if (!tls.ok) return err({ code: "conflict", message: tls.error });
    let told: string | undefined;
    for (;;) {
      const cluster = await prepareTree(coordinator, random.u32().toString(16) + random.u32().toString(16));
      const founded = await coordinator.exists(`/groups/${config.group}/config`, { sync: true });
      if (cluster.ok && founded.ok) {
        const allowed = founded.value ? await refuseLone(disk, config.group) : ok(undefined);
        if (!allowed.ok) return allowed;
        const boot = config.durability === "memory" ? bootId() : undefined;
        const claim = { cluster: cluster.value, group: config.group, id: config.id, boot };
        const claimed = await claimMembership(disk, claim, random);
        if (!claimed.ok) return claimed;
        const { data } = options;
        const free = await waitForRival({ coordinator, timers, id: config.id, data, onNotice });
        if (!free.ok) return free;
        return ok(new GroupNode(options, cluster.value, claimed.value, tls.value));
      }
      const trouble = cluster.ok ? `group ${config.group} cannot be read` : cluster.error;
      if (trouble !== told) onNotice(`waiting for the coordinator: ${trouble}`);
      told = trouble;
      await new Promise<void>((resolve) => timers.after(PREPARE_AGAIN_MILLIS, resolve));
    }
  }

  get #host(): string {
    const { config } = this.#options;
    return config.advertise ?? hostOf(config.bind);
  }

  async #join(handler: LinkHandler): Promise<Result<LinkEndpoint, NodeError>> {
    const { config } = this.#options;
    const { grpcWorkerCalls } = await import("../../platform/rpc/grpcWorkerCalls.ts");
    const joined = await this.#link(handler, config["link-port"]);
    if (!joined.ok) return joined;
    this.#calls = await grpcWorkerCalls(this.#tls);
    const served = await this.#calls.serve({
      listen: { host: config.bind, port: config["rpc-port"] },
      self: this.#target(this.#id),
      service: this.#answers,
    });
    if (!served.ok) {
      await joined.value.close();
      return err({ code: "conflict", message: `--rpc-port ${config["rpc-port"]}: ${served.error.message}` });
    }
    this.#server = served.value;
    await this.#roster.read();
    return joined;
  }

  async #link(handler: LinkHandler, port: number): Promise<Result<LinkEndpoint, NodeError>> {
    const { config, random } = this.#options;
    const { tcpLinks } = await import("../../platform/link/tcpLinks.ts");
    const { cluster, group, replica } = this.#target(this.#id);
    const self = { cluster, group, replica, incarnation: this.#incarnation };
    const joined = await tcpLinks({ random, tls: this.#tls }).join({
      self,
      listen: { host: config.bind, port },
      handler,
    });
    if (!joined.ok) return err({ code: "conflict", message: `--link-port ${port}: ${joined.error.message}` });
    this.#links = joined.value;
    return joined;
  }

  async #renew(): Promise<number> {
    const { config, disk, random } = this.#options;
    this.#incarnation = await renewIncarnation(disk, random);
    this.#options.onNotice(
      `what ${config.id} had is too old; it learns the group's data anew, as incarnation ${this.#incarnation}`,
    );
    return this.#incarnation;
  }

  async #rejoin(handler: LinkHandler): Promise<Result<LinkEndpoint, NodeError>> {
    const { port } = this.#links!.address;
    await this.#links!.close();
    const joined = await this.#link(handler, port);
    this.#meet();
    await this.#registration?.change({ incarnation: this.#incarnation });
    return joined;
  }

  #target(replica: string): { readonly cluster: string; readonly group: string; readonly replica: string } {
    return { cluster: this.#cluster, group: this.#options.config.group, replica };
  }

  *#workers(): Iterable<GroupWorker> {
    for (const [id, { group, resp, link }] of this.#roster.workers) {
      if (group !== this.#options.config.group) continue;
      const { host, port } = splitAddress(resp)!;
      yield { id, host, port, linkPort: splitAddress(link)!.port };
    }
  }

  /** Links with every worker of the group. */
  #meet(): void {
    for (const [id, record] of this.#roster.workers) {
      const address = splitAddress(record.link);
      if (id === this.#id || record.group !== this.#options.config.group || address === undefined) continue;
      this.#links?.expect(id, address);
    }
  }

  async #fetchSnapshot(from: string, take: (chunk: Uint8Array) => Promise<void>): Promise<Result<void, string>> {
    const address = splitAddress(this.#roster.workers.get(from)?.rpc ?? "");
    if (address === undefined) return err(`the address of ${from} is not known`);
    const caller = this.#calls!.caller(address, this.#target(from));
    const limits = { deadlineMillis: SNAPSHOT_MILLIS_MAX, idleMillisMax: SNAPSHOT_IDLE_MILLIS_MAX };
    const fetched = await caller.snapshot({ attempt: this.#id, from: 0 }, { take }, limits).done;
    caller.close();
    return fetched.ok ? ok(undefined) : err(fetched.error.message);
  }

  /** The node is open and Redis clients are heard: tells the others. */
  async register(node: Node, respPort: number): Promise<Result<void, NodeError>> {
    const { config, coordinator, data, timers, onNotice } = this.#options;
    this.#answers.node = node;
    this.#registration = new Registration({
      coordinator,
      timers,
      onNotice,
      id: this.#id,
      record: {
        group: config.group,
        incarnation: this.#incarnation,
        link: joinAddress(this.#host, this.#links!.address.port),
        rpc: joinAddress(this.#host, this.#server!.address.port),
        resp: joinAddress(this.#host, respPort),
        data,
        version: VERSION,
        pid: process.pid,
      },
    });
    return this.#registration.begin();
  }

  /** Nobody is linked with or called any more. */
  async close(): Promise<void> {
    this.#roster.stop();
    this.#registration?.stop();
    await this.#options.coordinator.close();
    await this.#server?.close(CALLS_GRACE_MILLIS);
    await this.#links?.close();
  }
}

/** A name as Redis's clients know nodes by: 40 hexadecimal digits. */
function longId(name: string): string {
  return createHash("sha1").update(name).digest("hex");
}

/** An address that others may try: a wildcard is none. */
function hostOf(bind: string): string {
  if (bind !== "0.0.0.0" && bind !== "::") return bind;
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => !address.internal && (bind === "::" || address.family === "IPv4"));
  return found?.address ?? "127.0.0.1";
}

/** Changes when the machine starts, and with it all that was in memory only. Where it cannot be known, every start counts as one. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return nodeRandom.u32().toString(16);
  }
}
