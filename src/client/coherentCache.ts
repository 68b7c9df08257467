import { keySlot } from "../base/crc16.ts";
import { CacheFeed } from "./cacheFeed.ts";
import type { ClientCore } from "./core.ts";
import type { GetReplyMessage } from "./messages.ts";
import type { CacheMetrics } from "./metrics.ts";
import { type CachedEntry, type Fill, NearCache } from "./nearCache.ts";
import type { Give } from "./operations.ts";
import type { Settings } from "./options.ts";
import { keyText } from "./values.ts";

/** Who has been silent for so long is taken for unreachable. */
const UNREACHABLE_MILLIS = 1000;

/**
 * The near cache with those who keep it coherent. An entry answers only while its group tells its changes: what was acknowledged to
 * anybody is missed for as long as the message about it is on its way, and for `silenceMillisMax` where a network hides it.
 */
export class CoherentCache<V> {
  readonly #core: ClientCore;
  readonly #settings: NonNullable<Settings["cache"]>;
  readonly #prefixes: readonly string[];
  readonly #entries: NearCache<V>;
  /** By the group's name, one a prefix. */
  readonly #feeds = new Map<string, readonly CacheFeed[]>();
  #hits = 0;
  #misses = 0;
  #stale = 0;

  constructor(core: ClientCore, settings: NonNullable<Settings["cache"]>, give: Give<V>) {
    this.#core = core;
    this.#settings = settings;
    this.#prefixes = settings.prefixes.map(keyText);
    this.#entries = new NearCache(settings.bytesMax, give);
    core.onTopology(() => this.#follow());
    this.#follow();
  }

  /** What may be answered without asking anybody. `now` is `performance.now()`. */
  fresh(key: string, now: number): CachedEntry<V> | undefined {
    const entry = this.#entries.find(key);
    if (entry?.feed.isFresh(now, this.#settings.silenceMillisMax) === true) {
      this.#hits++;
      return entry;
    }
    this.#misses++;
    return undefined;
  }

  /** What is there though nobody can tell whether it has changed, if that was allowed. `isTried`: somebody was asked in vain. */
  stale(key: string, isTried: boolean): CachedEntry<V> | undefined {
    if (!this.#settings.staleIfUnreachable) return undefined;
    const entry = this.#entries.find(key);
    if (entry === undefined) return undefined;
    const isUnreachable = entry.feed.silentMillis(performance.now()) > UNREACHABLE_MILLIS + this.#patience(entry);
    if (!isTried && !isUnreachable) return undefined;
    this.#stale++;
    return entry;
  }

  /** A feed that is open is silent for a while without being broken. */
  #patience({ feed }: CachedEntry<V>): number {
    return feed.position === undefined ? 0 : this.#settings.silenceMillisMax;
  }

  begin(key: string): Fill | undefined {
    const group = this.#core.routes.groupOf(keySlot(key));
    if (group === undefined) return undefined;
    const at = this.#prefixes.findIndex((prefix) => key.startsWith(prefix));
    return at < 0 ? undefined : this.#entries.begin(key, this.#feeds.get(group.name)?.[at]);
  }

  end(fill: Fill, reply: GetReplyMessage | undefined, sentAt: number): void {
    this.#entries.end(fill, reply, sentAt);
  }

  /** This client changes it, or has changed it. */
  written(key: string): void {
    this.#entries.invalidate(key);
  }

  metrics(): CacheMetrics {
    const { bytes, size, evictions, invalidations } = this.#entries;
    const feeds = [...this.#feeds.values()].flat().filter(({ position }) => position !== undefined).length;
    const counts = { hits: this.#hits, misses: this.#misses, stale: this.#stale, invalidations, evictions };
    return { ...counts, entries: size, bytes, feeds };
  }

  close(): void {
    for (const feed of [...this.#feeds.values()].flat()) feed.stop();
    this.#entries.clear();
  }

  #follow(): void {
    const groups = new Set(this.#core.routes.groups.map(({ name }) => name));
    for (const [name, feeds] of this.#feeds) {
      if (groups.has(name)) continue;
      this.#feeds.delete(name);
      for (const feed of feeds) feed.stop();
    }
    for (const name of groups) {
      if (!this.#feeds.has(name))
        this.#feeds.set(
          name,
          this.#prefixes.map((prefix) => this.#feedOf(name, prefix)),
        );
    }
  }

  #feedOf(group: string, prefix: string): CacheFeed {
    const text = Buffer.from(prefix, "latin1").toString();
    return new CacheFeed(this.#core, group, text, {
      onChanged: (key, version) => this.#entries.invalidate(key, version),
      onForget: (feed, slots) => this.#entries.forget(feed, slots),
      onState: (feed, isLive, message) => {
        this.#core.listeners.tell("cache", { group: feed.group, isLive, message });
      },
    });
  }
}
