import type { ClusterFacts } from "./clusterFacts.ts";
import type { NodeHeat } from "./nodeHeat.ts";
import type { Session } from "./session.ts";
import type { CommandTable } from "./table.ts";

/** One line of `SLOWLOG`. */
export interface SlowCommand {
  readonly id: number;
  /** Wall clock, seconds. */
  readonly at: number;
  readonly micros: number;
  readonly args: readonly string[];
  readonly address: string;
  readonly name: string;
}

/** What commands of the *server* and *connection* groups may see and do of the node around the key space. */
export interface NodeServices {
  readonly commands: CommandTable;
  /** Text in `INFO`'s format; no section means the default ones. */
  info(sections: readonly string[]): string;
  readonly settings: Settings;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  sessions(): Iterable<Session>;
  /** Closes a session: at once, or, for the caller's own, after its reply. */
  kill(session: Session): void;
  /** `CLIENT UNBLOCK`: ends a blocked session's wait. False when it does not wait. */
  unblock(session: Session, withError: boolean): boolean;
  /** `CLIENT PAUSE`: commands wait; `write` lets reads go on. `CLIENT UNPAUSE` ends it. */
  pause(untilWallMillis: number, mode: "all" | "write"): void;
  unpause(): void;
  /** Microseconds of the wall clock, for `TIME`. */
  wallMicros(): number;
  /** Adds a key to `session.watched`; from now on any change of it, by whomever, sets `session.watchBroken`. */
  watch(session: Session, key: string): void;
  /** Empties `session.watched`. */
  unwatch(session: Session): void;
  /** `SHUTDOWN`: stops in order. */
  shutdown(): void;
  /** `DEBUG` and what is for tests only. */
  readonly debugAllowed: boolean;
  resetStatistics(): void;
  memory(): MemoryFigures;
  /** Every change up to this seq is on the disks of all members. */
  readonly commitPoint: number;
  /** The group that this node is one of several replicas of; undefined for one that is alone. */
  cluster(): ClusterFacts | undefined;
  /** What its slots are asked for; undefined where nobody counts it. */
  readonly heat?: NodeHeat | undefined;
  /** Wall clock, seconds: when the store had been given all changes there were. */
  lastSavedAt(): number;
  /** Begins to bring to the store what only the log and memory have; the log becomes short by it. */
  save(): void;
  /** Whether keys whose time is over are deleted by themselves, not only when somebody looks at them. */
  setActiveExpiry(isActive: boolean): void;
  /** Stops the whole node for so long: `DEBUG SLEEP`. */
  sleep(millis: number): void;
}

/** Bytes, but for `keys`. */
export interface MemoryFigures {
  /** For keys and values. */
  readonly data: number;
  readonly dataPeak: number;
  readonly dataMax: number;
  readonly resident: number;
  readonly clients: number;
  readonly logBuffer: number;
  readonly keys: number;
}

/** `CONFIG`: Redis's names; what has no meaning here is kept and echoed. */
export interface Settings {
  /** Names and values whose name matches the glob pattern. */
  matching(pattern: string): readonly (readonly [string, string])[];
  /** All or nothing; answers the error text of the first that is refused. */
  set(changes: readonly (readonly [string, string])[]): string | undefined;
  text(name: string): string;
  integer(name: string): number;
  /** Writes the present values to the configuration file; an error text when that cannot be. */
  rewrite(): string | undefined;
}

export interface SlowLog {
  readonly length: number;
  newest(count: number): readonly SlowCommand[];
  clear(): void;
}

export interface LatencyMonitor {
  events(): readonly string[];
  /** Pairs of wall clock seconds and milliseconds, oldest first. */
  history(event: string): readonly (readonly [number, number])[];
  /** The longest time since the last reset, in milliseconds. */
  worst(event: string): number;
  /** Forgets these events, or all; answers how many there were. */
  reset(events: readonly string[]): number;
  /** Per command: calls and a cumulative histogram of microseconds in powers of two. */
  histogram(
    command: string,
  ): { readonly calls: number; readonly buckets: readonly (readonly [number, number])[] } | undefined;
}
