import { isName, NAME_RULE, SPARE } from "../base/names.ts";
import { err, ok, type Result } from "../base/result.ts";
import { planMove } from "../core/placement/planMove.ts";
import { slotsOfGroup } from "../core/slots/assignment.ts";
import type { MoveRecord } from "../core/slots/moveRecord.ts";
import { commonSlot, countSlots, hasSlots, SLOT_COUNT, showRanges } from "../core/slots/slotRanges.ts";
import { type ClusterSettings, isWeight, REQUESTS_MAX, WEIGHT_MAX, weightOf } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { Held } from "./followedZnode.ts";
import { goalOf, goalsOf, type WantedMove } from "./goals.ts";
import { allGroups, hasPrimary, isSpare, movesUnderWay } from "./groupViews.ts";
import type { MasterRequest, PlannedMove } from "./masterApi.ts";
import { CANCELLED } from "./mover.ts";

/** What a request changes; nothing at all if it is done already. */
export interface RequestChange {
  readonly sentences: readonly string[];
  readonly moves: readonly PlannedMove[];
  readonly request?: string;
  readonly settings?: ClusterSettings;
  readonly records?: readonly Held<MoveRecord>[];
  readonly lend?: { readonly spare: string; readonly group: string };
  readonly takeBack?: { readonly spare: string; readonly version: number };
}

interface RequestRefusal {
  readonly code: "invalid" | "conflict";
  readonly message: string;
}

export type Judged = Result<RequestChange, RequestRefusal>;
type Asked<Kind extends MasterRequest["kind"]> = Extract<MasterRequest, { readonly kind: Kind }>;

/** Judges a request by the tree as it was read; changes nothing. `id` names it if it has to be kept. */
export function judgeRequest(
  request: MasterRequest,
  snapshot: TreeSnapshot,
  settings: ClusterSettings,
  id: string,
): Judged {
  const misnamed = misnamedGroup(request);
  if (misnamed !== undefined) return invalid(misnamed);
  switch (request.kind) {
    case "migrate":
      return migrate(request, snapshot, settings, id);
    case "rebalance":
      return rebalance(snapshot, settings);
    case "drain":
      return drain(request.group, snapshot, settings);
    case "undrain":
      return undrain(request.group, snapshot, settings);
    case "weight":
      return weight(request, snapshot, settings);
    case "cancel":
      return cancel(request.move, snapshot, settings);
    case "pause":
    case "resume":
      return pause(request.move, request.kind === "pause", snapshot, settings);
    case "lend":
      return lend(request, snapshot);
    case "return":
      return takeBack(request.spare, snapshot);
    case "advice":
      return flag(settings, settings.advice === request.on, { ...settings, advice: request.on }, [
        request.on ? "what follows from load is said, and not done" : "what follows from load is done",
      ]);
    case "autoRebalance":
      return autoRebalance(request.on, settings);
  }
}

function invalid(message: string): Judged {
  return err({ code: "invalid", message });
}

function conflict(message: string): Judged {
  return err({ code: "conflict", message });
}

/** What is wrong with the group that a request names, if it names one. */
function misnamedGroup(request: MasterRequest): string | undefined {
  const group = request.kind === "migrate" ? request.to : "group" in request ? request.group : undefined;
  if (group === undefined) return undefined;
  const shown = JSON.stringify(group.slice(0, 100));
  if (!isName(group)) return `the group is ${shown}: it ${NAME_RULE}`;
  if (group !== SPARE) return undefined;
  return `the group is ${shown}: that is what workers name that are in no group; name a group`;
}

function done(sentence: string, request?: string): Judged {
  return ok({ sentences: [sentence], moves: [], ...(request === undefined ? {} : { request }) });
}

