import { decodeLatin1 } from "../../base/latin1.ts";
import type { ColdRecord, ColdStore } from "./coldStore.ts";
import { HeldCollection } from "./heldCollection.ts";
import { idealPlace } from "./keyIndex.ts";
import { KeyPlaces, UNKNOWN_HASH } from "./keyPlaces.ts";
import { HELD_BYTES } from "./keyRecords.ts";
import { HINT_SHIFT, INLINE_BYTES_MAX, LOADED, STORED, TYPE_TOMBSTONE } from "./record.ts";
import type { SessionKey } from "./sessionKey.ts";
import { SessionPlaces } from "./sessionPlaces.ts";
import { PAGE_SHIFT, type Ref } from "./slab.ts";

const HIGH = 0x1_0000_0000;
const EMPTY = new Uint8Array(0);

/** What the key space counted since the start, for `INFO`. */
export interface KeySpaceStatistics {
  hits: number;
  misses: number;
  expired: number;
  evicted: number;
  loaded: number;
}

/** Finds keys: in memory, and else in the cold store, from which they come to memory. */
export class KeyLookup extends KeyPlaces {
  readonly statistics: KeySpaceStatistics = { hits: 0, misses: 0, expired: 0, evicted: 0, loaded: 0 };
  readonly cold: ColdStore;
  /** Version of the record that the last look-up found, tombstones included; without one, that of the last `clear`. */
  pendingVersion = 0;
  /** The seq of the last `clear`, and whether the engine still has to be told. */
  clearedSeq = 0;
  clearPending = false;
  readonly #sessionPlaces = new SessionPlaces();
  readonly #kept = { bytes: EMPTY as Uint8Array | undefined, start: 0, end: 0, hash: 0, ref: 0 as Ref };

  constructor(seed: readonly [number, number], cold: ColdStore) {
    super(seed);
    this.cold = cold;
    this.sessionRows = cold.storedSessionRows;
  }

  /** Keys that are on disk only, rows of sessions included. */
  get coldKeys(): number {
    return this.clearPending ? 0 : this.cold.storedKeys - this.residentStored;
  }

  /** Where the key is, or 0; expired keys are still there. */
  find(key: string): Ref {
    if (key === this.seekText) return this.#seen(this.seekRef);
    const hash = this.hash.text(key);
    const segment = this.index.segments[hash >>> 24]!;
    const { pairs } = segment;
    let ref = 0;
    for (let at = idealPlace(segment, hash) * 2; pairs[at + 1] !== 0; at += 2) {
      if (pairs[at] === hash && this.hasText(pairs[at + 1]!, key)) {
        ref = pairs[at + 1]!;
        break;
      }
    }
    this.seekBytes = undefined;
    this.seekText = key;
    this.seekHash = hash;
    this.seekRef = ref;
    if (ref === 0 && this.coldKeys > 0) this.seekRef = this.#loadCold(key, hash);
    return this.#seen(this.seekRef);
  }

  /** `find` for a key that is bytes of a request. */
  findBytes(bytes: Uint8Array, start: number, end: number): Ref {
    const hash = this.hash.bytes(bytes, start, end);
    const segment = this.index.segments[hash >>> 24]!;
    const { pairs } = segment;
    let ref = 0;
    for (let at = idealPlace(segment, hash) * 2; pairs[at + 1] !== 0; at += 2) {
      if (pairs[at] === hash && this.hasBytes(pairs[at + 1]!, bytes, start, end)) {
        ref = pairs[at + 1]!;
        break;
      }
    }
    this.seekText = undefined;
    this.seekBytes = bytes;
    this.seekStart = start;
    this.seekEnd = end;
    this.seekHash = hash;
    this.seekRef = ref;
    if (ref === 0 && this.coldKeys > 0) this.seekRef = this.#loadCold(decodeLatin1(bytes, start, end), hash);
    return this.#seen(this.seekRef);
  }

  /** The last look-up, of a key that is bytes: `findKept` goes back to it, though others come between, if they change nothing of that key. */
  keepSeek(): void {
    this.#kept.bytes = this.seekBytes;
    this.#kept.start = this.seekStart;
    this.#kept.end = this.seekEnd;
    this.#kept.hash = this.seekHash;
    this.#kept.ref = this.seekRef;
  }

  /**
   * `findBytes` and `keepSeek` for the key of a session's row: one that was looked up before is where it was, mostly, and neither its hash
   * nor the index is needed.
   */
  findSessionRow(key: SessionKey): Ref {
    const { bytes } = key;
    const ref = this.#sessionPlaces.of(bytes);
    if (ref === 0 || !this.isRowOf(ref, key)) {
      const found = this.findBytes(bytes, 0, bytes.length);
      this.#sessionPlaces.set(bytes, found);
      this.keepSeek();
      return found;
    }
    const kept = this.#kept;
    kept.bytes = bytes;
    kept.start = 0;
    kept.end = bytes.length;
    kept.hash = UNKNOWN_HASH;
    kept.ref = ref;
    return this.#seen(ref);
  }

  /** `find` for the key that was looked up before `keepSeek`. */
  findKept(): Ref {
    this.seekText = undefined;
    this.seekBytes = this.#kept.bytes;
    this.seekStart = this.#kept.start;
    this.seekEnd = this.#kept.end;
    this.seekHash = this.#kept.hash;
    this.seekRef = this.#kept.ref;
    return this.#seen(this.seekRef);
  }

  #seen(ref: Ref): Ref {
    if (ref === 0) {
      this.pendingVersion = this.clearedSeq;
      return 0;
    }
    this.pendingVersion = this.version(ref);
    return this.type(ref) === TYPE_TOMBSTONE ? 0 : ref;
  }

  #loadCold(key: string, hash: number): Ref {
    const record = this.cold.load(key);
    if (record === undefined) return 0;
    this.statistics.loaded++;
    return this.#admit(key, hash, record);
  }

  #admit(key: string, hash: number, record: ColdRecord): Ref {
    const { value, expireAt } = record;
    const outside = value instanceof HeldCollection || value.length > INLINE_BYTES_MAX;
    const length = value instanceof HeldCollection || outside ? 4 : value.length;
    const ref = this.insert(hash, key, EMPTY, 0, key.length, record.type, length, expireAt);
    if (value instanceof HeldCollection) {
      this.setThing(ref, value);
      this.thingBytes += HELD_BYTES + (value.isLoaded ? value.value.memoryBytes : 0);
    } else if (outside) {
      this.setThing(ref, value);
      this.thingBytes += value.length;
    } else this.slab.bytes[ref >>> PAGE_SHIFT]!.set(value, this.stringStart(ref));
    const { version } = record;
    this.setWord(ref, 0, (this.word(ref, 0) & 0xffff) | STORED | LOADED | (Math.floor(version / HIGH) << 16));
    this.setWord(ref, 1, version >>> 0);
    this.setWord(ref, 2, this.word(ref, 2) | (record.encodingHint << HINT_SHIFT));
    if (expireAt > 0) this.setIndexedExpireAt(ref, expireAt);
    this.residentStored++;
    this.loadedKeys++;
    return ref;
  }
}
