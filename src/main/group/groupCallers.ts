import { splitAddress } from "../../base/address.ts";
import type { WorkerCaller, WorkerCalls } from "../../ports/workerCalls.ts";
import type { ClusterView } from "../../worker/slots/clusterView.ts";
import type { Roster } from "./roster.ts";

export interface GroupCallersParts {
  readonly cluster: string;
  readonly view: ClusterView;
  readonly roster: Roster;
  /** Undefined as long as nobody can be called. */
  readonly calls: () => WorkerCalls | undefined;
}

interface Known {
  readonly replica: string;
  readonly rpc: string;
  readonly caller: WorkerCaller;
}

/** One connection to the primary of each group that is called; another when the primary is another, or elsewhere. */
export class GroupCallers {
  readonly #parts: GroupCallersParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: GroupCallersParts) {
    this.#parts = parts;
  }

  /** Undefined while it is not known who, or where, the primary is. */
  call(group: string): WorkerCaller | undefined {
    const { cluster, view, roster, calls } = this.#parts;
    const replica = view.group(group)?.configuration?.primary.id;
    const rpc = replica === undefined ? undefined : roster.workers.get(replica)?.rpc;
    const known = this.#known.get(group);
    if (known !== undefined && known.replica === replica && known.rpc === rpc) return known.caller;
    const address = splitAddress(rpc ?? "");
    if (replica === undefined || rpc === undefined || address === undefined) return undefined;
    const caller = calls()?.caller(address, { cluster, group, replica });
    if (caller === undefined) return undefined;
    known?.caller.close();
    this.#known.set(group, { replica, rpc, caller });
    return caller;
  }

  close(): void {
    for (const { caller } of this.#known.values()) caller.close();
    this.#known.clear();
  }
}