function migrate(
  { slots, to, bytesPerSecondMax }: Asked<"migrate">,
  snapshot: TreeSnapshot,
  settings: ClusterSettings,
  id: string,
): Judged {
  if (!Number.isFinite(bytesPerSecondMax) || bytesPerSecondMax < 0) {
    return invalid("the limit of bytes a second is a number from 0 (no limit) up");
  }
  const current = snapshot.slots?.value.now;
  if (current === undefined)
    return conflict("no slots are assigned yet: wait until the groups are there, then ask again");
  if (countSlots(slots) > 0 && hasSlots(slotsOfGroup(current, to), slots))
    return done(`group ${to} has all of these slots already`);
  const same = settings.requests.find((each) => each.to === to && showRanges(each.slots) === showRanges(slots));
  if (same !== undefined) return done(`this is under way already, as request ${same.id}`, same.id);
  if (settings.draining.includes(to))
    return conflict(`group ${to} is being drained: undrain it first, or name another`);
  const other = settings.requests.find((each) => commonSlot(each.slots, slots) !== undefined);
  if (other !== undefined) {
    const slot = commonSlot(other.slots, slots);
    return conflict(`slot ${slot} is part of request ${other.id}, to group ${other.to}: cancel that, or wait for it`);
  }
  if (settings.requests.length >= REQUESTS_MAX) {
    return conflict(`${REQUESTS_MAX} requests to move slots are waiting: wait for one of them, or cancel one`);
  }
  const asked = { current, groups: allGroups(snapshot), locked: snapshot.locks?.value.active ?? {}, slots, target: to };
  const planned = planMove(asked, { slotsPerMoveMax: SLOT_COUNT });
  if (!planned.ok) return invalid(planned.error);
  const requests = [...settings.requests, { id, slots, to, bytesPerSecondMax }];
  const warnings = hasPrimary(snapshot, to) ? [] : [`group ${to} has no primary that is present: nothing moves before`];
  const paused = settings.paused ? ["moves are paused: nothing moves before they are resumed"] : [];
  return ok({
    sentences: [...sentencesOf(planned.value), ...warnings, ...paused],
    ...{ moves: movesOf(planned.value), request: id, settings: { ...settings, requests } },
  });
}

/** Changes the goals, and tells which moves follow. */
function toSettings(
  snapshot: TreeSnapshot,
  before: ClusterSettings,
  settings: ClusterSettings,
  what: string,
  records: readonly Held<MoveRecord>[] = [],
): Judged {
  const goals = goalsOf(snapshot, { ...settings, slotsPerMoveMax: SLOT_COUNT });
  if (goals.problem !== undefined) return invalid(goals.problem);
  const isSame = JSON.stringify(before) === JSON.stringify(settings);
  if (isSame) return done(`${what}: this is under way already`);
  if (goals.wanted.length === 0) {
    const nothing = snapshot.slots === undefined ? "no slots are assigned yet" : "no slot has to be moved for that";
    return ok({ sentences: [`${what}: ${nothing}`], moves: [], settings, records });
  }
  const paused = settings.paused ? ["moves are paused: nothing moves before they are resumed"] : [];
  return ok({
    sentences: [what, ...sentencesOf(goals.wanted), ...paused],
    ...{ moves: movesOf(goals.wanted), settings, records },
  });
}

function rebalance(snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  const what = "every group gets its share by weight";
  const judged = toSettings(snapshot, settings, { ...settings, isBalancing: true }, what);
  const isNothing = judged.ok && judged.value.moves.length === 0 && movesUnderWay(snapshot).length === 0;
  return isNothing && settings.requests.length === 0 ? done(`${what}: no slot has to be moved for that`) : judged;
}

function drain(group: string, snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  const known = allGroups(snapshot);
  if (!known.includes(group)) return invalid(noGroup(group, known));
  if (settings.draining.includes(group)) return done(`group ${group} is being drained already`);
  const request = settings.requests.find(({ to }) => to === group);
  if (request !== undefined) {
    return conflict(`request ${request.id} moves slots to group ${group}: cancel that first, or wait for it`);
  }
  if (known.every((each) => each === group || settings.draining.includes(each))) {
    return conflict(`${group} is the last group: add another one first (a worker with --group NAME)`);
  }
  const next = { ...settings, draining: [...settings.draining, group] };
  // What is on its way to it would have to go again.
  const coming = movesUnderWay(snapshot).filter(({ value }) => value.target === group);
  const records = coming.map((move) => aborted(move));
  return toSettings(snapshot, settings, next, `group ${group} gives all of its slots to the others`, records);
}

