import { parseWorkerRecord, type WorkerRecord } from "../coordination/workerRecord.ts";
import { type Configuration, parseConfiguration } from "../core/replica/configuration.ts";
import { type MoveRecord, parseMove } from "../core/slots/moveRecord.ts";
import { parseSlotMap, type SlotMap } from "../core/slots/slotMap.ts";
import type { Timers } from "../ports/clock.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import { type ClusterSettings, DEFAULT_SETTINGS, parseSettings } from "./clusterSettings.ts";
import { FollowedChildren, FollowedZnode, type Following, type FollowParts, type Held } from "./followedZnode.ts";
import { MASTER_PREFIX, MASTERS, type MasterRecord, parseMasterRecord } from "./masterRecord.ts";
import { type MoveLocks, parseLocks } from "./moveLocks.ts";

/**
 * What the coordinator's tree says, each part as it was read last: not of one instant. So nothing is decided by it alone: every change
 * names the versions that it was made from.
 */
export interface TreeSnapshot {
  /** Everything was read at least once. */
  readonly isWhole: boolean;
  readonly workers: ReadonlyMap<string, WorkerRecord>;
  /** Undefined for a group that has no configuration, or one that is nonsense. */
  readonly groups: ReadonlyMap<string, Configuration | undefined>;
  /** Undefined when there is none, or nonsense: `notices` tells which. */
  readonly slots: Held<SlotMap> | undefined;
  /** There is no `/slots`: not even one of nonsense. */
  readonly isUnassigned: boolean;
  readonly locks: Held<MoveLocks> | undefined;
  readonly moves: ReadonlyMap<string, Held<MoveRecord>>;
  /** Children of `/migrations` that hold nonsense. */
  readonly brokenMoves: ReadonlySet<string>;
  /** Undefined when it is nonsense. */
  readonly settings: Held<ClusterSettings> | undefined;
  /** In the order in which they become active; by the name of the znode. */
  readonly masters: ReadonlyMap<string, MasterRecord>;
  /** Which spare is lent to which group. */
  readonly spares: ReadonlyMap<string, Held<string>>;
  /** Sentences about znodes that hold nonsense. */
  readonly notices: readonly string[];
}

export interface ClusterWatchParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  /** There is a new snapshot. */
  readonly onChange: () => void;
  readonly onNotice: (text: string) => void;
}

/** Follows all of the tree that a master needs, with one-shot watches, which are hints only. */
export class ClusterWatch {
  readonly #parts: ClusterWatchParts;
  readonly #workers: FollowedChildren<WorkerRecord>;
  readonly #groups: FollowedChildren<Configuration>;
  readonly #moves: FollowedChildren<MoveRecord>;
  readonly #masters: FollowedChildren<MasterRecord>;
  readonly #spares: FollowedChildren<string>;
  readonly #slots: FollowedZnode<SlotMap>;
  readonly #locks: FollowedZnode<MoveLocks>;
  readonly #settings: FollowedZnode<ClusterSettings>;
  readonly #followed: readonly Following[];
  readonly #told = new Set<string>();
  #snapshot: TreeSnapshot | undefined;
  #isWhole = false;
  #isTelling = false;
  #isStopped = false;
  #endSession: () => void = () => undefined;

