import type { Prng } from "../../src/base/prng.ts";
import { ByteRun } from "./byteRun.ts";

export const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: "write"; readonly id: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "resize"; readonly id: number; readonly length: number };

/**
 * The content of a file twice: as the operating system shows it, and as the disk has it. Between the two stand the
 * changes that were not synced. A sector is written as a whole or not at all where bytes were durable before; where
 * there were none, anything may be found.
 */
export class SimFile {
  readonly #shown = new ByteRun();
  readonly #durable = new ByteRun();
  #changes: Change[] = [];
  #nextId = 1;

  get length(): number {
    return this.#shown.length;
  }

  /** A view of what a process sees. */
  shown(): Uint8Array {
    return this.#shown.view();
  }

  write(at: number, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#shown.write(at, copy);
    this.#changes.push({ kind: "write", id: this.#nextId++, at, bytes: copy });
  }

  truncate(length: number): void {
    this.#shown.resize(length);
    this.#changes.push({ kind: "resize", id: this.#nextId++, length });
  }

  /** Names the changes made so far, for `persist` and `lose`. */
  mark(): number {
    return this.#nextId;
  }

  /** A sync has brought every change before `mark` to the disk. */
  persist(mark: number): void {
    for (const change of this.#take(mark)) this.#apply(change);
  }

  /**
   * A sync has failed: some of the changes before `mark` are on the disk, and the others are forgotten, though still
   * shown.
   */
  lose(mark: number, prng: Prng): void {
    for (const change of this.#take(mark)) this.#applySectors(change, prng);
  }

  /** The power goes: what was not synced is kept in whole, in part or not at all. */
  crash(prng: Prng): void {
    const changes = this.#take(this.#nextId);
    const manner = prng.below(4);
    if (manner === 0) for (const change of changes) this.#apply(change);
    if (manner === 1 && changes.length > 0) this.#applyPrefix(changes, prng);
    if (manner === 2) for (const change of changes) this.#applySectors(change, prng);
    this.#shown.copyFrom(this.#durable);
  }

  /** Turns one bit over, on the disk and in memory. */
  flipBit(at: number, bit: number): void {
    for (const run of [this.#shown, this.#durable]) {
      if (at < run.length) run.write(at, Uint8Array.of(run.view()[at]! ^ (1 << bit)));
    }
  }

  #take(mark: number): Change[] {
    const taken = this.#changes.filter((change) => change.id < mark);
    this.#changes = this.#changes.filter((change) => change.id >= mark);
    return taken;
  }

  #apply(change: Change): void {
    if (change.kind === "resize") this.#durable.resize(change.length);
    else this.#durable.write(change.at, change.bytes);
  }

  #applyPrefix(changes: readonly Change[], prng: Prng): void {
    const whole = prng.below(changes.length);
    for (const change of changes.slice(0, whole)) this.#apply(change);
    const torn = changes[whole]!;
    if (torn.kind === "write") this.#durable.write(torn.at, torn.bytes, 0, prng.below(torn.bytes.length + 1));
  }

  #applySectors(change: Change, prng: Prng): void {
    if (change.kind === "resize") {
      if (prng.chance(1, 2)) this.#apply(change);
      return;
    }
    const { at, bytes } = change;
    const durableBefore = this.#durable.length;
    const end = at + bytes.length;
    for (let from = at; from < end; ) {
      const to = Math.min(end, from - (from % SECTOR_BYTES) + SECTOR_BYTES);
      const fate = prng.below(6);
      if (fate < 3) this.#durable.write(from, bytes, from - at, to - at);
      if (fate === 5 && from >= durableBefore) this.#durable.write(from, garbage(to - from, prng));
      from = to;
    }
    if (prng.chance(1, 4)) this.#durable.extend(end);
  }
}

function garbage(length: number, prng: Prng): Uint8Array {
  const bytes = new Uint8Array(length);
  prng.fill(bytes);
  return bytes;
}
