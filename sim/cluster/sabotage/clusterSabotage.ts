import type { MultiOperation, Znode } from "../../../src/ports/coordinator.ts";
import type { Disk } from "../../../src/ports/disk.ts";
import type { MoveRules } from "../../../src/worker/migration/moveRules.ts";
import type { Node } from "../../../src/worker/node.ts";
import type { ClusterOptions } from "../options.ts";

/** A bug that is put into the program from outside, to show that the simulation finds such bugs. */
export interface ClusterSabotage {
  /** Changes the program itself; answers how to undo that. */
  readonly patch?: () => () => void;
  readonly disk?: (disk: Disk) => Disk;
  /** Called when a node has recovered and is about to meet the others. */
  readonly node?: (node: Node) => void;
  /** A process does not notice that the machine was started anew. */
  readonly forgetsBoots?: boolean;
  /** The coordinator executes something else than is asked of it; `present` is the znode as it is. */
  readonly coordinator?: (operation: MultiOperation, present: Znode | undefined) => MultiOperation;
  /** Rules of moving slots that are not kept. */
  readonly moveRules?: Partial<MoveRules>;
  /** How many groups there are, at least and at most; one by default. */
  readonly groups?: readonly [number, number];
  /** Worlds in which the bug can show. Nodes forward requests only where this says so. */
  readonly options?: (drawn: ClusterOptions) => ClusterOptions;
}

/** The world in which a bug is looked for. */
export function withSabotage({ proxies: _, ...drawn }: ClusterOptions, { options }: ClusterSabotage): ClusterOptions {
  return options?.(drawn) ?? drawn;
}
