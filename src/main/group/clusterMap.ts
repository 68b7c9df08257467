import { type Configuration, parseConfiguration } from "../../core/replica/configuration.ts";
import { fillOwners } from "../../core/slots/assignment.ts";
import { parseSlotMap, type SlotMap } from "../../core/slots/slotMap.ts";
import { SLOT_COUNT } from "../../core/slots/slotRanges.ts";
import type { Timers } from "../../ports/clock.ts";
import type { Coordinator, Znode } from "../../ports/coordinator.ts";
import type { ClusterView, GroupView, WorkerView } from "../../worker/slots/clusterView.ts";
import type { Roster } from "./roster.ts";

const SLOTS = "/slots";
const GROUPS = "/groups";
const AGAIN_MILLIS = 500;
/**
 * Who does not wait for the new slot map reads it so much later: the slots' clients wait for those who do, and for processor time on
 * what may be the same machine.
 */
const LATER_MILLIS = 25;
/** So many znodes are asked for at the same time. */
const READS_AT_ONCE = 128;

export interface ClusterMapParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  readonly roster: Roster;
  readonly onNotice: (text: string) => void;
}

/** A group's configuration as it was read, and the text that said it. */
interface ReadGroup {
  readonly text: string | undefined;
  readonly configuration: Configuration | undefined;
}

/** Somebody waits for everything to be read anew. */
type Waiter = (isRead: boolean) => void;

/**
 * The whole cluster as the coordinator tells of it: who has which slots, every group's configuration, every worker. Each znode has one
 * watch; what has changed is read once, however often it changes meanwhile, and read again until it can be.
 */
export class ClusterMap implements ClusterView {
  version = 1;
  slotMap: SlotMap | undefined;
  groups: readonly GroupView[] = [];
  readonly #parts: ClusterMapParts;
  #slotText: string | undefined;
  /** One for good: of so large an array each is a piece of memory of its own, and the collector is woken for a few. */
  readonly #owners = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
  readonly #configurations = new Map<string, ReadGroup>();
  #byId: ReadonlyMap<string, GroupView> = new Map();
  #rosterVersion = -1;
  readonly #listeners = new Set<() => void>();
  /** Znodes that may have changed since they were read. */
  readonly #stale = new Set<string>();
  #waiters: Waiter[] = [];
  #running = false;
  #stopped = false;
  /** Always the same function for a znode, so that it is left there once, however often that is read. */
  readonly #watches = new Map<string, () => void>();
  #hasChanged = false;
  readonly #told = new Set<string>();
  /** Moves whose clients wait here for the next slot map. */
  readonly #awaiting = new Set<string>();

  constructor(parts: ClusterMapParts) {
    this.#parts = parts;
    parts.coordinator.onSession((event) => {
      if (event === "connected" || event === "renewed") this.#readAll();
    });
  }

