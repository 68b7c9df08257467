import type { MoveSlots } from "../core/placement/decision.ts";
import { nextMoves } from "../core/placement/nextMoves.ts";
import { slotsOfGroup } from "../core/slots/assignment.ts";
import { encodeMove, isOver, type MoveRecord } from "../core/slots/moveRecord.ts";
import { hasSlots, showRanges } from "../core/slots/slotRanges.ts";
import type { Clock } from "../ports/clock.ts";
import type { MultiOperation } from "../ports/coordinator.ts";
import type { ClusterSettings } from "./clusterSettings.ts";
import { encodeSettings } from "./clusterSettings.ts";
import type { TreeSnapshot } from "./clusterWatch.ts";
import type { DecisionLog } from "./decisionLog.ts";
import type { FencedWrites } from "./fencedWrites.ts";
import type { Held } from "./followedZnode.ts";
import { type Goals, goalsOf, type WantedMove } from "./goals.ts";
import { hasPrimary } from "./groupViews.ts";
import type { MoveHistory } from "./moveHistory.ts";
import { encodeLocks, lockOf, type MoveLocks, withLock, withoutLock } from "./moveLocks.ts";

/** How a move's reason ends that an operator has given up. */
export const CANCELLED = "cancelled by an operator";

export interface MoverParts {
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly history: MoveHistory;
  /** A move of which nothing is seen for so long is aborted, and tried again later. */
  readonly stuckMillis: number;
  /** Why a move does not go on, as its groups say; empty if they say nothing. */
  readonly troubleOf: (move: string) => string;
}

/** Makes moves of what is wanted, and takes away those that are over. What it finds of its predecessor it goes on with. */
export class Mover {
  readonly #parts: MoverParts;
  #movesMade = 0;
  /** What was read must not be older than what was written last. */
  #locksVersion = -1;
  #epoch = 0;

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /** `hot` are moves that load asks for: they come after everything that operators want, and are forgotten with the next call. */
  async act(
    snapshot: TreeSnapshot,
    settings: Held<ClusterSettings>,
    writes: FencedWrites,
    hot: readonly MoveSlots[] = [],
  ): Promise<void> {
    if (this.#epoch !== writes.epoch) {
      this.#epoch = writes.epoch;
      this.#movesMade = 0;
      this.#locksVersion = -1;
    }
    const { locks } = snapshot;
    if (locks === undefined || locks.version < this.#locksVersion) return;
    await this.#abortStuck(snapshot, writes);
    const goals = goalsOf(snapshot, settings.value);
    this.#sayProblem(goals);
    if (await this.#endGoals(snapshot, goals, settings, writes)) return;
    const limit = settings.value.bytesPerSecondMax;
    const wanted = [...goals.wanted, ...hot.map((move) => ({ ...move, bytesPerSecondMax: limit }))];
    // As long as a locked move's record was not read, nobody knows how many are under way between which groups.
    const mayBegin = !settings.value.paused && areMovesKnown(snapshot);
    const fresh = mayBegin ? this.#choose(snapshot, wanted, settings.value, locks.value) : [];
    await this.#change(snapshot, locks, fresh, settings.version, writes);
    await this.#unlockOrphans(snapshot, locks, writes);
  }

  #sayProblem({ problem }: Goals): void {
    if (problem === undefined) this.#parts.log.unsay("goals");
    else this.#parts.log.say("goals", "wait", problem, false);
  }

  /** Wanted moves that may begin now. */
  #choose(
    snapshot: TreeSnapshot,
    wanted: readonly WantedMove[],
    settings: ClusterSettings,
    locks: MoveLocks,
  ): WantedMove[] {
    const { history, log } = this.#parts;
    const { now } = snapshot.slots!.value;
    const able = wanted.filter((move) => {
      if (lockOf(locks, move.slots) !== undefined || history.waitMillis(move.source, move.target) > 0) return false;
      if (!hasSlots(slotsOfGroup(now, move.source), move.slots)) return false;
      const absent = [move.source, move.target].find((group) => !hasPrimary(snapshot, group));
      if (absent === undefined) return true;
      const text = `slots of ${move.source} are to go to ${move.target}, but ${absent} has no primary that is present`;
      log.say(`absent ${move.source} ${move.target}`, "wait", text, false);
      return false;
    });
    const active = [...snapshot.moves.values()].map(({ value }) => value).filter((move) => !isOver(move));
    const limits = {
      movesMax: settings.movesMax,
      movesPerSourceMax: settings.movesPerGroupMax,
      movesPerTargetMax: settings.movesPerGroupMax,
    };
    const chosen = new Set<unknown>(nextMoves(able, active, limits));
    return able.filter((move) => chosen.has(move));
  }

