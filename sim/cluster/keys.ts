import type { Prng } from "../../src/base/prng.ts";

/** A key has so many operations, and so many of an unknown outcome, before another takes its place: the checker's work grows with both. */
const USES_MAX = 80;
const UNKNOWN_MAX = 5;

export interface Key {
  readonly name: string;
  uses: number;
  unknown: number;
}

/** The keys that clients use at present, and all that they ever used. */
export class Keys {
  readonly all: Key[] = [];
  readonly #kind: string;
  readonly #present: Key[];

  constructor(kind: string, count: number) {
    this.#kind = kind;
    this.#present = Array.from({ length: count }, (_, i) => this.#make(i));
  }

  #make(place: number): Key {
    const key: Key = { name: `${this.#kind}${place}.${this.all.length}`, uses: 0, unknown: 0 };
    this.all.push(key);
    return key;
  }

  pick(prng: Prng): Key {
    const place = prng.below(this.#present.length);
    let key = this.#present[place]!;
    if (key.uses >= USES_MAX || key.unknown >= UNKNOWN_MAX) {
      key = this.#make(place);
      this.#present[place] = key;
    }
    key.uses++;
    return key;
  }
}
