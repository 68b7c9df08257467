import { err, type Result } from "../../base/result.ts";
import type { MoveRecord } from "../../core/slots/moveRecord.ts";
import type { CallRefusal, CopyRequest, MoveStepRequest } from "../../ports/workerCalls.ts";
import { Leftovers } from "./leftovers.ts";
import type { MoveDriver, MoveDriverParts } from "./moveDriver.ts";
import type { MoveHost } from "./moveHost.ts";
import type { MoveProgress } from "./moveProgress.ts";
import { MoveRecords, type ReadMove } from "./moveRecords.ts";
import type { MoveService } from "./moveService.ts";
import { MoveSource } from "./moveSource.ts";
import { MoveTarget } from "./moveTarget.ts";
import { WakeUp } from "./wakeUp.ts";

/** A move that this group takes part in, during one duty. */
interface Driven {
  readonly driver: MoveDriver;
  readonly wakeUp: WakeUp;
  isRecordOld: boolean;
  record: MoveRecord | undefined;
}

/** A time during which this replica is the active primary. */
interface Duty {
  isOver: boolean;
}

/**
 * What the active primary of a group does about moves of slots: follows `/migrations`, finds those that concern its group, there and in
 * its own table, and drives each until nothing is left to do. Everything it has in mind goes with its duty: its successor reads
 * record and table, and goes on.
 */
export class Moves implements MoveService {
  readonly #host: MoveHost;
  readonly #records: MoveRecords;
  #duty: Duty | undefined;
  #follow: WakeUp;
  #driven = new Map<string, Driven>();
  /** Moves of others, and those that are over here: they concern this group no more. */
  #passed = new Set<string>();
  #leftovers: Leftovers | undefined;
  #stopped = false;

  constructor(host: MoveHost) {
    this.#host = host;
    this.#records = new MoveRecords(host.coordinator);
    this.#follow = new WakeUp(host.timers);
  }

  /** Whether this replica is the active primary may have changed. Called often. */
  look(): void {
    const { mayWrite } = this.#host;
    if (this.#stopped || mayWrite === (this.#duty !== undefined)) return;
    if (!mayWrite) return this.end();
    const duty: Duty = { isOver: false };
    this.#duty = duty;
    this.#host.load.start();
    this.#leftovers = new Leftovers(this.#host, () => this.#isActive(duty));
    this.#run(this.#followAll(duty));
    this.#run(this.#leftovers.run());
  }

  stop(): void {
    this.#stopped = true;
    this.end();
  }

  /** This replica is not the primary any more, or has not been for a moment. */
  end(): void {
    if (this.#duty === undefined) return;
    this.#duty.isOver = true;
    this.#duty = undefined;
    this.#follow.wake();
    for (const { driver, wakeUp } of this.#driven.values()) {
      driver.stop();
      wakeUp.wake();
    }
    this.#follow = new WakeUp(this.#host.timers);
    this.#driven = new Map();
    this.#passed = new Set();
  }

  /** Who finds once that this replica may not write does no more, also when it may again: others begin then. */
  #isActive(duty: Duty): boolean {
    if (!duty.isOver && !this.#host.mayWrite) this.end();
    return !duty.isOver;
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#host.failed(error));
  }

  // Following

  /** Watches are hints: it looks again after a while in any case. */
  async #followAll(duty: Duty): Promise<void> {
    const host = this.#host;
    const follow = this.#follow;
    while (this.#isActive(duty)) {
      const names = await this.#records.names(follow.wake);
      if (!this.#isActive(duty)) return;
      const known = new Set([...(names ?? []), ...host.slots.moves.keys()]);
      for (const id of this.#passed) if (!known.has(id)) this.#passed.delete(id);
      for (const id of known) if (!this.#driven.has(id) && !this.#passed.has(id)) await this.#meet(id, duty);
      await follow.wait(names === undefined ? host.settings.againMillis : host.settings.lookMillis);
    }
  }

  async #meet(id: string, duty: Duty): Promise<void> {
    const read = await this.#records.read(id);
    if (read === undefined || !this.#isActive(duty) || this.#driven.has(id)) return;
    const role = this.#roleIn(id, read.record);
    if (role === undefined) return void (read.record !== undefined && this.#passed.add(id));
    const wakeUp = new WakeUp(this.#host.timers);
    const driven: Driven = {
      driver: this.#driver(id, role, wakeUp, duty),
      wakeUp,
      isRecordOld: true,
      record: read.record,
    };
    this.#driven.set(id, driven);
    this.#run(this.#drive(id, driven, duty));
  }

  #roleIn(id: string, record: MoveRecord | undefined): "target" | "source" | undefined {
    const { group, slots } = this.#host;
    if (record?.target === group) return "target";
    if (record?.source === group) return "source";
    const move = slots.moves.get(id);
    if (move === undefined) return undefined;
    return move.phase === "importing" || move.phase === "ready" ? "target" : "source";
  }

  #driver(id: string, role: "target" | "source", wakeUp: WakeUp, duty: Duty): MoveDriver {
    const parts: MoveDriverParts = {
      ...{ host: this.#host, records: this.#records, id, wakeUp },
      read: () => this.#read(id),
      isRecordOld: () => this.#driven.get(id)?.isRecordOld ?? true,
      isActive: () => this.#isActive(duty),
    };
    return role === "source" ? new MoveSource(parts) : new MoveTarget(parts);
  }

  async #drive(id: string, driven: Driven, duty: Duty): Promise<void> {
    const { settings } = this.#host;
    const { driver, wakeUp } = driven;
    while (this.#isActive(duty)) {
      const outcome = await driver.step();
      if (!this.#isActive(duty)) return;
      if (outcome === "over") return this.#over(id);
      if (outcome === "stuck") this.#tellStuck(id, driven);
      const isUrgent = this.#host.slots.moves.has(id) || driven.isRecordOld;
      if (outcome !== "again") await wakeUp.wait(isUrgent ? settings.againMillis : settings.lookMillis);
    }
  }

  async #read(id: string): Promise<ReadMove | undefined> {
    const driven = this.#driven.get(id);
    if (driven === undefined) return undefined;
    const read = await this.#records.read(id, () => {
      driven.isRecordOld = true;
      driven.wakeUp.wake();
    });
    driven.isRecordOld = read === undefined;
    if (read !== undefined) driven.record = read.record;
    return read;
  }

  #over(id: string): void {
    this.#driven.delete(id);
    // The record stays for a moment, until the other side is done with it, too.
    this.#passed.add(id);
  }

  #tellStuck(id: string, { driver }: Driven): void {
    if (driver.counters.trouble !== "") return;
    driver.counters.trouble = "record and log of the group contradict each other; nothing is done";
    this.#host.notice(`move ${id}: ${driver.counters.trouble}`);
  }

