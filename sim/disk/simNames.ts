import type { Prng } from "../../src/base/prng.ts";
import type { SimFile } from "./simFile.ts";

interface NameChange {
  readonly kind: "link" | "unlink";
  readonly id: number;
  readonly name: string;
  readonly file: SimFile;
}

/** The names of a directory, as the operating system shows them and as the disk has them. */
export class SimNames {
  readonly #shown = new Map<string, SimFile>();
  readonly #durable = new Map<string, SimFile>();
  #changes: NameChange[] = [];
  #nextId = 1;

  get(name: string): SimFile | undefined {
    return this.#shown.get(name);
  }

  sorted(): string[] {
    return [...this.#shown.keys()].sort();
  }

  /** Files that have a name. */
  files(): Iterable<SimFile> {
    return this.#shown.values();
  }

  /** Files that have a name now, or may have one after a loss of power. */
  everyFile(): Set<SimFile> {
    return new Set([...this.#shown.values(), ...this.#durable.values(), ...this.#changes.map((change) => change.file)]);
  }

  /** Gives a file a name, taking it from the file that had it. */
  link(name: string, file: SimFile): void {
    this.#shown.set(name, file);
    this.#changes.push({ kind: "link", id: this.#nextId++, name, file });
  }

  unlink(name: string): void {
    const file = this.#shown.get(name);
    if (file === undefined) return;
    this.#shown.delete(name);
    this.#changes.push({ kind: "unlink", id: this.#nextId++, name, file });
  }

  /** Names the changes made so far, for `persist`. */
  mark(): number {
    return this.#nextId;
  }

  persist(mark: number): void {
    for (const change of this.#take(mark)) this.#apply(change);
  }

  /**
   * A sync of the directory has failed: of the changes to each file's names a prefix is on the disk, files being
   * independent of one another. The others are not forgotten, unlike the bytes of a file: a file system whose journal
   * fails stops altogether.
   */
  persistInPart(mark: number, prng: Prng): void {
    const kept: NameChange[] = [];
    const stopped = new Set<SimFile>();
    for (const change of this.#take(mark)) {
      if (prng.chance(1, 3)) stopped.add(change.file);
      if (stopped.has(change.file)) kept.push(change);
      else this.#apply(change);
    }
    this.#changes.unshift(...kept);
  }

  /** The power goes. */
  crash(prng: Prng): void {
    this.persistInPart(this.#nextId, prng);
    this.#changes = [];
    this.#shown.clear();
    for (const [name, file] of this.#durable) this.#shown.set(name, file);
  }

  #take(mark: number): NameChange[] {
    const taken = this.#changes.filter((change) => change.id < mark);
    this.#changes = this.#changes.filter((change) => change.id >= mark);
    return taken;
  }

  #apply({ kind, name, file }: NameChange): void {
    if (kind === "link") this.#durable.set(name, file);
    else if (this.#durable.get(name) === file) this.#durable.delete(name);
  }
}