  constructor(parts: ClusterWatchParts) {
    this.#parts = parts;
    const { coordinator, timers } = parts;
    const common: FollowParts = { coordinator, timers, onChange: () => this.#changed() };
    const below = (path: string) => (name: string) => ({ path: `${path}/${name}`, isChild: true });
    const workers = { path: "/workers", child: below("/workers"), parse: parseWorkerRecord };
    const configPath = (name: string) => ({ path: `/groups/${name}/config`, isChild: false });
    const parseGroup = (text: string, { version }: { readonly version: number }) => parseConfiguration(text, version);
    const masterPath = (name: string) => (name.startsWith(MASTER_PREFIX) ? below(MASTERS)(name) : undefined);
    this.#workers = new FollowedChildren({ ...common, ...workers });
    this.#groups = new FollowedChildren({ ...common, path: "/groups", child: configPath, parse: parseGroup });
    this.#moves = new FollowedChildren({
      ...common,
      ...{ path: "/migrations", child: below("/migrations"), parse: parseMove },
    });
    this.#masters = new FollowedChildren({ ...common, path: MASTERS, child: masterPath, parse: parseMasterRecord });
    this.#spares = new FollowedChildren({
      ...common,
      ...{ path: "/spares", child: below("/spares"), parse: (text: string) => text || undefined },
    });
    this.#slots = new FollowedZnode({ ...common, path: "/slots", parse: parseSlotMap, isChild: false });
    this.#locks = new FollowedZnode({ ...common, path: "/migrations", parse: parseLocks, isChild: false });
    this.#settings = new FollowedZnode({ ...common, path: "/settings", parse: parseSettings, isChild: false });
    this.#followed = [
      ...[this.#workers, this.#groups, this.#moves, this.#masters, this.#spares],
      ...[this.#slots, this.#locks, this.#settings],
    ];
  }

  start(): void {
    this.#endSession = this.#parts.coordinator.onSession((event) => {
      if (event === "connected" || event === "renewed") this.readAll();
    });
    this.readAll();
  }

  /** Reads everything anew, since hints may have been lost or an outcome is unknown. */
  readAll(): void {
    for (const each of this.#followed) {
      void each.read();
      if (each instanceof FollowedChildren) for (const child of each.children.values()) void child.read();
    }
  }

  /** Reads anew what moves are made of; resolves when that is here, at least as new as what this session wrote before. */
  async readMoves(): Promise<void> {
    await Promise.all([this.#slots, this.#locks, this.#settings, this.#moves, this.#spares].map((each) => each.read()));
  }

  get snapshot(): TreeSnapshot {
    this.#snapshot ??= this.#build();
    return this.#snapshot;
  }

  #build(): TreeSnapshot {
    const { held: settings, isNonsense } = this.#settings;
    const moves = heldOf(this.#moves);
    const broken = [...this.#moves.children].filter(([, each]) => each.isNonsense).map(([name]) => name);
    for (const [name, { value }] of moves) {
      if (value.id === name) continue;
      moves.delete(name);
      broken.push(name);
    }
    this.#isWhole ||= this.#followed.every((each) => (each instanceof FollowedChildren ? each.isWhole : each.isRead));
    return {
      isWhole: this.#isWhole,
      workers: valuesOf(this.#workers),
      groups: new Map([...this.#groups.children].map(([name, { held }]) => [name, held?.value])),
      slots: this.#slots.held,
      isUnassigned: this.#slots.isRead && this.#slots.held === undefined && !this.#slots.isNonsense,
      locks: this.#locks.held,
      moves,
      brokenMoves: new Set(broken),
      settings: settings ?? (isNonsense ? undefined : { value: DEFAULT_SETTINGS, version: -1 }),
      masters: valuesOf(this.#masters),
      spares: heldOf(this.#spares),
      notices: [...new Set([...this.#nonsense(), ...broken.map((name) => `/migrations/${name}`)])].map(
        (path) => `${path} holds nonsense, so it is passed over`,
      ),
    };
  }

  #nonsense(): string[] {
    const lists = [this.#workers, this.#groups, this.#moves, this.#masters, this.#spares];
    const znodes = [
      ...[this.#slots, this.#locks, this.#settings],
      ...lists.flatMap((list) => [...list.children.values()]),
    ];
    return znodes.filter((znode) => znode.isNonsense).map((znode) => znode.path);
  }

  /** Many things change at the same time: they are told as one. */
  #changed(): void {
    this.#snapshot = undefined;
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#parts.timers.endOfTurn(() => {
      this.#isTelling = false;
      if (this.#isStopped) return;
      this.#tellNotices();
      this.#parts.onChange();
    });
  }

  #tellNotices(): void {
    const { notices } = this.snapshot;
    for (const notice of notices) if (!this.#told.has(notice)) this.#parts.onNotice(notice);
    this.#told.clear();
    for (const notice of notices) this.#told.add(notice);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endSession();
    for (const each of this.#followed) each.stop();
  }
}

function valuesOf<T>(list: FollowedChildren<T>): Map<string, T> {
  return new Map([...heldOf(list)].map(([name, { value }]) => [name, value]));
}

/** Sorted by name. */
function heldOf<T>(list: FollowedChildren<T>): Map<string, Held<T>> {
  const held = [...list.children].flatMap(([name, child]) =>
    child.held === undefined ? [] : [[name, child.held] as const],
  );
  return new Map(held.sort(([a], [b]) => (a < b ? -1 : 1)));
}
