import type { Prng } from "../../src/base/prng.ts";

export type KeyKind = "register" | "counter" | "list";

const KEYS_AT_ONCE: Readonly<Record<KeyKind, number>> = { register: 5, counter: 2, list: 2 };
/** More operations on one key make the checker slow, above all when many outcomes are unknown. */
const OPERATIONS_MAX = 300;
const UNKNOWN_MAX = 15;

type Use = { readonly key: string; operations: number; unknown: number };

/** The few keys in use at a time; a key that has seen enough gives way to a new one. The kind is in the key's name. */
export class KeyRotation {
  readonly #prefix: string;
  readonly #current: Record<KeyKind, Use[]> = { register: [], counter: [], list: [] };
  readonly #used: string[] = [];
  readonly #byKey = new Map<string, Use>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  static isList(key: string): boolean {
    return /list\d+$/.test(key);
  }

  /** All keys ever handed out. */
  used(): readonly string[] {
    return this.#used;
  }

  /** Keys that `draw` hands out at the moment. */
  inUse(): readonly string[] {
    return Object.values(this.#current).flatMap((uses) => uses.map(({ key }) => key));
  }

  draw(kind: KeyKind, random: Prng): string {
    const keys = this.#current[kind];
    const at = random.below(KEYS_AT_ONCE[kind]);
    const old = keys[at];
    const use =
      old !== undefined && old.operations < OPERATIONS_MAX && old.unknown < UNKNOWN_MAX ? old : this.#next(kind);
    keys[at] = use;
    use.operations += 1;
    return use.key;
  }

  noteUnknown(key: string): void {
    this.#byKey.get(key)!.unknown += 1;
  }

  #next(kind: KeyKind): Use {
    const use = { key: `${this.#prefix}${kind}${this.#used.length}`, operations: 0, unknown: 0 };
    this.#used.push(use.key);
    this.#byKey.set(use.key, use);
    return use;
  }
}
