import type { Engine } from "../../../src/ports/engine.ts";
import type { Node } from "../../../src/worker/node.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import { checkAcknowledged } from "./acknowledgedIsKept.ts";
import { checkElements } from "./elementsArePoppedOnce.ts";
import { whatDiffers, whatIsWrong } from "./groupIsWell.ts";
import { checkHistory } from "./linearizable.ts";
import { LogsAreEqual } from "./logsAreEqual.ts";
import { checkOnce } from "./onceIsOnce.ts";
import { OneGroupHasASlot } from "./oneGroupHasASlot.ts";
import { OneMasterWrites } from "./oneMasterWrites.ts";
import { checkOnePrimary } from "./onePrimaryServes.ts";
import { StateIsTheLog } from "./stateIsTheLog.ts";
import { watchEngine } from "./storeHoldsCommitted.ts";

/** Everything that must hold, and when it is looked at. */
export interface Invariants {
  afterEvent(): void;
  inspect(): void;
  recovered(process: ClusterProcess, node: Node): void;
  watchEngine(engine: Engine, process: ClusterProcess): Engine;
  /** A healed group is whole again. */
  isWell(): boolean;
  whatIsWrong(): string;
  /** A quiet group has come to an end. */
  areEqual(): boolean;
  compareAll(): void;
  /** When all is over. */
  judge(): void;
}

export function invariantsOf(world: ClusterWorld): Invariants {
  const logs = new LogsAreEqual(world);
  const states = new StateIsTheLog(world);
  const slots = world.options.moves === undefined ? undefined : new OneGroupHasASlot(world);
  if (slots !== undefined) new OneMasterWrites(world);
  const whatIsOpen = () => world.operator?.whatIsOpen() ?? slots?.whatIsOpen();
  let turn = 0;
  return {
    afterEvent: () => {
      for (const process of world.processes) logs.check(process);
      checkOnePrimary(world);
      slots?.check();
    },
    inspect: () => {
      const { processes } = world;
      const process = processes[turn++ % Math.max(1, processes.length)];
      if (process !== undefined) states.check(process);
    },
    recovered: (process) => logs.check(process),
    watchEngine: (engine, process) => watchEngine(world, process, engine),
    isWell: () => whatIsWrong(world) === undefined,
    whatIsWrong: () => whatIsWrong(world) ?? whatIsOpen() ?? whatDiffers(world) ?? "nothing",
    areEqual: () => (whatIsWrong(world) ?? whatDiffers(world) ?? whatIsOpen()) === undefined,
    compareAll: () => {
      for (const process of world.processes) states.check(process);
      slots?.checkEnd();
    },
    judge: () => {
      checkElements(world);
      checkOnce(world);
      checkAcknowledged(world);
      checkHistory(world);
    },
  };
}