  // What others ask for

  async step({ move, step }: MoveStepRequest): Promise<Result<number, CallRefusal>> {
    const source = await this.#source(move);
    return source.ok ? source.value.ask(step) : source;
  }

  async copySlots(request: CopyRequest): Promise<Result<AsyncIterable<Uint8Array>, CallRefusal>> {
    const source = await this.#source(request.move);
    return source.ok ? source.value.copySlots(request) : source;
  }

  /** The driver of a move of which this group is the source; the target may know of it earlier. */
  async #source(id: string): Promise<Result<MoveSource, CallRefusal>> {
    const duty = this.#duty;
    if (duty === undefined || !this.#isActive(duty)) return err(NOT_PRIMARY);
    if (!this.#driven.has(id)) await this.#meet(id, duty);
    const driver = this.#driven.get(id)?.driver;
    if (driver instanceof MoveSource) return { ok: true, value: driver };
    return err({ reason: "no_move", message: `this group is not the source of a move ${id}` });
  }

  // Progress

  /** Those that this group takes part in now. */
  progress(): readonly MoveProgress[] {
    const { slots } = this.#host;
    return [...this.#driven].map(([id, { driver, record }]) => {
      const { phase, mutations, bytes, sourceSeq, lag, trouble } = driver.counters;
      const other = driver.role === "target" ? record?.source : record?.target;
      const move = slots.moves.get(id);
      return {
        ...{ id, role: driver.role, other: other ?? move?.other ?? "", slots: record?.slots ?? move?.slots ?? [] },
        ...{ phase, mutations, bytes, sourceSeq, lag, trouble },
      };
    });
  }

  /** Keys of slots that the group does not have any more which were deleted since this replica is the primary. */
  get deletedLeftovers(): number {
    return this.#leftovers?.deleted ?? 0;
  }
}

const NOT_PRIMARY: CallRefusal = { reason: "not_primary", message: "this replica is not the primary" };