  /** One write: moves that are over go with their locks, new ones come with theirs. */
  async #change(
    snapshot: TreeSnapshot,
    locks: Held<MoveLocks>,
    fresh: readonly WantedMove[],
    settingsVersion: number,
    writes: FencedWrites,
  ): Promise<void> {
    const over = [...snapshot.moves.values()].filter(({ value }) => isOver(value));
    const records = fresh.map((move) => this.#record(move, writes.epoch));
    if (over.length === 0 && records.length === 0) return;
    let next = over.reduce((left, { value }) => withoutLock(left, value.id), locks.value);
    const made: MoveRecord[] = [];
    for (const record of records) {
      const locked = withLock(next, record.id, record.slots);
      if (locked === undefined) continue;
      next = locked;
      made.push(record);
    }
    const operations: MultiOperation[] = [
      { op: "replace", path: "/migrations", data: encodeLocks(next), version: locks.version },
      ...over.map(({ value, version }) => ({ op: "delete", path: pathOf(value.id), version }) as const),
    ];
    // Nothing begins by a wish that was withdrawn, or with slots that have gone, which was not read yet.
    if (made.length > 0) {
      operations.push({ op: "check", path: "/slots", version: snapshot.slots!.version });
      if (settingsVersion >= 0) operations.push({ op: "check", path: "/settings", version: settingsVersion });
    }
    for (const record of made) {
      operations.push({ op: "create", path: pathOf(record.id), data: encodeMove(record), kind: "durable" });
    }
    const written = await writes.write(operations);
    if (!written.ok) return;
    this.#locksVersion = locks.version + 1;
    for (const { value } of over) this.#ended(value);
    for (const record of made) this.#parts.log.add("move", `${sentenceOf(record)}: ${record.reason}`);
  }

  #record({ slots, source, target, why, bytesPerSecondMax }: WantedMove, epoch: number): MoveRecord {
    return {
      // Of one master only one active time has this epoch, so no id is used twice.
      id: `${epoch}-${++this.#movesMade}`,
      ...{ slots, source, target, state: "planned", targetDone: false, sourceDone: false, paused: false },
      ...{ bytesPerSecondMax, reason: why, plannedAt: this.#parts.clock.wall() },
    };
  }

  #ended(move: MoveRecord): void {
    const isCancelled = move.reason.endsWith(CANCELLED);
    this.#parts.history.ended(move, isCancelled);
    const wait = Math.ceil(this.#parts.history.waitMillis(move.source, move.target) / 1000);
    const text = move.state === "flipped" ? "done" : `given up: ${move.reason}`;
    const later = wait > 0 ? `; moves between the two are tried again in ${wait} s` : "";
    this.#parts.log.add(move.state === "flipped" ? "moved" : "aborted", `${sentenceOf(move)}: ${text}${later}`);
  }

  async #abortStuck(snapshot: TreeSnapshot, writes: FencedWrites): Promise<void> {
    const { history, stuckMillis, log, troubleOf } = this.#parts;
    for (const { value, version } of snapshot.moves.values()) {
      const idle = history.idleMillis(value.id);
      if (idle < stuckMillis || isOver(value)) continue;
      const trouble = troubleOf(value.id) === "" ? "" : ` (${troubleOf(value.id)})`;
      if (value.state !== "planned" && value.state !== "copying") {
        // It is decided: only its groups can bring it to its end.
        const behind = value.sourceDone ? value.target : value.source;
        log.say(
          `stuck ${value.id}`,
          "wait",
          `move ${value.id} is ${value.state} and waits for ${behind}${trouble}`,
          false,
        );
        continue;
      }
      const why = `nothing was seen of it for ${Math.floor(idle / 1000)} s${trouble}`;
      const data = encodeMove({ ...value, state: "aborted", reason: `${value.reason}; aborted, since ${why}` });
      const done = await writes.write([{ op: "replace", path: pathOf(value.id), data, version }]);
      if (done.ok) log.add("abort", `${sentenceOf(value)}: ${why}`);
    }
  }

  /** Strikes off what is reached; answers whether something was written. */
  async #endGoals(
    snapshot: TreeSnapshot,
    goals: Goals,
    { value, version }: Held<ClusterSettings>,
    writes: FencedWrites,
  ): Promise<boolean> {
    let next = value;
    const { doneRequests, isBalanced } = goals;
    if (doneRequests.length > 0) {
      next = { ...next, requests: next.requests.filter(({ id }) => !doneRequests.includes(id)) };
    }
    if (value.isBalancing && isBalanced) next = { ...next, isBalancing: false };
    const newcomer = value.isBalancing || value.rebalance !== "auto" ? undefined : emptyGroup(snapshot, value);
    if (newcomer !== undefined) next = { ...next, isBalancing: true };
    if (next === value) return false;
    const written = await writes.write([changeOfSettings(next, version)]);
    if (!written.ok) return true;
    for (const id of doneRequests)
      this.#parts.log.add("done", `request ${id} is done: its slots are where they were to go`);
    if (value.isBalancing && isBalanced) this.#parts.log.add("done", "every group has its share of slots");
    if (newcomer !== undefined) this.#parts.log.add("balance", `group ${newcomer} has joined: it gets its share`);
    return true;
  }

  /** A lock without a record is of a predecessor's half-known write. That there is no record is proved by making one. */
  async #unlockOrphans(snapshot: TreeSnapshot, locks: Held<MoveLocks>, writes: FencedWrites): Promise<void> {
    if (locks.version < this.#locksVersion) return;
    const orphan = Object.keys(locks.value.active).find((id) => !isKnown(snapshot, id));
    if (orphan === undefined) return;
    const path = pathOf(orphan);
    const data = encodeLocks(withoutLock(locks.value, orphan));
    const done = await writes.write([
      { op: "create", path, data: "", kind: "durable" },
      { op: "delete", path, version: 0 },
      { op: "replace", path: "/migrations", data, version: locks.version },
    ]);
    if (done.ok)
      this.#parts.log.add("clean", `move ${orphan} had locked slots, but has no record: they are free again`);
  }
}

