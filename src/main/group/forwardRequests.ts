import type { CommandTable } from "../../core/command/table.ts";
import { TcpForward } from "../../platform/forward/tcpForward.ts";
import { nodeClock, nodeTimers } from "../../platform/nodeClock.ts";
import { nodeRandom } from "../../platform/nodeRandom.ts";
import type { Node } from "../../worker/node.ts";
import type { GroupParts } from "../../worker/replication/groupParts.ts";

export interface ForwardRequestsOptions {
  readonly node: Node;
  readonly parts: GroupParts;
  readonly table: CommandTable;
  /** The cluster's password, latin1; empty for none. */
  readonly password: () => string;
  /** Commands on keys of many slots are split between their owners, too. */
  readonly scatters: boolean;
}

/** Lets a node execute at other nodes what its clients ask for and what belongs there: `--proxy yes`. */
export function forwardRequests({ node, parts, table, password, scatters }: ForwardRequestsOptions): void {
  node.executor.forwardBy({
    network: new TcpForward(),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    table,
    password,
    self: () => parts.clientAddress(parts.self.id),
    ...(scatters && parts.cluster !== undefined ? { scatterOver: parts.cluster } : {}),
  });
}