  group(id: string): GroupView | undefined {
    return this.#byId.get(id);
  }

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  primaryAddress(group: string): string | undefined {
    const primary = this.#byId.get(group)?.configuration?.primary;
    return primary === undefined ? undefined : this.#parts.roster.workers.get(primary.id)?.resp;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<boolean> {
    if (this.#stopped) return false;
    const isRead = await new Promise<boolean>((resolve) => {
      this.#waiters.push(resolve);
      this.#readAll();
    });
    return isRead && (await this.#parts.roster.read());
  }

  awaitSlotMap(move: string, isAwaited: boolean): void {
    if (isAwaited) this.#awaiting.add(move);
    else this.#awaiting.delete(move);
  }

  /** The roster may know other workers now. */
  workersChanged(): void {
    this.#publish();
  }

  stop(): void {
    this.#stopped = true;
    this.#listeners.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(false);
  }

  #readAll(): void {
    for (const path of [SLOTS, GROUPS, ...[...this.#configurations.keys()].map(configPath)]) this.#stale.add(path);
    this.#run();
  }

  #run(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#pass();
  }

  #runLater(): void {
    this.#parts.timers.after(LATER_MILLIS, () => this.#run());
  }

  /** Reads what is stale, and what becomes so meanwhile. */
  async #pass(): Promise<void> {
    let isRead = true;
    while (isRead && this.#stale.size > 0 && !this.#stopped) {
      const waiters = this.#waiters.splice(0);
      isRead = await this.#readStale(waiters.length > 0);
      this.#publish();
      for (const waiter of waiters) waiter(isRead);
    }
    this.#running = false;
    if (!isRead && !this.#stopped) this.#parts.timers.after(AGAIN_MILLIS, () => this.#run());
  }

  /** Whether everything that is stale now could be read; what becomes stale meanwhile is for the next time. */
  async #readStale(isSync: boolean): Promise<boolean> {
    const paths = [...this.#stale];
    this.#stale.clear();
    const failed: string[] = [];
    // Groups come first, so that new ones are read at once.
    if (paths.includes(GROUPS)) {
      const found = await this.#readGroups(isSync);
      if (found === undefined) failed.push(GROUPS);
      else paths.push(...found.filter((path) => !paths.includes(path)));
    }
    const others = paths.filter((path) => path === SLOTS || this.#configurations.has(groupOf(path)));
    for (let at = 0; at < others.length && !this.#stopped; at += READS_AT_ONCE) {
      const some = others.slice(at, at + READS_AT_ONCE);
      const read = await Promise.all(some.map((path) => this.#readOne(path, isSync)));
      for (const [index, path] of some.entries()) if (!read[index]) failed.push(path);
    }
    for (const path of failed) this.#stale.add(path);
    return failed.length === 0;
  }

  /** Where the configurations of new groups are; undefined if that could not be read. */
  async #readGroups(isSync: boolean): Promise<string[] | undefined> {
    const { coordinator } = this.#parts;
    const children = await coordinator.children(GROUPS, { sync: isSync, watch: this.#watchOf(GROUPS) });
    if (!children.ok) {
      return children.error.code === "no_node" && (await this.#awaitThere(GROUPS)) ? [] : undefined;
    }
    const there = new Set(children.value);
    const found: string[] = [];
    for (const id of [...this.#configurations.keys()]) {
      if (there.has(id)) continue;
      this.#configurations.delete(id);
      this.#watches.delete(configPath(id));
      this.#hasChanged = true;
    }
    for (const id of there) {
      if (this.#configurations.has(id)) continue;
      this.#configurations.set(id, { text: undefined, configuration: undefined });
      found.push(configPath(id));
      this.#hasChanged = true;
    }
    return found;
  }

  async #readOne(path: string, isSync: boolean): Promise<boolean> {
    const read = await this.#parts.coordinator.get(path, { sync: isSync, watch: this.#watchOf(path) });
    if (!read.ok && read.error.code !== "no_node") return false;
    if (this.#stopped) return true;
    if (read.ok) this.#take(path, read.value);
    else if (!(await this.#awaitThere(path))) return false;
    return true;
  }

  /** It was not there: the watch that tells of its making is one of `exists`. */
  async #awaitThere(path: string): Promise<boolean> {
    const there = await this.#parts.coordinator.exists(path, { watch: this.#watchOf(path) });
    if (there.ok && there.value) this.#stale.add(path);
    return there.ok;
  }

  #take(path: string, { data, version }: Znode): void {
    if (path === SLOTS) this.#takeSlots(data);
    else this.#takeConfiguration(groupOf(path), data, version);
  }

  #takeSlots(text: string): void {
    if (text === this.#slotText) return;
    const map = parseSlotMap(text);
    if (map === undefined) return this.#tellNonsense(SLOTS, text);
    this.#slotText = text;
    this.slotMap = map;
    fillOwners(this.#owners, map.now);
    this.#hasChanged = true;
  }

  #takeConfiguration(id: string, text: string, version: number): void {
    const before = this.#configurations.get(id);
    if (before === undefined || (before.text === text && before.configuration?.version === version)) return;
    const configuration = parseConfiguration(text, version);
    if (configuration === undefined) return this.#tellNonsense(configPath(id), text);
    this.#configurations.set(id, { text, configuration });
    this.#hasChanged = true;
  }

  #tellNonsense(path: string, text: string): void {
    if (this.#told.has(path)) return;
    this.#told.add(path);
    this.#parts.onNotice(`${path} holds nonsense: ${text.slice(0, 200)}`);
  }

  #watchOf(path: string): () => void {
    let watch = this.#watches.get(path);
    if (watch === undefined) {
      watch = () => {
        if (this.#stopped || !this.#watches.has(path)) return;
        this.#stale.add(path);
        if (path === SLOTS && this.slotMap !== undefined && this.#awaiting.size === 0) this.#runLater();
        else this.#run();
      };
      this.#watches.set(path, watch);
    }
    return watch;
  }

  /** Tells the listeners, if anything is other than it was. */
  #publish(): void {
    const { roster } = this.#parts;
    if (this.#stopped || (!this.#hasChanged && roster.version === this.#rosterVersion)) return;
    this.#hasChanged = false;
    this.#rosterVersion = roster.version;
    this.#byId = this.#makeGroups();
    this.groups = [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.version++;
    for (const listener of [...this.#listeners]) listener();
  }

  #makeGroups(): Map<string, GroupView> {
    const workers = new Map<string, WorkerView[]>();
    for (const id of this.#configurations.keys()) workers.set(id, []);
    for (const worker of this.#workers()) {
      const ofGroup = workers.get(worker.group);
      if (ofGroup !== undefined) ofGroup.push(worker);
    }
    const groups = new Map<string, GroupView>();
    for (const [id, { configuration }] of this.#configurations) {
      groups.set(id, { id, configuration, workers: workers.get(id)! });
    }
    return groups;
  }

  *#workers(): Generator<WorkerView> {
    const { roster } = this.#parts;
    for (const [id, { group, resp, rpc, link }] of roster.workers) {
      yield { id, group, resp, rpc, link, isPresent: roster.isPresent(id) };
    }
  }
}

function configPath(group: string): string {
  return `${GROUPS}/${group}/config`;
}

function groupOf(path: string): string {
  return path.slice(GROUPS.length + 1, -"/config".length);
}
