import type { Disk } from "../../src/ports/disk.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { Node } from "../../src/worker/node.ts";
import type { WorldOptions } from "../options.ts";
import type { World } from "../world.ts";

/** A bug that is put into the program from outside, to show that the simulation finds such bugs. */
export interface Sabotage {
  readonly disk: (disk: Disk) => Disk;
  readonly engine: (engine: Engine, world: World) => Engine;
  /** Called when a node has recovered, before it does anything else. */
  readonly node: (node: Node) => void;
  /** A crash may leave the first half of a batch of the store. */
  readonly tearsBatches?: boolean;
  /** Changes the program itself; answers how to undo that. */
  readonly patch?: () => () => void;
  /** Worlds in which the bug can show. */
  readonly options?: (drawn: WorldOptions) => WorldOptions;
}

export const NO_SABOTAGE: Sabotage = {
  disk: (disk) => disk,
  engine: (engine) => engine,
  node: () => undefined,
};
