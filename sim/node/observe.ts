import type { Call } from "../../src/core/command/call.ts";
import { commandTable } from "../../src/core/command/commandTable.ts";
import type { CommandSpec } from "../../src/core/command/spec.ts";
import { CommandTable } from "../../src/core/command/table.ts";
import type { Executor } from "../../src/worker/executor.ts";
import type { Node } from "../../src/worker/node.ts";

/** What a simulated node tells as it works. */
export interface NodeObserver {
  /** The newest entry of the replica is this one; empty for a barrier. */
  entryAdded(entry: Uint8Array): void;
  /** What is not committed never will be: its replies become `error`, and its entries go. */
  entriesRefused(error: string): void;
  entriesDiscarded(): void;
  /** Memory was emptied, to be filled from store and log again. */
  stateReset(): void;
  /** A request that waited was tried again, and is answered. */
  woken(call: Call): void;
}

/** Listens to a node from outside, before it opens its epoch. */
export function observe(node: Node, executor: Executor, observer: NodeObserver): void {
  const { journal } = node;
  const { mutator } = executor;
  let start = 0;
  let entry: Uint8Array | undefined;
  const begin = mutator.begin;
  mutator.begin = (seq) => {
    start = journal.writer.length;
    begin.call(mutator, seq);
  };
  const end = mutator.end;
  mutator.end = () => {
    const isThere = end.call(mutator);
    if (isThere) entry = journal.writer.slice(start + 4);
    return isThere;
  };
  const entryAdded = journal.entryAdded;
  journal.entryAdded = () => {
    const added = entry ?? new Uint8Array(0);
    entry = undefined;
    observer.entryAdded(added);
    entryAdded.call(journal);
  };
  const reset = node.state.reset;
  node.state.reset = () => {
    reset.call(node.state);
    observer.stateReset();
  };
  const refuseUncommitted = executor.refuseUncommitted;
  executor.refuseUncommitted = (error) => {
    observer.entriesRefused(error);
    refuseUncommitted.call(executor, error);
    observer.entriesDiscarded();
  };
}

/** The table of all commands, of which those that may wait tell when they were woken. */
export function observedTable(observer: NodeObserver): CommandTable {
  return new CommandTable([commandTable.all().map((spec) => observed(spec, observer))]);
}

function observed(spec: CommandSpec, observer: NodeObserver): CommandSpec {
  const { evaluate } = spec;
  if (evaluate === undefined || !spec.flags.includes("blocking")) return spec;
  return {
    ...spec,
    evaluate: (call: Call) => {
      evaluate(call);
      if (call.wakingKey !== undefined && call.blockRequest === undefined) observer.woken(call);
    },
  };
}