function undrain(group: string, snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  if (!settings.draining.includes(group)) return done(`group ${group} is not being drained`);
  const moves = movesUnderWay(snapshot).filter(
    ({ value }) => value.source === group && goalOf(value, settings).kind === "drain",
  );
  return ok({
    sentences: [
      `group ${group} keeps the slots that it has, and may get others; what has gone comes back only by rebalance`,
      ...moves.map(({ value }) => `move ${value.id} is aborted`),
    ],
    moves: [],
    settings: { ...settings, draining: settings.draining.filter((each) => each !== group) },
    records: moves.map((move) => aborted(move)),
  });
}

function weight({ group, weight: asked }: Asked<"weight">, snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  const known = allGroups(snapshot);
  if (!known.includes(group)) return invalid(noGroup(group, known));
  if (asked === 0) return invalid(`a weight of 0 would take all slots from ${group}: that is what drain is for`);
  if (!isWeight(asked))
    return invalid(`a weight is a number above 0 and at most ${WEIGHT_MAX}, and 1 is what every group has at first`);
  if (weightOf(settings, group) === asked) return done(`group ${group} has the weight ${asked} already`);
  const next = { ...settings, weights: { ...settings.weights, [group]: asked }, isBalancing: true };
  return toSettings(
    snapshot,
    settings,
    next,
    `group ${group} gets the weight ${asked} instead of ${weightOf(settings, group)}`,
  );
}

function cancel(id: string, snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  const moves = movesUnderWay(snapshot);
  if (id === "all") {
    const next = { ...settings, requests: [], isBalancing: false, draining: [] };
    const isIdle = moves.length === 0 && JSON.stringify(next) === JSON.stringify(settings);
    if (isIdle) return done("there is nothing to cancel");
    return cancelled(next, moves, "all requests, drains and rebalancing end; slots stay where they are");
  }
  const request = settings.requests.find((each) => each.id === id);
  if (request !== undefined) return cancelRequest(request.id, moves, settings);
  const move = snapshot.moves.get(id);
  if (move === undefined)
    return invalid(`there is no move and no request ${id}: \`holdfast status\` shows those that there are`);
  if (move.value.state === "aborted") return done(`move ${id} is aborted already`);
  if (move.value.state === "flipped") {
    return conflict(
      `move ${id} is flipped: its slots are ${move.value.target}'s; to have them back, migrate them to ${move.value.source}`,
    );
  }
  const goal = goalOf(move.value, settings);
  if (goal.kind === "request") return cancelRequest(goal.id, moves, settings);
  if (goal.kind === "drain") {
    return conflict(
      `move ${id} is part of draining ${move.value.source}, which would begin it again: undrain ${move.value.source} instead`,
    );
  }
  const text = settings.isBalancing ? [", and rebalancing ends"] : [];
  return cancelled({ ...settings, isBalancing: false }, [move], `move ${id} is aborted${text.join("")}`);
}

function cancelRequest(id: string, moves: readonly Held<MoveRecord>[], settings: ClusterSettings): Judged {
  const own = moves.filter(({ value }) => {
    const goal = goalOf(value, settings);
    return goal.kind === "request" && goal.id === id;
  });
  const requests = settings.requests.filter((each) => each.id !== id);
  return cancelled({ ...settings, requests }, own, `request ${id} ends; what was moved stays where it is`);
}

function cancelled(settings: ClusterSettings, moves: readonly Held<MoveRecord>[], what: string): Judged {
  const sentences = [what, ...moves.map(({ value }) => `move ${value.id} is aborted, if it is not flipped before`)];
  return ok({ sentences, moves: [], settings, records: moves.map((move) => aborted(move)) });
}

