import type { ByteWriter } from "../../base/byteWriter.ts";
import type { Args } from "../../core/command/args.ts";
import type { Call } from "../../core/command/call.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { Output } from "../client.ts";
import type { ClusterView, GroupView } from "../slots/clusterView.ts";
import type { Lane, Place } from "./lane.ts";
import { movedTo, refusalOf } from "./refusals.ts";
import { writeWords } from "./requestText.ts";
import { concernsAllGroups, isSplitByKey, planScatter, type ScatterPart, type ScatterPlan } from "./scatterPlan.ts";
import { type Exchange, isError, textOf, type Upstream } from "./upstream.ts";

const HOPS_MAX = 5;
const NOT_SERVED = "-CLUSTERDOWN Hash slot not served\r\n";
const NO_SENSE = "-ERR the replies of the groups do not fit together\r\n";

export interface ScatterParts {
  readonly view: ClusterView;
  readonly randomIndex: (count: number) => number;
  readonly upstream: (address: string, protocol: 2 | 3) => Upstream;
  readonly onDone: (lane: Lane, place: Place, output: Output) => void;
  /** Nobody can tell whether a part was executed. */
  readonly onUnknown: (lane: Lane) => void;
}

/** Splits commands between the owners of their keys, or between all groups. The parts are executed each for itself: not atomic. */
export class Scatter {
  readonly #parts: ScatterParts;

  constructor(parts: ScatterParts) {
    this.#parts = parts;
  }

  /** Whether a request, of which the node's access says `said`, is to be split. */
  applies(call: Call, spec: CommandSpec, said: string | undefined): boolean {
    if (isSplitByKey(spec.name)) return said?.startsWith("CROSSSLOT") === true && isWellFormed(call.args, spec.name);
    return concernsAllGroups(spec.name) && this.#groups().length > 1;
  }

  begin(lane: Lane, place: Place, spec: CommandSpec, args: Args, isSilent: boolean): void {
    const groups = this.#groups();
    const { randomIndex } = this.#parts;
    const plan = planScatter(
      spec.name,
      args,
      groups.length,
      spec.name === "randomkey" ? randomIndex(groups.length) : 0,
    );
    const { protocol } = lane.client.session;
    const writes = spec.flags.includes("write");
    new Gathering({ ...this.#parts, plan: plan!, groups, lane, place, protocol, writes, isSilent }).begin();
  }

  #groups(): readonly GroupView[] {
    return this.#parts.view.groups.filter(({ configuration }) => configuration !== undefined);
  }
}

function isWellFormed(args: Args, name: string): boolean {
  return name !== "mset" || args.length % 2 === 1;
}

interface GatheringParts extends ScatterParts {
  readonly plan: ScatterPlan;
  readonly groups: readonly GroupView[];
  readonly lane: Lane;
  readonly place: Place;
  readonly protocol: 2 | 3;
  readonly writes: boolean;
  readonly isSilent: boolean;
}

/** One command in parts, until all of them are answered. */
class Gathering {
  readonly #parts: GatheringParts;
  readonly #replies: string[];
  #missing: number;
  /** The first error counts; the others' effects stay. */
  #error: string | undefined;

  constructor(parts: GatheringParts) {
    this.#parts = parts;
    this.#missing = parts.plan.parts.length;
    this.#replies = new Array<string>(this.#missing).fill("");
  }

  begin(): void {
    const { parts, isEnough } = this.#parts.plan;
    if (isEnough !== undefined) return this.#ask(parts[0]!, 0, 0);
    for (const [index, part] of parts.entries()) this.#ask(part, index, 0);
  }

  #ask(part: ScatterPart, index: number, hops: number, movedTo?: string): void {
    const { upstream, protocol, writes } = this.#parts;
    const address = movedTo ?? this.#addressOf(part);
    if (address === undefined) return this.#answered(index, NOT_SERVED);
    const exchange: Exchange = {
      replies: 1,
      mayWait: false,
      write: (out: ByteWriter) => writeWords(out, ...part.words),
      onReply: (reply) => this.#replied(part, index, hops, reply),
      onLost: (wasSent, reason) => {
        if (wasSent && writes) this.#parts.onUnknown(this.#parts.lane);
        else this.#answered(index, `-CLUSTERDOWN The node at ${address} cannot be reached: ${reason}\r\n`);
      },
    };
    upstream(address, protocol).send(exchange);
  }

  #addressOf({ target }: ScatterPart): string | undefined {
    const { view, groups } = this.#parts;
    const group = "slot" in target ? view.ownerOf(target.slot) : groups[target.group]?.id;
    return group === undefined ? undefined : view.primaryAddress(group);
  }

  #replied(part: ScatterPart, index: number, hops: number, reply: Output): void {
    const refusal = refusalOf(reply, undefined);
    const moved = refusal === undefined ? undefined : movedTo(refusal);
    if (moved !== undefined && hops < HOPS_MAX) this.#ask(part, index, hops + 1, moved.address);
    else this.#answered(index, textOf(reply));
  }

  #answered(index: number, reply: string): void {
    const { plan } = this.#parts;
    if (isError(reply)) this.#error ??= reply;
    this.#replies[index] = reply;
    this.#missing--;
    if (plan.isEnough !== undefined && this.#missing > 0 && this.#error === undefined) {
      if (!plan.isEnough(reply)) return this.#ask(plan.parts[index + 1]!, index + 1, 0);
      return this.#done(reply);
    }
    if (this.#missing > 0 && plan.isEnough === undefined) return;
    this.#done(this.#error ?? plan.merge(this.#replies) ?? NO_SENSE);
  }

  #done(output: string): void {
    const { lane, place, isSilent, onDone } = this.#parts;
    onDone(lane, place, isSilent ? "" : output);
  }
}
