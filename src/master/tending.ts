import { splitAddress } from "../base/address.ts";
import type { Decision, MoveSlots } from "../core/placement/decision.ts";
import { tend } from "../core/placement/tend.ts";
import { TEND_BEGIN, type TendState } from "../core/placement/tendState.ts";
import { membersOf } from "../core/replica/configuration.ts";
import { showRanges } from "../core/slots/slotRanges.ts";
import type { Clock } from "../ports/clock.ts";
import { clusterLoadOf } from "./clusterLoadOf.ts";
import type { ClusterSettings } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { DecisionLog } from "./decisionLog.ts";
import type { FencedWrites } from "./fencedWrites.ts";
import { secondariesOf } from "./groupViews.ts";
import type { HeatReport } from "./heatReport.ts";
import type { Spreading } from "./spreading.ts";

export interface TendingParts {
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly spreading: Spreading;
  readonly report: (worker: string) => HeatReport | undefined;
}

/** A worker that has been gone for so long is not missed any more. */
const ABSENT_MILLIS_MAX = 600_000;

interface Led {
  readonly primary: string;
  /** The most replicas of its own that the group was seen with. */
  readonly replicas: number;
}

/** Looks after replicas and load: lends spares and takes them back, moves slots that are asked for too much. */
export class Tending {
  readonly #parts: TendingParts;
  readonly #groups = new Map<string, Led>();
  readonly #readWeights = new Map<string, { readonly [worker: string]: number }>();
  /** Replicas whose place somebody else takes, by group and who that is. */
  readonly #leaving = new Map<string, { readonly group: string; readonly from: string; readonly to: string }>();
  /** Where workers were, and when they were seen last. */
  readonly #seen = new Map<string, { readonly host: string; readonly at: number }>();
  #state: TendState = TEND_BEGIN;
  #lastFailoverAt: number | undefined;

  constructor(parts: TendingParts) {
    this.#parts = parts;
  }

  readWeightsOf(group: string): { readonly [worker: string]: number } | undefined {
    return this.#readWeights.get(group);
  }

  /** Called with every round of reports; answers moves of slots that load asks for. */
  async act(snapshot: TreeSnapshot, settings: ClusterSettings, writes: FencedWrites): Promise<readonly MoveSlots[]> {
    this.#look(snapshot);
    const { clock, report } = this.#parts;
    const load = clusterLoadOf(snapshot, settings, {
      now: clock.monotonic(),
      report,
      readWeightsOf: (group) => this.#readWeights.get(group),
      replicasOf: (group) => settings.replicas || (this.#groups.get(group)?.replicas ?? 1),
      lastFailoverAt: this.#lastFailoverAt,
      absent: this.#absent(snapshot),
    });
    const { decisions, state } = tend(load, this.#state);
    this.#state = state;
    for (const decision of decisions) await this.#execute(decision, snapshot, settings, writes);
    if (!settings.advice) await this.#letGo(snapshot, writes);
    return settings.advice ? [] : decisions.filter((each) => each.kind === "moveSlots");
  }

  /** Remembers how large groups were, and when a primary was replaced that had not handed over. */
  #look(snapshot: TreeSnapshot): void {
    for (const [id, configuration] of snapshot.groups) {
      if (configuration === undefined) continue;
      const before = this.#groups.get(id);
      const primary = configuration.primary.id;
      if (before !== undefined && before.primary !== primary && !configuration.released) {
        this.#lastFailoverAt = this.#parts.clock.monotonic();
      }
      const own = membersOf(configuration).filter((member) => !snapshot.spares.has(member.id)).length;
      this.#groups.set(id, { primary, replicas: Math.max(own, before?.replicas ?? 1) });
    }
  }

  #absent({ workers }: TreeSnapshot): Map<string, string> {
    const now = this.#parts.clock.monotonic();
    for (const [id, { resp }] of workers) this.#seen.set(id, { host: splitAddress(resp)?.host ?? resp, at: now });
    const absent = new Map<string, string>();
    for (const [id, { host, at }] of this.#seen) {
      if (workers.has(id)) continue;
      if (now - at > ABSENT_MILLIS_MAX) this.#seen.delete(id);
      else absent.set(id, host);
    }
    return absent;
  }

