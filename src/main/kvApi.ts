import type { Server } from "@grpc/grpc-js";
import { err, ok, type Result } from "../base/result.ts";
import type { Grpc } from "../gateway/grpc/grpcLibrary.ts";
import { KV_SERVICE, type MountedKv, mountKv } from "../gateway/grpc/kvService.ts";
import { mountReflection } from "../gateway/grpc/reflection.ts";
import type { CallsStream } from "../gateway/kv/callsStream.ts";
import type { KvBackend } from "../gateway/kv/kvBackend.ts";
import { KvStream } from "../gateway/kv/kvStream.ts";
import { WatchBell } from "../gateway/kv/watchBell.ts";
import type { ListenError } from "../gateway/resp/respServer.ts";
import type { TopologyProvider } from "../platform/rpc/clusterService.ts";
import type { Mount } from "../platform/rpc/mountedServer.ts";
import { BACKLOG_BYTES_DEFAULT } from "../storage/log/options.ts";
import { kvTable } from "../worker/api/kvCommands.ts";
import type { KvError, Owners } from "../worker/api/kvError.ts";
import { Positions } from "../worker/api/position.ts";
import type { Node } from "../worker/node.ts";
import type { ClusterView } from "../worker/slots/clusterView.ts";
import type { Config } from "./config.ts";
import { readCertificates } from "./group/certificates.ts";

/** What the API is told of the settings that are changed while a node runs. */
export type KvSettings = Pick<KvBackend, "password" | "isProtected" | "limits">;

/** The API of one node: on the server of a worker's calls, or, where the node is alone, on one of its own. */
export class KvApi {
  #mounted: MountedKv | undefined;
  #backend: KvBackend | undefined;
  /** Of its own server; 0 without one. */
  port = 0;
  #stopServer: (() => Promise<void>) | undefined;

  /** Adds the services to a server that somebody else opens; answers how to end their streams. */
  readonly mount = (grpc: Grpc, server: Server): (() => void) => {
    const mounted = mountKv(grpc, server);
    mountReflection(grpc, server);
    mounted.backend = this.#backend;
    this.#mounted = mounted;
    return () => mounted.close();
  };

  /** Streams of clients that are open. */
  get streams(): number {
    return this.#mounted?.streams.size ?? 0;
  }

  /** From now on calls are answered. */
  begin(node: Node, settings: KvSettings, isServed: boolean): void {
    // Who watches comes back after a while, and has missed nothing.
    if (node.parts.others === undefined && isServed) node.log.backlogBytes = BACKLOG_BYTES_DEFAULT;
    this.#backend = backendOf(node, settings);
    if (this.#mounted !== undefined) this.#mounted.backend = this.#backend;
  }

  /** Answers the calls of a stream that came another way; undefined if this node answers none. */
  answer(stream: CallsStream): { end(): void } | undefined {
    return this.#backend && new KvStream(this.#backend, stream, Number.POSITIVE_INFINITY, () => undefined);
  }

  /** Opens a server of its own, which tells the topology, too: for a node that is alone. Answers its port. */
  async listen(
    config: Config,
    provider: TopologyProvider,
    isReady: () => boolean,
  ): Promise<Result<number, ListenError>> {
    const certificates = readCertificates(config);
    if (!certificates.ok) return err({ code: "failed", message: certificates.error });
    const [{ serveMounted }, { mountCluster }, { CLUSTER_SERVICE, loadCluster }] = await Promise.all([
      import("../platform/rpc/mountedServer.ts"),
      import("../platform/rpc/clusterServer.ts"),
      import("../platform/rpc/clusterMessages.ts"),
    ]);
    const cluster = await loadCluster();
    const mount: Mount = (grpc, server) => {
      const ends = [
        this.mount(grpc, server),
        mountCluster(server, { grpc, cluster, provider, administration: undefined }),
      ];
      return () => {
        for (const end of ends) end();
      };
    };
    const served = await serveMounted({
      listen: { host: config.bind, port: config["grpc-port"] },
      tls: certificates.value,
      services: [KV_SERVICE, CLUSTER_SERVICE],
      mount,
      isServing: isReady,
    });
    if (!served.ok) {
      const codes = {
        address_in_use: "port_taken",
        address_denied: "denied",
        address_unknown: "no_address",
      } as const;
      return err({ code: codes[served.error.code], message: served.error.message });
    }
    this.#stopServer = () => served.value.close(1_000);
    this.port = served.value.address.port;
    return ok(this.port);
  }

  /** Answers nothing more. */
  async close(): Promise<void> {
    this.#backend = undefined;
    this.#mounted?.close();
    await this.#stopServer?.();
  }
}

function backendOf(node: Node, settings: KvSettings): KvBackend {
  const { replica, membership, progress, parts } = node;
  const view = parts.others?.cluster;
  const positions = new Positions(parts.group);
  const settledSeq = (): number => (membership.evaluates ? replica.commitPoint : progress.appliedSeq);
  const bell = new WatchBell();
  node.onSettled = () => bell.committed();
  const owner = (slot: number): string => ownerOf(view, slot);
  return {
    executor: node.executor,
    table: kvTable({ positions, settledSeq, stateSeq: () => node.stateSeq, ownerOf: owner }),
    positions,
    watchNode: { log: node.log, state: node.state, positions, settledSeq, ownerOf: owner },
    owners: ownersOf(parts.group, view),
    settledSeq,
    wallClock: () => parts.clock.wall(),
    bell,
    ...settings,
  };
}

function ownersOf(group: string, view: ClusterView | undefined): Owners {
  return {
    moved: (slot, redis): KvError => {
      const worker = view?.groups.flatMap(({ workers }) => workers).find((each) => each.resp === redis);
      const address = worker?.rpc ?? "";
      const isOwn = worker === undefined || worker.group === group;
      const place = address === "" ? "" : `; ask ${address}`;
      const message = isOwn
        ? `this replica does not answer this, its group's primary does${place}`
        : `slot ${slot} is another group's${place}`;
      return { code: "failedPrecondition", reason: isOwn ? "notPrimary" : "moved", message, address, slot };
    },
  };
}

/** Where calls about the slot are answered; empty when it is not known, or the slot is this group's. */
function ownerOf(view: ClusterView | undefined, slot: number): string {
  const owner = view?.ownerOf(slot);
  if (view === undefined || owner === undefined) return "";
  const redis = view.primaryAddress(owner);
  return view.group(owner)?.workers.find((each) => each.resp === redis)?.rpc ?? "";
}
