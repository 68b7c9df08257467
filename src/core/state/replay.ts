import type { ByteReader } from "../../base/byteReader.ts";
import { Applier } from "./apply.ts";
import { decodeMutation } from "./decodeMutation.ts";
import type { KeySpace } from "./keySpace.ts";
import * as kind from "./mutation.ts";

/** Applies entries that somebody else evaluated: this node before a restart, or another replica. */
export class Replayer {
  readonly #state: KeySpace;
  readonly #apply: Applier;
  /** Keys that the present entry has changed. */
  readonly #touched = new Set<string>();

  constructor(state: KeySpace) {
    this.#state = state;
    this.#apply = new Applier(state);
  }

  /**
   * Applies the mutations of entry `seq`, leaving out those that a key has behind it already: each key carries the seq of
   * its last mutation, so that a replay may begin anywhere before what is missing. Throws `MalformedBytes`.
   */
  entry(reader: ByteReader, seq: number): void {
    const { clearedSeq } = this.#state;
    if (seq < clearedSeq) return;
    this.#touched.clear();
    if (seq === clearedSeq) this.#passLastClear(reader, seq);
    while (reader.remaining > 0) this.#mutation(reader, seq);
  }

  /** The entry that removed every key last, and is not forgotten: only what it did after that may still be to be done. */
  #passLastClear(reader: ByteReader, seq: number): void {
    let behind = reader.at;
    while (reader.remaining > 0) {
      const code = reader.u8();
      decodeMutation(this.#apply, code, reader.lengthText(), reader, seq);
      if (code === kind.MUTATION_CLEAR) behind = reader.at;
    }
    reader.at = behind;
  }

  #mutation(reader: ByteReader, seq: number): void {
    const code = reader.u8();
    const key = reader.lengthText();
    this.#state.forgetSeek();
    // Every mutation is read to its end, also one that is left out.
    const run = decodeMutation(this.#apply, code, key, reader, seq);
    if (code !== kind.MUTATION_CLEAR && code !== kind.MUTATION_SLOTS) {
      // Several mutations of one entry may be about one key; but what was at this seq before the entry has all of it.
      if (this.#hasBehind(key, seq) && !this.#touched.has(key)) return;
      this.#touched.add(key);
    }
    run();
  }

  #hasBehind(key: string, seq: number): boolean {
    const state = this.#state;
    const ref = state.find(key);
    // To a key that is not there, `pendingVersion` says when every key was removed, which this entry may have done itself.
    if (state.clearedSeq === seq) return ref !== 0 && state.version(ref) >= seq;
    return state.pendingVersion >= seq;
  }
}
