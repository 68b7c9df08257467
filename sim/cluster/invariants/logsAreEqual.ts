import { seq as toSeq } from "../../../src/base/ids.ts";
import { Violation } from "../../violation.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

/** What any replica takes for committed is the same entry everywhere; whoever begins to evaluate has all that was before it. */
export class LogsAreEqual {
  readonly #world: ClusterWorld;
  readonly #seen = new WeakMap<ClusterProcess, number>();
  readonly #primaries = new WeakMap<ClusterProcess, number>();

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  check(process: ClusterProcess): void {
    const replica = process.node?.replica;
    if (replica === undefined) return;
    const { commitPoint, logRuns } = replica;
    const seen = this.#seen.get(process) ?? 0;
    for (let seq = seen + 1; seq <= commitPoint; seq++) {
      const epoch = logRuns.epochAt(toSeq(seq));
      if (epoch !== undefined) this.#world.groupOf(process.machine).ghost.committed(process.machine.id, seq, epoch);
    }
    if (commitPoint !== seen) this.#seen.set(process, commitPoint);
    if (replica.mayEvaluate && this.#primaries.get(process) !== replica.epoch) {
      this.#primaries.set(process, replica.epoch);
      this.#checkPrimary(process, seen);
    }
  }

  #checkPrimary({ node, machine }: ClusterProcess, from: number): void {
    const { ghost } = this.#world.groupOf(machine);
    this.#world.count("primaries");
    const { replica } = node!;
    for (let seq = from + 1; seq <= ghost.committedSeq; seq++) {
      const committed = ghost.committedEpoch(seq)!;
      // It may have been paused, and another be the primary since.
      if (committed > replica.epoch) return;
      if (replica.logRuns.epochAt(toSeq(seq)) === committed) continue;
      const message = `${machine.id} is the primary without entry ${seq} of epoch ${ghost.committedEpoch(seq)}`;
      return this.#world.fail(new Violation("a primary has all that is committed", message));
    }
  }
}