function pause(id: string, on: boolean, snapshot: TreeSnapshot, settings: ClusterSettings): Judged {
  const word = on ? "paused" : "resumed";
  const open = movesUnderWay(snapshot);
  const move = open.find(({ value }) => value.id === id);
  if (id !== "all" && move === undefined) {
    return invalid(
      `there is no move ${id} that is under way: \`holdfast status\` shows those that there are; \`all\` means every one`,
    );
  }
  const chosen = (move === undefined ? open : [move]).filter(({ value }) => value.paused !== on);
  const isAll = id === "all" && settings.paused !== on;
  if (chosen.length === 0 && !isAll)
    return done(id === "all" ? `all moves are ${word} already` : `move ${id} is ${word} already`);
  const records = chosen.map(({ value, version }) => ({ value: { ...value, paused: on }, version }));
  const sentences = chosen.map(({ value }) => `move ${value.id} is ${word}`);
  if (!isAll) return ok({ sentences, moves: [], records });
  const all = on ? "no move begins until they are resumed" : "moves may begin again";
  return ok({ sentences: [all, ...sentences], moves: [], records, settings: { ...settings, paused: on } });
}

function lend({ spare, group }: Asked<"lend">, snapshot: TreeSnapshot): Judged {
  const known = allGroups(snapshot);
  const lent = snapshot.spares.get(spare)?.value;
  if (lent === group) return done(`spare ${spare} is lent to group ${group} already`);
  if (lent !== undefined) return conflict(`spare ${spare} is lent to group ${lent}: take it back first`);
  if (!snapshot.workers.has(spare))
    return invalid(`there is no worker ${spare}: start it as a spare first (--group spare)`);
  if (!isSpare(snapshot, spare))
    return invalid(`worker ${spare} is no spare: it belongs to group ${snapshot.workers.get(spare)!.group}`);
  if (!known.includes(group)) return invalid(noGroup(group, known));
  return ok({ sentences: [`spare ${spare} becomes a replica of group ${group}`], moves: [], lend: { spare, group } });
}

function takeBack(spare: string, snapshot: TreeSnapshot): Judged {
  const lent = snapshot.spares.get(spare);
  if (lent === undefined) return done(`worker ${spare} is not lent to any group`);
  const sentences = [`worker ${spare} leaves group ${lent.value} and is a spare again`];
  return ok({ sentences, moves: [], takeBack: { spare, version: lent.version } });
}

function autoRebalance(on: boolean, settings: ClusterSettings): Judged {
  const rebalance = on ? "auto" : "manual";
  const sentence = on ? "a group that joins gets its share at once" : "a group that joins gets slots by rebalance only";
  return flag(settings, settings.rebalance === rebalance, { ...settings, rebalance }, [sentence]);
}

function flag(_: ClusterSettings, isDone: boolean, settings: ClusterSettings, sentences: readonly string[]): Judged {
  return ok(isDone ? { sentences, moves: [] } : { sentences, moves: [], settings });
}

function aborted({ value, version }: Held<MoveRecord>): Held<MoveRecord> {
  return { value: { ...value, state: "aborted", reason: `${value.reason}; ${CANCELLED}` }, version };
}

function movesOf(moves: readonly (PlannedMove | WantedMove)[]): PlannedMove[] {
  return moves.map(({ slots, source, target }) => ({ slots, source, target }));
}

function sentencesOf(moves: readonly PlannedMove[]): string[] {
  return moves.map(({ slots, source, target }) => {
    const count = countSlots(slots);
    return `${count} ${count === 1 ? "slot" : "slots"} (${showRanges(slots)}) from ${source} to ${target}`;
  });
}

function noGroup(group: string, known: readonly string[]): string {
  const there = known.length === 0 ? "there is none yet" : `the groups are ${known.join(", ")}`;
  return `there is no group ${group} (${there}): start a worker with --group ${group} first`;
}
