import { keySlot } from "../base/crc16.ts";
import type { CacheFeed } from "./cacheFeed.ts";
import type { GetReplyMessage } from "./messages.ts";
import type { Give } from "./operations.ts";
import { versionOf } from "./operations.ts";
import { isAtLeast } from "./positions.ts";

/** What an entry costs beside its key and value. */
const ENTRY_BYTES = 200;

/** What is known of a key: its value, or that it is not there. */
export interface CachedEntry<V> {
  readonly value: V | undefined;
  readonly version: string | undefined;
  /** `performance.now()` when its time to live is over. */
  readonly expiresAt: number;
  /** Who would tell that it has changed. */
  readonly feed: CacheFeed;
  readonly bytes: number;
  /** Since it was last looked at by whoever makes room. */
  isUsed: boolean;
}

/** An answer that is on its way, and may be kept if no change comes before it. */
export interface Fill {
  readonly key: string;
  readonly feed: CacheFeed;
  /** How far the feed was when the question went out. */
  readonly position: Buffer;
  /** A change came meanwhile, of which the answer may know nothing: unless it has this very version. */
  isSpoilt: boolean;
  spoiltBy: string | undefined;
}

/** Values of keys (latin1) as they were read, within a bound of bytes. Second chance: F. J. Corbató, "A Paging Experiment with Multics". */
export class NearCache<V> {
  readonly #entries = new Map<string, CachedEntry<V>>();
  readonly #fills = new Map<string, Set<Fill>>();
  readonly #bytesMax: number;
  readonly #give: Give<V>;
  bytes = 0;
  evictions = 0;
  invalidations = 0;

  constructor(bytesMax: number, give: Give<V>) {
    this.#bytesMax = bytesMax;
    this.#give = give;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** As long as its time to live lasts. */
  find(key: string): CachedEntry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt !== Number.POSITIVE_INFINITY && performance.now() >= entry.expiresAt) {
      this.#drop(key, entry);
      return undefined;
    }
    entry.isUsed = true;
    return entry;
  }

  /** Before a question goes out. Undefined where changes are not told now. */
  begin(key: string, feed: CacheFeed | undefined): Fill | undefined {
    const position = feed?.position;
    if (feed === undefined || position === undefined) return undefined;
    const fill = { key, feed, position, isSpoilt: false, spoiltBy: undefined };
    const fills = this.#fills.get(key);
    if (fills === undefined) this.#fills.set(key, new Set([fill]));
    else fills.add(fill);
    return fill;
  }

  /** After its answer, or without one. `sentAt` bounds what remains of a time to live. */
  end(fill: Fill, reply: GetReplyMessage | undefined, sentAt: number): void {
    const { key, feed, position } = fill;
    const fills = this.#fills.get(key);
    if (fills?.delete(fill) === true && fills.size === 0) this.#fills.delete(key);
    // An answer that is older than what the feed had told may miss a change that was told before.
    if (reply === undefined || !feed.isKept || !isAtLeast(reply.position, position)) return;
    const version = versionOf(reply.version);
    if (fill.isSpoilt && (version === undefined || version !== fill.spoiltBy)) return;
    const { found, ttlMillis } = reply;
    const bytes = ENTRY_BYTES + 2 * key.length + 2 * reply.value.length;
    if (bytes > this.#bytesMax / 4) return;
    this.#remove(key);
    this.bytes += bytes;
    this.#entries.set(key, {
      value: found ? this.#give(reply.value) : undefined,
      version,
      expiresAt: found && ttlMillis !== undefined ? sentAt + ttlMillis : Number.POSITIVE_INFINITY,
      feed,
      bytes,
      isUsed: false,
    });
    this.#makeRoom();
  }

  /** The key has changed: to this version, if that is known. Who has that already keeps it. */
  invalidate(key: string, version?: string): void {
    for (const fill of this.#fills.get(key) ?? []) {
      fill.isSpoilt = true;
      fill.spoiltBy = version;
    }
    if (version !== undefined && this.#entries.get(key)?.version === version) return;
    if (this.#remove(key)) this.invalidations++;
  }

  /** Nobody tells changes of these any more: entries of the feed, of some slots only if they are given. */
  forget(feed: CacheFeed, slots?: ReadonlySet<number>): void {
    for (const fills of this.#fills.values()) {
      for (const fill of fills) {
        if (fill.feed !== feed) continue;
        fill.isSpoilt = true;
        fill.spoiltBy = undefined;
      }
    }
    for (const [key, entry] of this.#entries) {
      if (entry.feed === feed && (slots === undefined || slots.has(keySlot(key)))) this.#drop(key, entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.bytes = 0;
  }

  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.bytes <= this.#bytesMax) return;
      this.#entries.delete(key);
      if (entry.isUsed) {
        entry.isUsed = false;
        this.#entries.set(key, entry);
      } else {
        this.bytes -= entry.bytes;
        this.evictions++;
      }
    }
  }

  #remove(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#drop(key, entry);
    return entry !== undefined;
  }

  #drop(key: string, entry: CachedEntry<V>): void {
    this.#entries.delete(key);
    this.bytes -= entry.bytes;
  }
}
