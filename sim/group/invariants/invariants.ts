import type { Seq } from "../../../src/base/ids.ts";
import type { LogRecord } from "../../../src/core/replica/message.ts";
import type { GroupProcess } from "../groupProcess.ts";
import type { GroupWorld } from "../groupWorld.ts";
import { acknowledgedIsKept } from "./acknowledgedIsKept.ts";
import { committedIsNotCut } from "./committedIsNotCut.ts";
import { enoughReplicas } from "./enoughReplicas.ts";
import { itGoesOn } from "./itGoesOn.ts";
import { leasesAreCurrent } from "./leasesAreCurrent.ts";
import { linearizable } from "./linearizable.ts";
import { logsMatch } from "./logsMatch.ts";
import { noStorm } from "./noStorm.ts";
import { oneHistory } from "./oneHistory.ts";
import { onePrimaryServes } from "./onePrimaryServes.ts";

/** Judges of a world: each is told what happens, and throws a `Violation` when it must not. */
export interface Invariant {
  /** A record was handed to a log. */
  appended?(process: GroupProcess, record: LogRecord): void;
  /** Everything behind `after` is about to be cut off. */
  truncating?(process: GroupProcess, after: Seq): void;
  /** A process has heard that these entries are committed, or has decided it. */
  committed?(process: GroupProcess, first: number, last: number): void;
  /** A read is answered. */
  served?(process: GroupProcess): void;
  roleChanged?(process: GroupProcess): void;
  /** Faults have been over for so long that everything must be well. */
  healed?(): void;
  /** Clients have been served for a while since. */
  watched?(): void;
  /** Clients have stopped, and what was under way has ended. */
  ended?(): void;
}

/** In this order: what is found first is what is wrong, what comes later is what follows from it. */
export const INVARIANTS: readonly ((world: GroupWorld) => Invariant)[] = [
  logsMatch,
  committedIsNotCut,
  oneHistory,
  enoughReplicas,
  leasesAreCurrent,
  onePrimaryServes,
  acknowledgedIsKept,
  linearizable,
  itGoesOn,
  noStorm,
];
