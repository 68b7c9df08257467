import type { Random } from "../base/random.ts";
import type { CommandTable } from "../core/command/table.ts";
import type { GroupReplica } from "../core/replica/groupReplica.ts";
import type { KeySpace } from "../core/state/keySpace.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { CommandMeter } from "./commandMeter.ts";
import type { Journal } from "./journal.ts";

/** What an executor works with. */
export interface ExecutorParts {
  readonly state: KeySpace;
  readonly replica: GroupReplica;
  readonly journal: Journal;
  readonly table: CommandTable;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly meter: CommandMeter;
  /** Called after each run of requests: takes values out of memory that is over its limit. */
  readonly reclaim: () => void;
}
