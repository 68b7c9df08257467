import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { err, type Result } from "../../base/result.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Mount } from "../../platform/rpc/mountedServer.ts";
import type { NodeError } from "../../worker/nodeError.ts";
import type { Config } from "../config.ts";
import { WorkerTopology } from "../master/workerTopology.ts";
import { reachableHost } from "../reachableHost.ts";
import { VERSION } from "../version.ts";
import { readCertificates } from "./certificates.ts";
import { GroupNode, type GroupNodeParts } from "./groupNode.ts";

/** What the configuration does not tell. */
export interface OpenParts
  extends Pick<GroupNodeParts, "coordinator" | "disk" | "data" | "timers" | "random" | "onNotice"> {
  /** Adds what clients may ask for to the server of this worker's calls. */
  readonly mount?: Mount;
}

/** Makes the node of this process one of the configuration's group, over real links. */
export async function openGroupNode(config: Config, parts: OpenParts): Promise<Result<GroupNode, NodeError>> {
  if (config.id === undefined) return err({ code: "conflict", message: "a worker needs an --id" });
  const certificates = readCertificates(config);
  if (!certificates.ok) return err({ code: "conflict", message: certificates.error });
  const tls = certificates.value;
  const topology = new WorkerTopology();
  const opened = await GroupNode.open({
    ...parts,
    id: config.id,
    group: config.group,
    boot: config.durability === "memory" ? bootId() : undefined,
    links: async () => (await import("../../platform/link/tcpLinks.ts")).tcpLinks({ random: parts.random, tls }),
    calls: async () =>
      (await import("../../platform/rpc/grpcWorkerCalls.ts")).grpcWorkerCalls(tls, topology, parts.mount),
    bind: config.bind,
    host: config.advertise ?? reachableHost(config.bind),
    linkPort: config["link-port"],
    rpcPort: config["rpc-port"],
    version: VERSION,
    pid: process.pid,
    sharesSlots: true,
    eventualByDefault: config["replica-reads"] === "eventual",
    longId: (name) => createHash("sha1").update(name).digest("hex"),
  });
  // Clients may ask any worker who has which slots.
  if (opened.ok && opened.value.parts.cluster !== undefined) topology.begin(opened.value.parts.cluster, parts);
  return opened;
}

/** Changes when the machine starts, and with it all that was in memory only. Where it cannot be known, every start counts as one. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return nodeRandom.u32().toString(16);
  }
}
