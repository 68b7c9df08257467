import type { Timer, Timers } from "../ports/clock.ts";
import type { Coordinator, Znode } from "../ports/coordinator.ts";

const AGAIN_MILLIS = 500;

export interface FollowParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  /** What is followed may be another now. */
  readonly onChange: () => void;
}

/** Reads something again and again: when it is hinted that it changed, and after errors, for ever. Hints are coalesced. */
export abstract class Following {
  /** It was read at least once. */
  isRead = false;
  protected readonly parts: FollowParts;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isStopped = false;
  #timer: Timer | undefined;

  constructor(parts: FollowParts) {
    this.parts = parts;
  }

  /** Always the same function, so that the coordinator keeps one watch for it, however often it reads. */
  protected readonly hint = (): void => void this.read();

  /** Reads it; resolves when what was asked after the call is here, or was not answered: then it is tried again later. */
  read(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    if (this.#current === undefined) {
      this.#current = this.#try();
      return this.#current;
    }
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      return this.read();
    });
    return this.#next;
  }

  async #try(): Promise<void> {
    this.#timer?.cancel();
    const isRead = await this.readOnce();
    this.#current = undefined;
    if (this.#isStopped) return;
    if (isRead) {
      this.isRead = true;
      this.parts.onChange();
    } else this.#timer = this.parts.timers.after(AGAIN_MILLIS, this.hint);
  }

  /** Whether there was an answer. */
  protected abstract readOnce(): Promise<boolean>;

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}

/** What a znode holds, and in which version. */
export interface Held<T> {
  readonly value: T;
  readonly version: number;
}

export interface FollowedZnodeOptions<T> extends FollowParts {
  readonly path: string;
  /** Undefined for nonsense. */
  readonly parse: (text: string, znode: Znode) => T | undefined;
  /** Somebody else tells when it is made: no watch is left for it while it is not there. */
  readonly isChild: boolean;
}

/** One znode's data, as it was read last. */
export class FollowedZnode<T> extends Following {
  /** Undefined when it is not there, or nonsense. */
  held: Held<T> | undefined;
  isNonsense = false;
  readonly #options: FollowedZnodeOptions<T>;

  constructor(options: FollowedZnodeOptions<T>) {
    super(options);
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  protected override async readOnce(): Promise<boolean> {
    const { coordinator, path, parse, isChild } = this.#options;
    const watch = this.hint;
    // What was read before the session's server was changed may be older than what was known, so it is asked for what is true now.
    const read = await coordinator.get(path, { watch, sync: !this.isRead });
    if (read.ok) {
      const value = parse(read.value.data, read.value);
      this.isNonsense = value === undefined;
      this.held = value === undefined ? undefined : { value, version: read.value.version };
      return true;
    }
    if (read.error.code !== "no_node") return false;
    this.isNonsense = false;
    this.held = undefined;
    if (isChild) return true;
    const exists = await coordinator.exists(path, { watch });
    // It was made between the two questions: `get` will see it.
    return exists.ok && !exists.value;
  }
}

export interface FollowedChildrenOptions<T> extends FollowParts {
  readonly path: string;
  /** Which children count, and where what they hold is. */
  readonly child: (name: string) => { readonly path: string; readonly isChild: boolean } | undefined;
  readonly parse: FollowedZnodeOptions<T>["parse"];
}

/** The children of a znode, and what each of them holds. */
export class FollowedChildren<T> extends Following {
  /** By name, in order. */
  readonly children = new Map<string, FollowedZnode<T>>();
  readonly #options: FollowedChildrenOptions<T>;

  constructor(options: FollowedChildrenOptions<T>) {
    super(options);
    this.#options = options;
  }

  protected override async readOnce(): Promise<boolean> {
    const { coordinator, path } = this.#options;
    const watch = this.hint;
    const read = await coordinator.children(path, { watch, sync: true });
    if (read.ok) {
      await this.#take(read.value);
      return true;
    }
    if (read.error.code !== "no_node") return false;
    await this.#take([]);
    const exists = await coordinator.exists(path, { watch });
    return exists.ok && !exists.value;
  }

  /** Those that are new are read with the list. */
  async #take(names: readonly string[]): Promise<void> {
    const present = new Set(names);
    for (const [name, child] of this.children) {
      if (present.has(name)) continue;
      child.stop();
      this.children.delete(name);
    }
    const reads: Promise<void>[] = [];
    for (const name of names) {
      const known = this.children.get(name);
      if (known === undefined) reads.push(this.#follow(name));
      // One that went and came again has no watch.
      else if (known.held === undefined) reads.push(known.read());
    }
    await Promise.all(reads);
  }

  #follow(name: string): Promise<void> {
    const where = this.#options.child(name);
    if (where === undefined) return Promise.resolve();
    const child = new FollowedZnode({ ...this.#options, ...where });
    this.children.set(name, child);
    return child.read();
  }

  /** Everything was read at least once. */
  get isWhole(): boolean {
    return this.isRead && [...this.children.values()].every((child) => child.isRead);
  }

  override stop(): void {
    super.stop();
    for (const child of this.children.values()) child.stop();
  }
}
