import { err, ok, type Result } from "../../src/base/result.ts";
import { prepareTree } from "../../src/main/group/clusterTree.ts";
import { claimMembership, renewIncarnation } from "../../src/main/group/membershipFile.ts";
import { Registration } from "../../src/main/group/registration.ts";
import { Roster } from "../../src/main/group/roster.ts";
import { WorkerAnswers } from "../../src/main/group/workerAnswers.ts";
import { joinAddress, splitAddress } from "../../src/main/group/workerRecord.ts";
import type { LinkEndpoint, LinkHandler } from "../../src/ports/link.ts";
import type { CallRefusal, SnapshotRequest, WorkerCallServer, WorkerService } from "../../src/ports/workerCalls.ts";
import type { Node } from "../../src/worker/node.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import type { GroupParts } from "../../src/worker/replication/groupParts.ts";
import type { Seat, SeatOptions } from "../cluster/seat.ts";
import type { Life } from "../kernel/scheduler.ts";

const PREPARE_AGAIN_MILLIS = 1_000;
const SNAPSHOT_MILLIS_MAX = 3_600_000;
const SNAPSHOT_IDLE_MILLIS_MAX = 10_000;
const CALLS_GRACE_MILLIS = 500;
const LINK_PORT = 7001;
const RPC_PORT = 7002;

/** Waits for the coordinator, and claims the data directory: with the parts of src/main that know nothing of Node.js. */
export async function openSeat(options: SeatOptions): Promise<Result<Seat, NodeError>> {
  const { coordinator, disk, random, timers, group, id, boot, onNotice } = options;
  for (;;) {
    const cluster = await prepareTree(coordinator, random.u32().toString(16));
    if (cluster.ok) {
      const claimed = await claimMembership(disk, { cluster: cluster.value, group, id, boot }, random);
      if (!claimed.ok) return claimed;
      return ok(new SimSeat(options, cluster.value, claimed.value.incarnation));
    }
    onNotice(`waiting for the coordinator: ${cluster.error}`);
    await new Promise<void>((resolve) => timers.after(PREPARE_AGAIN_MILLIS, resolve));
  }
}

/** Does with simulated links and calls what `GroupNode` does with real ones, in the same order. */
class SimSeat implements Seat {
  readonly parts: GroupParts;
  readonly #options: SeatOptions;
  readonly #cluster: string;
  #incarnation: number;
  readonly #roster: Roster;
  readonly #answers = new WorkerAnswers();
  #links: LinkEndpoint | undefined;
  #server: WorkerCallServer | undefined;
  #registration: Registration | undefined;

  constructor(options: SeatOptions, cluster: string, incarnation: number) {
    const { id, coordinator, timers, times, onNotice, eventualByDefault } = options;
    this.#options = options;
    this.#incarnation = incarnation;
    this.#cluster = cluster;
    this.#roster = new Roster({ coordinator, timers, onChange: () => this.#meet(), onNotice });
    this.parts = {
      self: { id, incarnation },
      times,
      mayFound: true,
      join: (handler) => this.#join(handler),
      renew: async () => {
        this.#incarnation = await renewIncarnation(options.disk, options.random);
        return this.#incarnation;
      },
      rejoin: async (handler) => {
        await this.#links!.close();
        const joined = await this.#link(handler);
        this.#meet();
        await this.#registration?.change({ incarnation: this.#incarnation });
        return joined;
      },
      fetchSnapshot: (from, take) => this.#fetchSnapshot(from, take),
      clientAddress: (other) => this.#roster.workers.get(other)?.resp,
      eventualByDefault: () => eventualByDefault,
    };
  }

  #target(replica: string) {
    return { cluster: this.#cluster, group: this.#options.group, replica };
  }

  async #join(handler: LinkHandler): Promise<Result<LinkEndpoint, NodeError>> {
    const { host, calls, life, id } = this.#options;
    const joined = await this.#link(handler);
    if (!joined.ok) return joined;
    const served = await calls.serve({
      listen: { host, port: RPC_PORT },
      self: this.#target(id),
      service: whileAlive(this.#answers, life),
    });
    if (!served.ok) return err({ code: "conflict", message: served.error.message });
    this.#server = served.value;
    await this.#roster.read();
    return joined;
  }

  async #link(handler: LinkHandler): Promise<Result<LinkEndpoint, NodeError>> {
    const { host, links, id } = this.#options;
    const self = { ...this.#target(id), incarnation: this.#incarnation };
    const joined = await links.join({ self, listen: { host, port: LINK_PORT }, handler });
    if (!joined.ok) return err({ code: "conflict", message: joined.error.message });
    this.#links = joined.value;
    return joined;
  }

  #meet(): void {
    const { id, group } = this.#options;
    for (const [other, record] of this.#roster.workers) {
      const address = splitAddress(record.link);
      if (other === id || record.group !== group || address === undefined) continue;
      this.#links?.expect(other, address);
    }
  }

  async #fetchSnapshot(from: string, take: (chunk: Uint8Array) => Promise<void>): Promise<Result<void, string>> {
    const address = splitAddress(this.#roster.workers.get(from)?.rpc ?? "");
    if (address === undefined) return err(`the address of ${from} is not known`);
    const caller = this.#options.calls.caller(address, this.#target(from));
    const limits = { deadlineMillis: SNAPSHOT_MILLIS_MAX, idleMillisMax: SNAPSHOT_IDLE_MILLIS_MAX };
    const fetched = await caller.snapshot({ attempt: this.#options.id, from: 0 }, { take }, limits).done;
    caller.close();
    return fetched.ok ? ok(undefined) : err(fetched.error.message);
  }

  register(node: Node): Promise<Result<void, NodeError>> {
    const { coordinator, timers, onNotice, id, group, host, respPort, data } = this.#options;
    this.#answers.node = node;
    this.#registration = new Registration({
      coordinator,
      timers,
      onNotice,
      id,
      record: {
        group,
        incarnation: this.#incarnation,
        link: joinAddress(host, LINK_PORT),
        rpc: joinAddress(host, RPC_PORT),
        resp: joinAddress(host, respPort),
        data,
        version: "simulated",
        pid: 1,
      },
    });
    return this.#registration.begin();
  }

  takeOver(): void {
    const { node } = this.#answers;
    if (node !== undefined) void this.#answers.takeOver({ epoch: node.replica.epoch });
  }

  async close(): Promise<void> {
    this.#roster.stop();
    this.#registration?.stop();
    await this.#options.coordinator.close();
    await this.#server?.close(CALLS_GRACE_MILLIS);
    await this.#links?.close();
  }
}

/** A process that has ended answers nothing, not even that it does not. */
function whileAlive(service: WorkerService, life: Life): WorkerService {
  const never = <T>(): Promise<T> => new Promise(() => undefined);
  return {
    takeOver: (request) => service.takeOver(request),
    status: () => service.status(),
    isServing: () => service.isServing(),
    snapshot: async (request: SnapshotRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>> => {
      const opened = await service.snapshot(request);
      if (!opened.ok) return opened;
      const pieces = opened.value[Symbol.asyncIterator]();
      const guarded: AsyncIterableIterator<Uint8Array> = {
        [Symbol.asyncIterator]: () => guarded,
        next: () => (life.alive ? pieces.next() : never()),
        return: async () => (life.alive && pieces.return !== undefined ? pieces.return() : never()),
      };
      return ok(guarded);
    },
  };
}
