import { invariant } from "../../base/invariant.ts";
import type { Args } from "./args.ts";
import { aclCategories } from "./categories.ts";
import { type KeyPosition, keyPositions, keyRange } from "./keyPositions.ts";
import type { CommandSpec } from "./spec.ts";

/** Slots per command: at a quarter full, most look-ups end at the first slot. */
const SLOTS_PER_COMMAND = 4;
const CASE_BIT = 0x20;

/**
 * All commands there are, found by the bytes of a request. Names are compared without regard to case and without making a
 * string: an open-addressing hash over a few folded bytes of the name.
 */
export class CommandTable {
  readonly #specs: readonly CommandSpec[];
  /** Index into `#specs`, or -1. */
  readonly #slots: Int16Array;
  readonly #mask: number;
  readonly #byName = new Map<string, CommandSpec>();
  readonly #fullNames = new Map<CommandSpec, string>();

  constructor(groups: readonly (readonly CommandSpec[])[]) {
    this.#specs = groups.flat();
    let size = 16;
    while (size < this.#specs.length * SLOTS_PER_COMMAND) size *= 2;
    this.#slots = new Int16Array(size).fill(-1);
    this.#mask = size - 1;
    for (const [index, spec] of this.#specs.entries()) {
      this.#addName(spec.name, spec);
      for (const sub of spec.subcommands ?? []) this.#addName(`${spec.name}|${sub.name}`, sub);
      this.#addSlot(spec.name, index);
    }
  }

  #addName(name: string, spec: CommandSpec): void {
    invariant(name === name.toLowerCase(), "a command's name is in lower case");
    invariant(!this.#byName.has(name), `the command ${name} is in the table once`);
    this.#byName.set(name, spec);
    this.#fullNames.set(spec, name);
  }

  #addSlot(name: string, index: number): void {
    const at = (i: number) => name.charCodeAt(i);
    let slot = hashName(at(0), at(name.length >> 1), at(name.length - 1), name.length) & this.#mask;
    while (this.#slots[slot] !== -1) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = index;
  }

  /** The command that argument 0 names, in any case. */
  find(args: Args): CommandSpec | undefined {
    const start = args.starts[0]!;
    const length = args.ends[0]! - start;
    if (length === 0) return undefined;
    const { bytes } = args;
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hashName(bytes[start]!, bytes[start + (length >> 1)]!, bytes[start + length - 1]!, length) & mask;
    for (let index = slots[slot]!; index !== -1; index = slots[slot]!) {
      const spec = this.#specs[index]!;
      if (args.is(0, spec.name)) return spec;
      slot = (slot + 1) & mask;
    }
    return undefined;
  }

  /** The subcommand of a container that argument 1 names, in any case. */
  findSubcommand(container: CommandSpec, args: Args): CommandSpec | undefined {
    const subcommands = container.subcommands!;
    for (let i = 0; i < subcommands.length; i++) {
      if (args.is(1, subcommands[i]!.name)) return subcommands[i];
    }
    return undefined;
  }

  /** `get`, or `config|get`, in any case. */
  byName(name: string): CommandSpec | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Every command, containers included, subcommands not. */
  all(): readonly CommandSpec[] {
    return this.#specs;
  }

  /** The name as clients see it: `get`, or `config|get` for a subcommand. */
  fullName(spec: CommandSpec): string {
    return this.#fullNames.get(spec) ?? spec.name;
  }

  /** First key, last key and step, as `COMMAND INFO` shows them. */
  keyRange(spec: CommandSpec): readonly [number, number, number] {
    return spec.keyRange ?? keyRange(spec.keys ?? []);
  }

  /** Where the keys of a request are; undefined when the request cannot be one of this command. */
  keyPositions(spec: CommandSpec, args: Args): KeyPosition[] | undefined {
    return keyPositions(spec.keys ?? [], args);
  }

  /** The keys of a request; none when the request cannot be one of this command. */
  getKeys(spec: CommandSpec, args: Args): string[] {
    return (this.keyPositions(spec, args) ?? []).map(({ position }) => args.text(position));
  }

  /** ACL categories with their `@`, in Redis's order. */
  categories(spec: CommandSpec): readonly string[] {
    return aclCategories(spec);
  }
}

/** Folding by a bit maps some other bytes together too; the comparison that follows is exact. */
function hashName(first: number, middle: number, last: number, length: number): number {
  const mixed =
    Math.imul(first | CASE_BIT, 0x9e3779b1) ^
    Math.imul(middle | CASE_BIT, 0x85ebca6b) ^
    Math.imul(last | CASE_BIT, 0xc2b2ae35) ^
    Math.imul(length, 0x27d4eb2f);
  return mixed ^ (mixed >>> 15);
}
