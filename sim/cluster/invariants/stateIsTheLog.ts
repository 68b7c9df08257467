import { ByteReader } from "../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { type Seq, seq } from "../../../src/base/ids.ts";
import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { KeySpace } from "../../../src/core/state/keySpace.ts";
import { Replayer } from "../../../src/core/state/replay.ts";
import type { Node } from "../../../src/worker/node.ts";
import { difference, dump } from "../../oracle/dump.ts";
import { Violation } from "../../violation.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

/** What the log makes of nothing, as far as it was asked for. */
export class LogModel {
  readonly state = new KeySpace([1, 2]);
  readonly #replayer = new Replayer(this.state);
  at: Seq = seq(0);
  /** Of the newest entry. */
  epoch = 0;

  add(epoch: number, content: Uint8Array): void {
    this.at = seq(this.at + 1);
    this.epoch = epoch;
    this.#replayer.entry(new ByteReader(content, 0, content.length), this.at);
  }
}

/** The state of every replica, memory and store together, is its own log applied: to its end, or to what is decided. */
export class StateIsTheLog {
  readonly #world: ClusterWorld;
  readonly #models = new WeakMap<ClusterProcess, LogModel>();

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  check(process: ClusterProcess): void {
    const { node } = process;
    if (node === undefined || !isComparable(node)) return;
    const model = this.#modelAt(process, node);
    if (model === undefined) return;
    this.#world.count("states compared");
    const wrong = difference(dump(model.state), dump(node.state)) ?? slotDifference(model.state, node.state);
    if (wrong === undefined) return;
    const message = `${process.machine.id} (${node.replica.role}) at entry ${model.at}: ${wrong}`;
    this.#world.fail(new Violation("the state is the log applied", message));
  }

  /** Undefined when some entry is not written yet. */
  #modelAt(process: ClusterProcess, node: Node): LogModel | undefined {
    const { ghost } = this.#world.groupOf(process.machine);
    const target = node.stateSeq;
    const epochAt = (at: Seq) => node.replica.logRuns.epochAt(at) ?? ghost.committedEpoch(at);
    let model = this.#models.get(process);
    const isOther = model !== undefined && model.at > 0 && (model.at > target || epochAt(model.at) !== model.epoch);
    if (model === undefined || isOther) model = new LogModel();
    this.#models.set(process, model);
    while (model.at < target) {
      const next = seq(model.at + 1);
      const epoch = epochAt(next);
      const content = epoch === undefined ? undefined : ghost.content(epoch, next);
      if (content === undefined) return undefined;
      model.add(epoch!, content);
    }
    return model;
  }
}

function slotDifference(expected: KeySpace, found: KeySpace): string | undefined {
  const [should, is] = [expected, found].map(({ slots }) => {
    const writer = new ByteWriter();
    slots.encode(writer);
    return decodeLatin1(writer.view());
  });
  if (is === should) return undefined;
  const [right, wrong] = [expected, found].map(({ slots }) => {
    return JSON.stringify([slots.seq, slots.owned(), slots.leftovers, [...slots.moves.values()]]);
  });
  return `the slots are ${wrong} and should be ${right}`;
}

/** A store is of no one instant, so what a replica begins with is that of one only when it has caught up. */
function isComparable({ replica, membership, executor, progress, trouble, undecided }: Node): boolean {
  if (executor.halted || trouble.ended || !progress.isSettled) return false;
  if (replica.role === "primary") return membership.evaluates && replica.lastSeq === replica.appendedSeq;
  return replica.role === "secondary" && !membership.evaluates && progress.appliedSeq >= undecided.blindUpTo;
}
