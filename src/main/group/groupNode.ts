import { joinAddress, splitAddress } from "../../base/address.ts";
import type { Random } from "../../base/random.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { prepareTree } from "../../coordination/clusterTree.ts";
import { isMember, type Member, parseConfiguration } from "../../core/replica/configuration.ts";
import type { ReplicaTimes } from "../../core/replica/times.ts";
import type { Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { Disk } from "../../ports/disk.ts";
import type { LinkEndpoint, LinkHandler, LinkNetwork } from "../../ports/link.ts";
import type { WorkerCallServer, WorkerCalls, WorkerService } from "../../ports/workerCalls.ts";
import type { Node } from "../../worker/node.ts";
import type { NodeError } from "../../worker/nodeError.ts";
import type { GroupParts, GroupWorker } from "../../worker/replication/groupParts.ts";
import { ClusterMap } from "./clusterMap.ts";
import { GroupCallers } from "./groupCallers.ts";
import { type Claimed, claimMembership, endLone, refuseLone, renewIncarnation } from "./membershipFile.ts";
import { Registration, waitForRival } from "./registration.ts";
import { Roster } from "./roster.ts";
import { WorkerAnswers } from "./workerAnswers.ts";

const PREPARE_AGAIN_MILLIS = 1_000;
const SNAPSHOT_MILLIS_MAX = 3_600_000;
const SNAPSHOT_IDLE_MILLIS_MAX = 10_000;
const CALLS_GRACE_MILLIS = 500;
const NAMES_MAX = 100_000;

/** What a process brings; nothing here knows of Node.js, so that a simulated process can bring it as well. */
export interface GroupNodeParts {
  readonly id: string;
  readonly group: string;
  readonly coordinator: Coordinator;
  /** The data directory. */
  readonly disk: Disk;
  /** Names the data in it. */
  readonly data: string;
  /** The machine's present boot; undefined when every acknowledged write is on disk. */
  readonly boot: string | undefined;
  readonly timers: Timers;
  readonly random: Random;
  readonly links: () => Promise<LinkNetwork>;
  readonly calls: () => Promise<WorkerCalls>;
  /** Where it listens, and where others find it. */
  readonly bind: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly linkPort: number;
  readonly rpcPort: number;
  readonly version: string;
  readonly pid: number;
  readonly times?: ReplicaTimes;
  /** Whether reads at a secondary may be old unless a connection says otherwise. */
  readonly eventualByDefault: boolean;
  /** A name as Redis's clients know nodes by: 40 hexadecimal digits. */
  readonly longId: (name: string) => string;
  /** The group has its part of the slots, and others the rest; without it, it owns every slot and knows of no others. */
  readonly sharesSlots?: boolean;
  /** Stands between those who call this worker and its answers. */
  readonly guardAnswers?: (answers: WorkerService) => WorkerService;
  readonly onNotice: (text: string) => void;
}

/** What a process does so that its node is one of several: finds the others, links with them, answers their calls, tells of itself. */
export class GroupNode {
  readonly parts: GroupParts;
  readonly answers = new WorkerAnswers();
  readonly #options: GroupNodeParts;
  readonly #cluster: string;
  #incarnation: number;
  readonly #roster: Roster;
  readonly #map: ClusterMap | undefined;
  readonly #callers: GroupCallers | undefined;
  #links: LinkEndpoint | undefined;
  #calls: WorkerCalls | undefined;
  #server: WorkerCallServer | undefined;
  #registration: Registration | undefined;
  #hasFounded = false;

  private constructor(options: GroupNodeParts, cluster: string, claimed: Claimed) {
    const { id, group, coordinator, timers, times, eventualByDefault, longId, onNotice } = options;
    const remembered = remember((name) => longId(`${cluster}/${name}`));
    this.#options = options;
    this.#cluster = cluster;
    this.#incarnation = claimed.incarnation;
    this.#roster = new Roster({ coordinator, timers, onChange: () => this.#rosterChanged(), onNotice });
    if (options.sharesSlots) this.#map = new ClusterMap({ coordinator, timers, roster: this.#roster, onNotice });
    if (this.#map !== undefined) {
      const shared = { cluster, view: this.#map, roster: this.#roster };
      this.#callers = new GroupCallers({ ...shared, calls: () => this.#calls });
    }
    this.parts = {
      self: { id, incarnation: claimed.incarnation },
      ...(times !== undefined && { times }),
      mayFound: claimed.isNew || claimed.isLone,
      mustFound: claimed.isLone,
      founded: () => this.#founded(claimed),
      join: (handler) => this.#join(handler),
      renew: () => this.#renew(),
      rejoin: (handler) => this.#rejoin(handler),
      fetchSnapshot: (from, take) => this.#fetchSnapshot(from, take),
      clientAddress: (other) => this.#roster.workers.get(other)?.resp,
      eventualByDefault: () => eventualByDefault,
      roster: {
        groupId: (name = group) => remembered(name),
        nodeId: (other, name = group) => remembered(`${name}/${other}`),
        workers: () => this.#workers(),
      },
      ...(this.#map !== undefined && { cluster: this.#map }),
      callGroup: (other) => this.#callers?.call(other),
    };
  }

  /** Waits for the coordinator, and claims the data directory for this replica. */
  static async open(options: GroupNodeParts): Promise<Result<GroupNode, NodeError>> {
    const { id, group, boot, data, coordinator, disk, random, timers, onNotice } = options;
    let told: string | undefined;
    for (;;) {
      const cluster = await prepareTree(coordinator, random.u32().toString(16) + random.u32().toString(16));
      const founded = await coordinator.get(`/groups/${group}/config`, { sync: true });
      const isNotFounded = !founded.ok && founded.error.code === "no_node";
      if (cluster.ok && (founded.ok || isNotFounded)) {
        const allowed = founded.ok ? await refuseLone(disk, group, membersIn(founded.value.data)) : ok(undefined);
        if (!allowed.ok) return allowed;
        const claimed = await claimMembership(disk, { cluster: cluster.value, group, id, boot }, random);
        if (!claimed.ok) return claimed;
        const free = await waitForRival({ coordinator, timers, id, data, onNotice });
        if (!free.ok) return free;
        return ok(new GroupNode(options, cluster.value, claimed.value));
      }
      const trouble = cluster.ok ? `group ${group} cannot be read` : cluster.error;
      if (trouble !== told) onNotice(`waiting for the coordinator: ${trouble}`);
      told = trouble;
      await new Promise<void>((resolve) => timers.after(PREPARE_AGAIN_MILLIS, resolve));
    }
  }

  /** A crash before this is noted has the next start look for itself in the configuration. */
  #founded({ isLone }: Claimed): void {
    const { disk, onNotice } = this.#options;
    if (!isLone || this.#hasFounded) return;
    this.#hasFounded = true;
    endLone(disk).catch((error: unknown) => onNotice(`membership.json cannot be written: ${String(error)}`));
  }

  async #join(handler: LinkHandler): Promise<Result<LinkEndpoint, NodeError>> {
    const { id, bind, linkPort, rpcPort, guardAnswers } = this.#options;
    this.#calls = await this.#options.calls();
    const joined = await this.#link(handler, linkPort);
    if (!joined.ok) return joined;
    const served = await this.#calls.serve({
      listen: { host: bind, port: rpcPort },
      self: this.#target(id),
      service: guardAnswers?.(this.answers) ?? this.answers,
    });
    if (!served.ok) {
      await joined.value.close();
      return err({ code: "conflict", message: `--rpc-port ${rpcPort}: ${served.error.message}` });
    }
    this.#server = served.value;
    await this.#roster.read();
    void this.#map?.refresh();
    return joined;
  }

  async #link(handler: LinkHandler, port: number): Promise<Result<LinkEndpoint, NodeError>> {
    const { id, bind } = this.#options;
    const links = await this.#options.links();
    const self = { ...this.#target(id), incarnation: this.#incarnation };
    const joined = await links.join({ self, listen: { host: bind, port }, handler });
    if (!joined.ok) return err({ code: "conflict", message: `--link-port ${port}: ${joined.error.message}` });
    this.#links = joined.value;
    return joined;
  }

  async #renew(): Promise<number> {
    const { id, disk, random, onNotice } = this.#options;
    this.#incarnation = await renewIncarnation(disk, random);
    onNotice(`what ${id} had is too old; it learns the group's data anew, as incarnation ${this.#incarnation}`);
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
    return { cluster: this.#cluster, group: this.#options.group, replica };
  }

  *#workers(): Iterable<GroupWorker> {
    for (const [id, { group, resp, link }] of this.#roster.workers) {
      if (group !== this.#options.group) continue;
      const { host, port } = splitAddress(resp)!;
      yield { id, host, port, linkPort: splitAddress(link)!.port };
    }
  }

  #rosterChanged(): void {
    this.#meet();
    this.#map?.workersChanged();
  }

  /** Links with every worker of the group. */
  #meet(): void {
    for (const [id, record] of this.#roster.workers) {
      const address = splitAddress(record.link);
      if (id === this.#options.id || record.group !== this.#options.group || address === undefined) continue;
      this.#links?.expect(id, address);
    }
  }

  async #fetchSnapshot(from: string, take: (chunk: Uint8Array) => Promise<void>): Promise<Result<void, string>> {
    const address = splitAddress(this.#roster.workers.get(from)?.rpc ?? "");
    if (address === undefined) return err(`the address of ${from} is not known`);
    const caller = this.#calls!.caller(address, this.#target(from));
    const limits = { deadlineMillis: SNAPSHOT_MILLIS_MAX, idleMillisMax: SNAPSHOT_IDLE_MILLIS_MAX };
    const fetched = await caller.snapshot({ attempt: this.#options.id, from: 0 }, { take }, limits).done;
    caller.close();
    return fetched.ok ? ok(undefined) : err(fetched.error.message);
  }

  /** The node is open and Redis clients are heard: tells the others. */
  async register(node: Node, respPort: number): Promise<Result<void, NodeError>> {
    const { id, group, host, coordinator, data, timers, version, pid, onNotice } = this.#options;
    this.answers.node = node;
    this.#registration = new Registration({
      coordinator,
      timers,
      onNotice,
      id,
      record: {
        group,
        incarnation: this.#incarnation,
        link: joinAddress(host, this.#links!.address.port),
        rpc: joinAddress(host, this.#server!.address.port),
        resp: joinAddress(host, respPort),
        data,
        version,
        pid,
      },
    });
    return this.#registration.begin();
  }

  /** Nobody is linked with or called any more. */
  async close(): Promise<void> {
    this.#roster.stop();
    this.#map?.stop();
    this.#callers?.close();
    this.#registration?.stop();
    await this.#options.coordinator.close();
    await this.#server?.close(CALLS_GRACE_MILLIS);
    await this.#links?.close();
  }
}

/** A name's digits are asked for again and again, and there are few names. */
function remember(make: (name: string) => string): (name: string) => string {
  const made = new Map<string, string>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    if (made.size >= NAMES_MAX) made.clear();
    const digits = make(name);
    made.set(name, digits);
    return digits;
  };
}

/** Whether a configuration names a replica; one that is nonsense names nobody. */
function membersIn(text: string): (replica: Member) => boolean {
  const configuration = parseConfiguration(text, 0);
  return (replica) => configuration !== undefined && isMember(configuration, replica);
}
