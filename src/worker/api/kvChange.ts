import { ByteReader } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { latin1Bytes } from "../../base/latin1.ts";
import { type KeySpace, VALUE_STRING } from "../../core/state/keySpace.ts";
import { MUTATION_CLEAR, MUTATION_DELETE, MUTATION_SET_STRING } from "../../core/state/mutation.ts";
import type { MutationCursor } from "../../core/state/mutationsOfEntry.ts";
import { VALUE_TYPES } from "./kvScan.ts";
import type { Positions } from "./position.ts";
import { putBool, putBytes, putOptionalUnsigned, putPart, putUnsigned } from "./wireWriter.ts";

const KIND_SET = 1;
const KIND_DELETED = 2;
const KIND_CLEARED = 4;
/** So much of what keys held is remembered for a watch that wants to be told. */
const PREVIOUS_BYTES_MAX = 16 << 20;
const PREVIOUS_ENTRY_BYTES = 64;

export interface WatchOptions {
  /** The one key; undefined for those with the prefix. */
  readonly key: string | undefined;
  readonly prefix: string;
  readonly previous: boolean;
  readonly noValues: boolean;
}

/** What a key holds after a change, as far as the log or the state tell. */
interface After {
  readonly kind: number;
  readonly type: number;
  readonly value: Uint8Array | undefined;
  readonly expireAt: number;
}

const DELETED: After = { kind: KIND_DELETED, type: 0, value: undefined, expireAt: 0 };
const UNKNOWN: After = { kind: KIND_SET, type: 0, value: undefined, expireAt: 0 };

/** Turns mutations into messages `Change`, in the order of the log. */
export class ChangeReader {
  readonly #state: KeySpace;
  readonly #positions: Positions;
  readonly #options: WatchOptions;
  readonly #out = new ByteWriter(1024);
  /** What keys hold after what was read last: null for nothing, undefined (absent) where it is not known. */
  readonly #held = new Map<string, Uint8Array | null>();
  #heldBytes = 0;
  /** All keys were removed while this watched: what is not in `#held` holds nothing. */
  #wasCleared = false;

  constructor(state: KeySpace, positions: Positions, options: WatchOptions) {
    this.#state = state;
    this.#positions = positions;
    this.#options = options;
  }

  /** Reads begin after `at`, which is the newest that is committed: what one key holds then is known. */
  begin(at: number): void {
    const { key, previous } = this.#options;
    if (key === undefined || !previous) return;
    const state = this.#state;
    state.forgetSeek();
    const ref = state.find(key);
    if (ref === 0 ? state.pendingVersion <= at : state.version(ref) <= at)
      this.#hold(key, ref !== 0 && state.type(ref) === VALUE_STRING ? state.stringView(ref).slice() : null);
  }

  /** Undefined if nobody is told of it. */
  read(mutation: MutationCursor, bytes: Uint8Array, at: number): ByteWriter | undefined {
    const out = this.#out;
    out.reset();
    if (mutation.code === MUTATION_CLEAR) {
      putUnsigned(out, 1, KIND_CLEARED);
      this.#positions.put(out, 5, at);
      this.#held.clear();
      this.#heldBytes = 0;
      this.#wasCleared = true;
      return out;
    }
    const { key } = mutation;
    const after = this.#after(mutation, bytes, at);
    putUnsigned(out, 1, after.kind);
    putBytes(out, 2, latin1Bytes(key));
    putUnsigned(out, 3, VALUE_TYPES[after.type]!);
    if (after.value !== undefined && !this.#options.noValues) putBytes(out, 4, after.value);
    this.#positions.put(out, 5, at);
    if (after.expireAt > 0) putOptionalUnsigned(out, 6, after.expireAt);
    if (this.#options.previous) this.#putPrevious(key, after);
    putBool(out, 9, after === UNKNOWN);
    return out;
  }

  #putPrevious(key: string, after: After): void {
    const before = this.#held.get(key) ?? (this.#wasCleared || this.#held.has(key) ? null : undefined);
    if (before === undefined) putBool(this.#out, 8, true);
    else if (before !== null) putPart(this.#out, 7, before, 0, before.length);
    if (after === UNKNOWN) this.#forget(key);
    else this.#hold(key, after.value?.slice() ?? null);
  }

  #after({ code, key, start, keyEnd, end }: MutationCursor, bytes: Uint8Array, at: number): After {
    if (code === MUTATION_DELETE) return DELETED;
    if (code === MUTATION_SET_STRING) {
      const reader = new ByteReader(bytes, keyEnd, end);
      const expireAt = reader.u48();
      reader.u8();
      return { kind: KIND_SET, type: VALUE_STRING, value: reader.view(reader.varint()), expireAt };
    }
    return start < end ? this.#afterByState(key, at) : UNKNOWN;
  }

  /** The log says what was done to the key; what came of it is in the state as long as nobody has changed it again. */
  #afterByState(key: string, at: number): After {
    const state = this.#state;
    state.forgetSeek();
    const ref = state.find(key);
    if (ref === 0 || state.version(ref) !== at) return UNKNOWN;
    const type = state.type(ref);
    const value = type === VALUE_STRING ? state.stringView(ref) : undefined;
    return { kind: KIND_SET, type, value, expireAt: state.expireAt(ref) };
  }

  #hold(key: string, value: Uint8Array | null): void {
    this.#forget(key);
    this.#held.set(key, value);
    this.#heldBytes += sizeOf(key, value);
    while (this.#heldBytes > PREVIOUS_BYTES_MAX) {
      const [oldest] = this.#held.keys();
      this.#forget(oldest!);
      // What was forgotten is not the same as what holds nothing.
      this.#wasCleared = false;
    }
  }

  #forget(key: string): void {
    const value = this.#held.get(key);
    if (value === undefined) return;
    this.#held.delete(key);
    this.#heldBytes -= sizeOf(key, value);
  }
}

function sizeOf(key: string, value: Uint8Array | null): number {
  return PREVIOUS_ENTRY_BYTES + key.length + (value?.length ?? 0);
}
