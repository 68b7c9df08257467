import { keySlot } from "../../base/crc16.ts";
import { slotsOfGroup } from "../../core/slots/assignment.ts";
import { encodeSlotMap, firstSlotMap, parseSlotMap, type SlotMap } from "../../core/slots/slotMap.ts";
import { ALL_SLOTS, countSlots, eachSlot, SLOT_COUNT, type SlotRanges } from "../../core/slots/slotRanges.ts";
import type { Node } from "../node.ts";
import type { ClusterView } from "./clusterView.ts";

const SLOTS = "/slots";
const MASTERS = "/masters";
const AGAIN_MILLIS = 500;
/** Keys that are looked at before others have their turn. */
const STEP_KEYS = 10_000;

/**
 * A group's first word about its slots. What `/slots` says was first, it owns; where there is no such znode it makes one that gives it
 * everything, unless a master is there to decide and the group has nothing to lose. It is logged once and never again.
 */
export class FirstAssignment {
  readonly #node: Node;
  readonly #view: ClusterView;
  #running = false;
  #stopped = false;
  #told = "";

  constructor(node: Node, view: ClusterView) {
    this.#node = node;
    this.#view = view;
  }

  /** This replica evaluates from now on: it sees to it that the group knows its slots. */
  begin(): void {
    if (this.#running || !this.#isDue) return;
    this.#running = true;
    this.#run()
      .catch((error: unknown) => this.#node.trouble.end(error))
      .finally(() => {
        this.#running = false;
      });
  }

  stop(): void {
    this.#stopped = true;
  }

  get #isDue(): boolean {
    const { state, replica, membership, executor, trouble } = this.#node;
    const mayWrite = membership.evaluates && replica.mayEvaluate && executor.writesRefused === undefined;
    return !this.#stopped && !trouble.ended && mayWrite && !executor.halted && !state.slots.isAssigned;
  }

  async #run(): Promise<void> {
    while (this.#isDue) {
      if (await this.#try()) return;
      await new Promise<void>((resolve) => this.#node.parts.timers.after(AGAIN_MILLIS, resolve));
    }
  }

  /** Whether that is all. */
  async #try(): Promise<boolean> {
    const read = await this.#node.parts.coordinator.get(SLOTS, { sync: true });
    if (!this.#isDue) return true;
    if (read.ok) {
      const map = parseSlotMap(read.value.data);
      if (map !== undefined) return this.#assign(map);
      return this.#wait(`${SLOTS} holds nonsense: ${read.value.data.slice(0, 200)}`);
    }
    if (read.error.code !== "no_node") return false;
    return this.#found();
  }

  /** There is no map yet. */
  async #found(): Promise<boolean> {
    const { coordinator, group } = this.#node.parts;
    if (this.#node.state.size === 0) {
      const masters = await coordinator.children(MASTERS, { sync: true });
      if (!masters.ok && masters.error.code !== "no_node") return false;
      if (masters.ok && masters.value.some((name) => name.startsWith("m-"))) {
        return this.#wait("waiting for the master to assign slots to this group");
      }
    }
    if (!this.#isDue) return true;
    const text = encodeSlotMap(firstSlotMap({ [group]: ALL_SLOTS }));
    await coordinator.create(SLOTS, text, { kind: "durable" });
    // Whoever made it, what it says is read: somebody else may have been first, and what is unknown may have happened.
    const read = await coordinator.get(SLOTS, { sync: true });
    if (!this.#isDue) return true;
    const map = read.ok ? parseSlotMap(read.value.data) : undefined;
    return map === undefined ? false : this.#assign(map);
  }

  async #assign({ first, now }: SlotMap): Promise<boolean> {
    const { executor, parts } = this.#node;
    const slots = slotsOfGroup(first, parts.group);
    const foreign = await this.#foreignSlot(slots);
    if (!this.#isDue) return true;
    if (foreign !== undefined) {
      const owner = Object.keys(now).find((group) =>
        now[group]!.some(([from, to]) => from <= foreign && foreign <= to),
      );
      const message =
        `group ${parts.group} has keys of slot ${foreign}, but ${SLOTS} gives that slot to ${owner ?? "nobody"}: ` +
        "a group that had data before it met the cluster must be its first. Nothing was changed. " +
        "Start it with a path of its own (--zookeeper host:port/path), and copy its keys with a client";
      this.#node.trouble.end(new Error(message));
      return true;
    }
    executor.writeEntry((mutator) => mutator.changeSlots({ kind: "assign", slots }));
    parts.onNotice(`group ${parts.group} begins with ${countSlots(slots)} slots`);
    void this.#view.refresh();
    executor.tryHeld();
    return true;
  }

  /** A slot outside of `slots` of which the group has a key. */
  async #foreignSlot(slots: SlotRanges): Promise<number | undefined> {
    const { state, parts } = this.#node;
    if (countSlots(slots) === SLOT_COUNT || state.size === 0) return undefined;
    const own = new Uint8Array(SLOT_COUNT);
    for (const slot of eachSlot(slots)) own[slot] = 1;
    let foreign: number | undefined;
    let cursor = 0;
    do {
      cursor = state.scan(cursor, STEP_KEYS, (key) => {
        const slot = keySlot(key);
        if (own[slot] === 0) foreign ??= slot;
      });
      await new Promise<void>((resolve) => parts.timers.after(0, resolve));
    } while (cursor !== 0 && foreign === undefined && this.#isDue);
    return foreign;
  }

  /** It is tried again; why is told once. */
  #wait(text: string): false {
    if (text !== this.#told) this.#node.parts.onNotice(text);
    this.#told = text;
    return false;
  }
}
