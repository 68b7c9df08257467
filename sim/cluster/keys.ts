import type { Prng } from "../../src/base/prng.ts";

/** A key has so many operations, and so many of an unknown outcome, before another takes its place: the checker's work grows with both. */
const USES_MAX = 80;
const UNKNOWN_MAX = 5;

export interface Key {
  readonly name: string;
  /** Begins its name, and those of all other keys of its slot; empty where slots do not matter. */
  readonly tag: string;
  uses: number;
  unknown: number;
}

/** The keys that clients use at present, some for each tag, and all that they ever used. */
export class Keys {
  readonly all: Key[] = [];
  /** Is told of each new key. */
  onMade: ((key: Key) => void) | undefined;
  readonly #kind: string;
  readonly #tags: readonly string[];
  readonly #present: Key[];

  /** `count` keys for each tag. */
  constructor(kind: string, count: number, tags: readonly string[]) {
    this.#kind = kind;
    this.#tags = tags;
    this.#present = Array.from({ length: count * tags.length }, (_, i) => this.#make(i));
  }

  #make(place: number): Key {
    const tag = this.#tags[place % this.#tags.length]!;
    const key: Key = { name: `${tag}${this.#kind}${place}.${this.all.length}`, tag, uses: 0, unknown: 0 };
    this.all.push(key);
    this.onMade?.(key);
    return key;
  }

  /** A key of this tag, or of any. */
  pick(prng: Prng, tag?: string): Key {
    const tags = this.#tags.length;
    const place =
      tag === undefined
        ? prng.below(this.#present.length)
        : this.#tags.indexOf(tag) + tags * prng.below(this.#present.length / tags);
    let key = this.#present[place]!;
    if (key.uses >= USES_MAX || key.unknown >= UNKNOWN_MAX) {
      key = this.#make(place);
      this.#present[place] = key;
    }
    key.uses++;
    return key;
  }
}
