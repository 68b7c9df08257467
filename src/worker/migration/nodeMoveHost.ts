import { type Seq, seq } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { SlotChange } from "../../core/slots/slotChange.ts";
import type { SlotRanges } from "../../core/slots/slotRanges.ts";
import type { SlotTable } from "../../core/slots/slotTable.ts";
import { SlotKeyWalk } from "../../core/state/slotKeys.ts";
import type { Checksum } from "../../ports/checksum.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { Coordinator } from "../../ports/coordinator.ts";
import type { CallRefusal, WorkerCaller } from "../../ports/workerCalls.ts";
import { SlotCopySource } from "../../storage/slotCopySource.ts";
import type { Node } from "../node.ts";
import { CommitLoadWatch } from "./commitLoad.ts";
import { CommitWaits } from "./commitWaits.ts";
import { CopyBrake } from "./copyBrake.ts";
import { COPY_GONE } from "./copyRefusals.ts";
import type { CopySource, Imported, KeyWalk, MoveHost } from "./moveHost.ts";
import { ALL_MOVE_RULES, type MoveRules } from "./moveRules.ts";
import { MOVE_SETTINGS, type MoveSettings } from "./moveSettings.ts";

/** So much log may gather behind a copy before it is given up. */
const LOG_BYTES_MAX = 1 << 30;

/** A node as the drivers of moves see it. */
export class NodeMoveHost implements MoveHost {
  readonly group: string;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly checksum: Checksum;
  readonly rules: MoveRules;
  readonly settings: MoveSettings;
  readonly waits = new CommitWaits();
  readonly load: CommitLoadWatch;
  readonly brake: CopyBrake;
  readonly importBrake: CopyBrake;
  readonly #node: Node;

  constructor(node: Node) {
    const { group, coordinator, clock, timers, checksum, moving } = node.parts;
    this.#node = node;
    this.group = group;
    this.coordinator = coordinator;
    this.clock = clock;
    this.timers = timers;
    this.checksum = checksum;
    this.rules = moving?.rules ?? ALL_MOVE_RULES;
    this.settings = moving?.settings ?? MOVE_SETTINGS;
    this.load = new CommitLoadWatch(node.journal.commits, () => node.meter.commands, clock, timers);
    this.brake = new CopyBrake(this.load, "source");
    this.importBrake = new CopyBrake(this.load, "target");
  }

  get slots(): SlotTable {
    return this.#node.state.slots;
  }

  get mayWrite(): boolean {
    const { membership, replica, executor, trouble, stopped } = this.#node;
    const mayEvaluate = membership.evaluates && replica.mayEvaluate;
    return mayEvaluate && !executor.halted && executor.writesRefused === undefined && !trouble.ended && !stopped;
  }

  get commitPoint(): number {
    return this.#node.replica.commitPoint;
  }

  log(change: SlotChange): number | undefined {
    if (!this.rules.sealIsLogged && change.kind === "seal") return this.#sealUnlogged(change);
    let isTaken = false;
    const at = this.#node.executor.writeEntry((mutator) => {
      isTaken = mutator.changeSlots(change);
    });
    return isTaken ? at : undefined;
  }

  /** See `MoveRules.sealIsLogged`. */
  #sealUnlogged(change: SlotChange): number | undefined {
    const { lastSeq } = this.#node.replica;
    return this.slots.apply(change, lastSeq) ? lastSeq : undefined;
  }

  logImported(bytes: Uint8Array, start: number, end: number, change: Imported) {
    let mutations = 0;
    const at = this.#node.executor.writeEntry((mutator) => {
      mutations = mutator.importMutations(bytes, start, end);
      mutator.changeSlots(change);
    })!;
    return { seq: at, mutations };
  }

  committed(upTo: number): Promise<boolean> {
    return this.waits.wait(upTo, this.#node.replica.commitPoint);
  }

  walkKeys(slots: SlotRanges, limit: number): KeyWalk {
    return new SlotKeyWalk(this.#node.state, slots, limit);
  }

  deleteKeys(keys: readonly string[]): number {
    const at = this.#node.executor.writeEntry((mutator) => {
      for (const key of keys) mutator.delete(key);
    });
    return at ?? this.commitPoint;
  }

  async openCopy(slots: SlotRanges, from: number): Promise<Result<CopySource, CallRefusal>> {
    const { engine, log, replica, maintenance, parts } = this.#node;
    const { checksum, clock, timers } = parts;
    const copy = {
      ...{ engine, log, checksum, clock, timers, slots, logBytesMax: LOG_BYTES_MAX },
      flush: () => maintenance.flushForCopy(),
      commitPoint: () => replica.commitPoint,
      moreCommitted: async (after: Seq): Promise<void> => void (await this.committed(after + 1)),
    };
    if (from === 0) return ok(await SlotCopySource.begin(copy));
    const resumed = SlotCopySource.resume(copy, seq(from));
    if (resumed !== undefined) return ok(resumed);
    return err({ reason: COPY_GONE, message: `the log has nothing of what followed entry ${from} any more` });
  }

  callGroup(group: string): WorkerCaller | undefined {
    return this.#node.parts.others?.callGroup?.(group);
  }

  awaitSlotMap(move: string, isAwaited: boolean): void {
    this.#node.parts.others?.cluster?.awaitSlotMap(move, isAwaited);
  }

  slotsChanged(): void {
    this.#node.executor.tryHeld();
  }

  notice(text: string): void {
    this.#node.parts.onNotice(text);
  }

  failed(error: unknown): void {
    this.#node.trouble.end(error);
  }
}