/** Every locked move's record was read. */
export function areMovesKnown(snapshot: TreeSnapshot): boolean {
  return Object.keys(snapshot.locks?.value.active ?? {}).every((id) => isKnown(snapshot, id));
}

function isKnown(snapshot: TreeSnapshot, move: string): boolean {
  return snapshot.moves.has(move) || snapshot.brokenMoves.has(move);
}

/** The settings are an empty znode at first; somebody may have deleted it. */
export function changeOfSettings(settings: ClusterSettings, version: number): MultiOperation {
  const data = encodeSettings(settings);
  if (version < 0) return { op: "create", path: "/settings", data, kind: "durable" };
  return { op: "replace", path: "/settings", data, version };
}

/** A group that could have slots and has none. */
function emptyGroup(snapshot: TreeSnapshot, settings: ClusterSettings): string | undefined {
  if (snapshot.slots === undefined) return undefined;
  const now = snapshot.slots.value.now;
  const isComing = (id: string) => [...snapshot.moves.values()].some(({ value }) => value.target === id);
  return [...snapshot.groups.keys()].find(
    (id) =>
      slotsOfGroup(now, id).length === 0 &&
      hasPrimary(snapshot, id) &&
      !settings.draining.includes(id) &&
      !isComing(id),
  );
}

export function pathOf(move: string): string {
  return `/migrations/${move}`;
}

function sentenceOf({ id, slots, source, target }: MoveRecord): string {
  return `move ${id} of slots ${showRanges(slots)} from ${source} to ${target}`;
}
