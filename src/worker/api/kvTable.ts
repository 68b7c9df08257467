import { invariant } from "../../base/invariant.ts";
import type { Args } from "../../core/command/args.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import { CommandTable } from "../../core/command/table.ts";
import { isKvArgs } from "./kvArgs.ts";

/** The commands of the API, which no Redis client can name. */
export class KvTable extends CommandTable {
  readonly #specs: readonly (CommandSpec | undefined)[];

  /** `specs`: by the number of the method. */
  constructor(specs: readonly (CommandSpec | undefined)[]) {
    super([]);
    this.#specs = specs;
  }

  override find(args: Args): CommandSpec | undefined {
    invariant(isKvArgs(args), "a client of the API sends its requests only");
    return this.#specs[args.request.method];
  }
}
