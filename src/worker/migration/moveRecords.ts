import { slotsOfGroup } from "../../core/slots/assignment.ts";
import { encodeMove, type MoveRecord, parseMove } from "../../core/slots/moveRecord.ts";
import { encodeSlotMap, parseSlotMap, type SlotMap, withSlotsMoved } from "../../core/slots/slotMap.ts";
import { hasSlots } from "../../core/slots/slotRanges.ts";
import type { Coordinator, MultiOperation } from "../../ports/coordinator.ts";

const SLOTS = "/slots";
const MIGRATIONS = "/migrations";

/** A record as it was read; `record` is undefined where there is none. */
export interface ReadMove {
  readonly record: MoveRecord | undefined;
  readonly version: number;
}

/** The map of slots as it was read. */
export interface ReadMap {
  readonly map: SlotMap;
  readonly version: number;
}

/**
 * - `flipped`: it is.
 * - `look`: it may be, or somebody else was faster: the record says.
 * - `not_owner`: the map does not say that the source has the slots.
 */
export type FlipOutcome = "flipped" | "look" | "not_owner";

/** Records of moves and the map of slots at the coordinator. Whatever comes of a change, what a later reading says is what counts. */
export class MoveRecords {
  readonly #coordinator: Coordinator;

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator;
  }

  /** Whether a change could be written now, as far as can be known. */
  get isConnected(): boolean {
    return this.#coordinator.session.state === "connected";
  }

  /** Names of all moves; undefined if that cannot be told. */
  async names(watch: () => void): Promise<readonly string[] | undefined> {
    const read = await this.#coordinator.children(MIGRATIONS, { sync: true, watch });
    if (read.ok) return read.value;
    return read.error.code === "no_node" ? [] : undefined;
  }

  /** As it is now or later; undefined if that cannot be told. A record that nobody can understand is like one that cannot be read. */
  async read(id: string, watch?: () => void): Promise<ReadMove | undefined> {
    const options = watch === undefined ? { sync: true } : { sync: true, watch };
    const read = await this.#coordinator.get(`${MIGRATIONS}/${id}`, options);
    if (!read.ok) return read.error.code === "no_node" ? { record: undefined, version: 0 } : undefined;
    const record = parseMove(read.value.data);
    return record === undefined ? undefined : { record, version: read.value.version };
  }

  /** Replaces what was read; true if that is certain. */
  async change({ record, version }: ReadMove, to: Partial<MoveRecord>): Promise<boolean> {
    const data = encodeMove({ ...record!, ...to });
    return (await this.#coordinator.replace(`${MIGRATIONS}/${record!.id}`, data, version)).ok;
  }

  /** Whose slots are whose, as it is now or later; undefined if that cannot be told. */
  async readMap(): Promise<ReadMap | undefined> {
    const read = await this.#coordinator.get(SLOTS, { sync: true });
    const map = read.ok ? parseSlotMap(read.value.data) : undefined;
    return read.ok && map !== undefined ? { map, version: read.value.version } : undefined;
  }

  /**
   * Gives the slots to the target: the map and the record at one instant, each from what was read, so it does not matter how long ago.
   * `byRecord`: see `MoveRules.flipByRecord`.
   */
  async flip({ record, version }: ReadMove, read: ReadMap | undefined, byRecord: boolean): Promise<FlipOutcome> {
    if (read === undefined) return "look";
    const { map } = read;
    const { id, slots, source, target } = record!;
    if (!hasSlots(slotsOfGroup(map.now, source), slots)) return "not_owner";
    const data = encodeSlotMap(withSlotsMoved(map, slots, target));
    const operations: MultiOperation[] = [{ op: "replace", path: SLOTS, data, version: read.version }];
    const flipped = encodeMove({ ...record!, state: "flipped" });
    if (byRecord) operations.push({ op: "replace", path: `${MIGRATIONS}/${id}`, data: flipped, version });
    return (await this.#coordinator.multi(operations)).ok ? "flipped" : "look";
  }
}
