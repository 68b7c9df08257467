import type { ClientCore } from "./core.ts";
import { GroupWatch } from "./groupWatch.ts";
import type { WatchReplyMessage } from "./messages.ts";
import { versionOf } from "./operations.ts";

export interface CacheFeedEvents {
  /** `version`: of the key after that. */
  onChanged(key: string, version: string | undefined): void;
  /** All keys, or those of some slots, are not told about any more, or are gone. */
  onForget(feed: CacheFeed, slots?: ReadonlySet<number>): void;
  onState(feed: CacheFeed, isLive: boolean, message: string): void;
}

/** Tells which keys of one group, with one prefix, have changed. */
export class CacheFeed {
  readonly group: string;
  readonly prefix: string;
  /** False once it has ended for good: nothing is kept on its word any more. */
  isKept = true;
  readonly #core: ClientCore;
  readonly #events: CacheFeedEvents;
  #watch: GroupWatch;
  #brokenAt = performance.now();

  constructor(core: ClientCore, group: string, prefix: string, events: CacheFeedEvents) {
    this.#core = core;
    this.group = group;
    this.prefix = prefix;
    this.#events = events;
    this.#watch = this.#begin();
  }

  /** How far it has told; undefined while it tells nothing. */
  get position(): Buffer | undefined {
    return this.#watch.isLive ? this.#watch.position : undefined;
  }

  /** Whether what it has not told would have been told by now. */
  isFresh(now: number, silenceMillisMax: number): boolean {
    return this.#watch.isLive && now - this.#watch.heardAt <= silenceMillisMax;
  }

  /** How long it has told nothing; 0 while it does. */
  silentMillis(now: number): number {
    return now - (this.#watch.isLive ? this.#watch.heardAt : this.#brokenAt);
  }

  stop(): void {
    this.isKept = false;
    this.#watch.stop();
    this.#events.onForget(this);
  }

  #begin(): GroupWatch {
    const { routes } = this.#core;
    return new GroupWatch(this.#core, {
      address: () => {
        const route = routes.groups.find(({ name }) => name === this.group);
        return route === undefined ? undefined : routes.primaryOfGroup(route);
      },
      request: { prefix: this.prefix, noValues: true },
      onReply: (reply) => this.#take(reply),
      onState: (isLive, message) => {
        if (!isLive) this.#brokenAt = performance.now();
        this.#events.onState(this, isLive, message);
      },
      // What happened since is not known: what was kept is of no use, and it begins anew.
      onEnd: () => {
        this.#events.onForget(this);
        if (!this.isKept || this.#core.isClosed) return;
        setTimeout(() => {
          if (this.isKept) this.#watch = this.#begin();
        }, RESTART_MILLIS);
      },
    });
  }

  #take({ changes, slotsLost, slotsGained }: WatchReplyMessage): void {
    for (const { kind, key, version } of changes) {
      if (kind === "KIND_CLEARED") this.#events.onForget(this);
      else this.#events.onChanged(key.toString("latin1"), versionOf(version));
    }
    if (slotsLost.length > 0 || slotsGained.length > 0)
      this.#events.onForget(this, new Set([...slotsLost, ...slotsGained]));
  }
}

const RESTART_MILLIS = 100;
