import { keySlot } from "../../base/crc16.ts";
import { type Access, type Call, NOT_YET } from "../../core/command/call.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { CommandTable } from "../../core/command/table.ts";
import type { Lane } from "./lane.ts";

/** What is done with a request that is not executed here and now. */
export type Verdict =
  | { readonly code: "forward"; readonly slot: number; readonly address: string; readonly spec: CommandSpec }
  /** What the client has under way has to be over first. */
  | { readonly code: "wait" }
  | { readonly code: "scatter"; readonly spec: CommandSpec };

const WAIT: Verdict = { code: "wait" };
const MOVED = "MOVED ";
const NODES_DIFFER = "CROSSSLOT Watched keys and those of the transaction are on different nodes";
/** Commands on the connection itself do not belong on one that others use, too. */
const HARMLESS_IN_TRANSACTION: ReadonlySet<string> = new Set(["ping", "echo", "select"]);
const OWN_CONNECTION =
  "ERR commands on the connection cannot be part of a transaction that is executed at another node";

export interface JudgeParts {
  readonly table: CommandTable;
  /** Undefined when no request is scattered. */
  readonly mayScatter: (call: Call, spec: CommandSpec, verdict: string | undefined) => boolean;
  /** The client does not watch anything at another node any more. */
  readonly forgetWatch: (lane: Lane) => void;
}

/** Wraps a node's access: what it would send elsewhere is forwarded, and what must not overtake that waits. */
export class Judge {
  /** Of the request that is being judged. */
  lane: Lane | undefined;
  /** It is tried again, in its own place among the others. */
  isRetry = false;
  verdict: Verdict | undefined;
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  wrap(access: Access): Access {
    return (call, spec) => this.#judge(call, spec, access);
  }

  #judge(call: Call, spec: CommandSpec, access: Access): string | undefined {
    const { session } = call;
    // Who was forwarded goes no further, and a parked client must hear what its key has become.
    if (session.isForwarded || call.wakingKey !== undefined) return access(call, spec);
    const { lane } = this;
    if (lane?.watch !== undefined && endsWatch(call, spec.name)) this.#parts.forgetWatch(lane);
    const said = access(call, spec);
    if (said === NOT_YET) return said;
    if (session.transaction !== undefined && spec.name !== "exec") return isMoved(said) ? undefined : said;
    if (this.#parts.mayScatter(call, spec, said)) return this.#hold(lane?.inFlight ? WAIT : { code: "scatter", spec });
    if (isMoved(said)) return this.#forward(call, spec, said);
    if (said !== undefined || lane === undefined) return said;
    return this.#here(call, spec, lane);
  }

  #hold(verdict: Verdict): string {
    this.verdict = verdict;
    return NOT_YET;
  }

  #forward(call: Call, spec: CommandSpec, said: string): string | undefined {
    const { session } = call;
    if (spec.name === "exec") {
      const { transaction } = session;
      if (transaction?.aborted || session.watchBroken) return undefined;
      if (session.watched.size > 0) return NODES_DIFFER;
      if (transaction?.queue.some((queued) => isOfConnection(queued.spec))) return OWN_CONNECTION;
    } else if (spec.name === "watch" && session.watched.size > 0) return NODES_DIFFER;
    const space = said.indexOf(" ", MOVED.length);
    const slot = Number(said.slice(MOVED.length, space));
    return this.#hold({ code: "forward", slot, address: said.slice(space + 1), spec });
  }

  /** What may be executed here, of a client that has something under way elsewhere. */
  #here(call: Call, spec: CommandSpec, lane: Lane): string | undefined {
    const { watch } = lane;
    if (watch !== undefined && spec.name === "watch") return NODES_DIFFER;
    if (watch !== undefined && spec.name === "exec" && call.session.transaction !== undefined) {
      if (this.#keys(call, spec).length > 0) return NODES_DIFFER;
      return this.#hold({ code: "forward", slot: watch.slot, address: watch.address, spec });
    }
    if (lane.inFlight === 0 || this.isRetry || !isOfData(spec)) return undefined;
    if (spec.name === "watch" || lane.isExclusive || lane.refused > 0) return this.#hold(WAIT);
    const keys = this.#keys(call, spec);
    const mayOvertake = keys.length > 0 && !keys.some((key) => lane.slots.has(keySlot(key)));
    return mayOvertake ? undefined : this.#hold(WAIT);
  }

  #keys(call: Call, spec: CommandSpec): string[] {
    const { table } = this.#parts;
    const { transaction } = call.session;
    if (spec.name !== "exec" || transaction === undefined) return table.getKeys(spec, call.args);
    return transaction.queue.flatMap((queued) => table.getKeys(queued.spec, queued.args));
  }
}

function isMoved(said: string | undefined): said is string {
  return said?.startsWith(MOVED) === true;
}

function endsWatch({ session }: Call, name: string): boolean {
  if (name === "exec") return session.transaction?.aborted === true;
  return name === "unwatch" || name === "reset" || (name === "discard" && session.transaction !== undefined);
}

function isOfData(spec: CommandSpec): boolean {
  return (
    spec.name === "exec" || spec.name === "watch" || spec.flags.includes("write") || spec.flags.includes("readonly")
  );
}

function isOfConnection({ name, group }: CommandSpec): boolean {
  return (group === "connection" || group === "cluster") && !HARMLESS_IN_TRANSACTION.has(name);
}
