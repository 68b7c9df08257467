import type { Collection } from "./values/collection.ts";

/**
 * A collection as a record holds it: in memory, or still on disk until somebody asks for it, so that `DEL`, `TYPE` or `TTL` of
 * a large cold collection read nothing of it.
 */
export class HeldCollection {
  /** Names its pieces on disk; 0 while it has none there. */
  pieceId: number;
  #value: Collection | undefined;
  readonly #load: (() => Collection) | undefined;

  constructor(value: Collection | undefined, pieceId = 0, load?: () => Collection) {
    this.#value = value;
    this.pieceId = pieceId;
    this.#load = load;
  }

  get isLoaded(): boolean {
    return this.#value !== undefined;
  }

  get value(): Collection {
    this.#value ??= this.#load!();
    return this.#value;
  }
}
