import type { Random } from "../../src/base/random.ts";
import type { Result } from "../../src/base/result.ts";
import type { ReplicaTimes } from "../../src/core/replica/times.ts";
import type { Timers } from "../../src/ports/clock.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import type { Disk } from "../../src/ports/disk.ts";
import type { LinkNetwork } from "../../src/ports/link.ts";
import type { WorkerCalls } from "../../src/ports/workerCalls.ts";
import type { Node } from "../../src/worker/node.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import type { GroupParts } from "../../src/worker/replication/groupParts.ts";
import type { Life } from "../kernel/scheduler.ts";

/** What a process needs to take its place among the others. */
export interface SeatOptions {
  readonly id: string;
  readonly host: string;
  readonly group: string;
  readonly sharesSlots: boolean;
  readonly respPort: number;
  readonly coordinator: Coordinator;
  /** The data directory, and what names it. */
  readonly disk: Disk;
  readonly data: string;
  /** The machine's boot, where writes are acknowledged from memory. */
  readonly boot: string | undefined;
  readonly links: LinkNetwork;
  readonly calls: WorkerCalls;
  readonly timers: Timers;
  readonly random: Random;
  readonly times: ReplicaTimes;
  readonly life: Life;
  readonly eventualByDefault: boolean;
  readonly onNotice: (text: string) => void;
}

/** What `GroupNode` of src/main does for a process, with simulated links and calls. */
export interface Seat {
  readonly parts: GroupParts;
  /** The node is open, and clients are heard: tells the others. */
  register(node: Node): Promise<Result<void, NodeError>>;
  /** Makes a secondary the primary, as somebody who calls it can. */
  takeOver(): void;
  close(): Promise<void>;
}

export type OpenSeat = (options: SeatOptions) => Promise<Result<Seat, NodeError>>;