  async #execute(
    decision: Decision,
    snapshot: TreeSnapshot,
    settings: ClusterSettings,
    writes: FencedWrites,
  ): Promise<void> {
    const { log, spreading } = this.#parts;
    const text = textOf(decision);
    if (decision.kind === "wait" || settings.advice) {
      log.say(`${decision.kind} ${subjectOf(decision)}`, decision.kind, text, false);
      return;
    }
    switch (decision.kind) {
      case "addReplica":
        return this.#lend(decision.worker, decision.group, text, writes);
      case "removeReplica":
        return this.#takeBack(decision.worker, text, snapshot, writes);
      case "moveReplica":
        this.#leaving.set(decision.from, decision);
        return this.#lend(decision.to, decision.group, text, writes);
      case "handOver":
        spreading.begin(snapshot, decision, false);
        return;
      case "readWeights":
        this.#readWeights.set(decision.group, decision.weights);
        log.say(`readWeights ${decision.group}`, decision.kind, text);
        return;
      case "moveSlots":
        // The mover makes it, and says so.
        return;
    }
  }

  async #lend(worker: string, group: string, text: string, writes: FencedWrites): Promise<void> {
    const path = `/spares/${worker}`;
    const done = await writes.write([{ op: "create", path, data: group, kind: "durable" }]);
    if (done.ok) this.#parts.log.add("lend", text);
  }

  async #takeBack(worker: string, text: string, snapshot: TreeSnapshot, writes: FencedWrites): Promise<void> {
    const lent = snapshot.spares.get(worker);
    if (lent === undefined) {
      this.#parts.log.say(
        `return ${worker}`,
        "return",
        `${text}; it is no spare, so only its operator can stop it`,
        false,
      );
      return;
    }
    const done = await writes.write([{ op: "delete", path: `/spares/${worker}`, version: lent.version }]);
    if (done.ok) this.#parts.log.add("return", text);
  }

  /** A replica whose place is taken goes when the other has everything, and not before. */
  async #letGo(snapshot: TreeSnapshot, writes: FencedWrites): Promise<void> {
    for (const { group, from, to } of [...this.#leaving.values()]) {
      const isGone = !snapshot.workers.has(from) || snapshot.groups.get(group) === undefined;
      if (!isGone && !secondariesOf(snapshot, group).includes(to)) continue;
      this.#leaving.delete(from);
      if (!isGone)
        await this.#takeBack(from, `${to} has taken the place of ${from} in group ${group}`, snapshot, writes);
    }
  }
}

function subjectOf(decision: Decision): string {
  return decision.kind === "moveSlots" ? `${decision.source} ${decision.target}` : decision.group;
}

function textOf(decision: Decision): string {
  switch (decision.kind) {
    case "moveSlots":
      return `slots ${showRanges(decision.slots)} from ${decision.source} to ${decision.target}: ${decision.why}`;
    case "handOver":
      return `group ${decision.group} is to be led by ${decision.to} instead of ${decision.from}: ${decision.why}`;
    case "addReplica":
      return `spare ${decision.worker} becomes a replica of group ${decision.group}: ${decision.why}`;
    case "removeReplica":
      return `worker ${decision.worker} leaves group ${decision.group} and is a spare again: ${decision.why}`;
    case "moveReplica":
      return `spare ${decision.to} takes the place of ${decision.from} in group ${decision.group}: ${decision.why}`;
    case "readWeights":
      return `reads of group ${decision.group} are to go to ${weightsOf(decision.weights)}: ${decision.why}`;
    case "wait":
      return `group ${decision.group}: ${decision.why}`;
  }
}

function weightsOf(weights: { readonly [worker: string]: number }): string {
  return Object.entries(weights)
    .map(([worker, percent]) => `${worker} ${percent} %`)
    .join(", ");
}
