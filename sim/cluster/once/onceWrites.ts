import type { Prng } from "../../../src/base/prng.ts";
import type { RespValue } from "../../oracle/respValue.ts";
import { errorOf, type Operation } from "../requests.ts";
import type { Change } from "./kvMessages.ts";

const CLAIMS_MAX = 200;

/** One number of a session, and what is known of it. */
export interface OnceWrite {
  readonly name: string;
  readonly tag: string;
  readonly change: Change;
  readonly session: Uint8Array;
  readonly number: number;
  /** What it was answered at first: the field of the reply, and the reply. */
  answer: { readonly field: number; readonly body: string } | undefined;
  /** Nobody asks any more, and it is not known what came of it. */
  isGivenUp: boolean;
}

/** Everything that was asked to happen once, and what its keys held in the end. */
export class OnceWrites {
  readonly all: OnceWrite[] = [];
  /** As somebody who has them answered in the end, by key. */
  readonly left = new Map<string, string | null>();
  readonly #tags: readonly string[];
  readonly #keys = new Set<string>();
  #values = 0;
  #claims = 0;

  constructor(tags: readonly string[]) {
    this.#tags = tags;
  }

  /** Something that another client may want at the same time. */
  draw(prng: Prng): { readonly tag: string; readonly change: Change } {
    const tag = prng.pick(this.#tags);
    const kind = prng.below(8);
    if (kind < 3) return { tag, change: this.#increment(tag) };
    if (kind < 5) return { tag, change: this.#swap(tag) };
    if (kind < 7) return { tag, change: { kind: "batch", changes: [this.#increment(tag), this.#swap(tag)] } };
    // Two want the same, or somebody did before.
    this.#claims = Math.min(this.#claims + prng.below(2), CLAIMS_MAX);
    const key = this.#key(`${tag}claim${this.#claims}`);
    return { tag, change: { kind: "claim", key, value: this.#value() } };
  }

  #increment(tag: string): Change {
    return { kind: "increment", key: this.#key(`${tag}sum`) };
  }

  #swap(tag: string): Change {
    return { kind: "swap", key: this.#key(`${tag}swap`), value: this.#value() };
  }

  #value(): string {
    return `o${++this.#values};`;
  }

  #key(key: string): string {
    // Those of a batch are of one slot.
    const name = this.#tags.length === 1 ? `{once}${key}` : key;
    this.#keys.add(name);
    return name;
  }

  /** Reads what all keys hold. */
  lastReads(): Operation[] {
    return [...this.#keys].map((key) => ({
      requests: [["GET", key]],
      done: ([reply]: readonly RespValue[]) => {
        if (errorOf(reply!) === undefined) this.left.set(key, reply as string | null);
        return undefined;
      },
      lost: () => undefined,
    }));
  }
}
