import { type Address, splitAddress } from "../base/address.ts";
import { SLOT_COUNT } from "../core/slots/slotRanges.ts";
import type { GroupMessage, TopologyMessage } from "./messages.ts";

/** Where a group's calls go. */
export interface GroupRoute {
  readonly name: string;
  readonly epoch: number;
  /** Undefined while nobody knows it. */
  readonly primary: string | undefined;
  /** Those in sync that run: the primary and its secondaries. */
  readonly replicas: readonly string[];
}

const CORRECTIONS_MAX = SLOT_COUNT;

/** Who has which slot, as the newest topology says, and as answers have corrected it since. */
export class Routes {
  #version = -1;
  #groups: readonly GroupRoute[] = [];
  readonly #owners = new Array<GroupRoute | undefined>(SLOT_COUNT).fill(undefined);
  /** By slot, and by a group's name: addresses that answers named. */
  readonly #movedTo = new Map<number, string>();
  readonly #primaries = new Map<string, string>();
  /** Redis ports, by the addresses of calls. */
  #redis = new Map<string, string>();

  get groups(): readonly GroupRoute[] {
    return this.#groups;
  }

  get isKnown(): boolean {
    return this.#version >= 0;
  }

  /** False if it is older than what is known. */
  take({ slotsVersion, groups }: TopologyMessage): boolean {
    if (slotsVersion < this.#version) return false;
    // What answers said is older than a newer assignment, or in it.
    if (slotsVersion > this.#version) this.#movedTo.clear();
    this.#version = slotsVersion;
    const workers = groups.flatMap((group) => group.workers);
    this.#redis = new Map(workers.map(({ rpc, redis }) => [rpc, redis]));
    const before = new Map(this.#groups.map((group) => [group.name, group]));
    this.#groups = groups.map(routeOf);
    this.#owners.fill(undefined);
    groups.forEach(({ slots }, index) => {
      for (const { from, to } of slots) this.#owners.fill(this.#groups[index], from, to + 1);
    });
    for (const group of this.#groups) {
      const known = before.get(group.name);
      if (known === undefined || group.epoch !== known.epoch || group.primary !== known.primary)
        this.#primaries.delete(group.name);
    }
    return true;
  }

  groupOf(slot: number): GroupRoute | undefined {
    return this.#owners[slot];
  }

  /** Where the node at `address` takes Redis clients; undefined if nobody has said. */
  redisOf(address: string): Address | undefined {
    return splitAddress(this.#redis.get(address) ?? "");
  }

  /** Who takes writes of the slot, as far as anybody has said. */
  primaryOf(slot: number): string | undefined {
    const moved = this.#movedTo.size > 0 ? this.#movedTo.get(slot) : undefined;
    if (moved !== undefined) return moved;
    const group = this.#owners[slot];
    return group === undefined ? undefined : this.primaryOfGroup(group);
  }

  primaryOfGroup(group: GroupRoute): string | undefined {
    return (this.#primaries.size > 0 ? this.#primaries.get(group.name) : undefined) ?? group.primary;
  }

  /** Who may read the slot. */
  replicasOf(slot: number): readonly string[] {
    const moved = this.#movedTo.size > 0 ? this.#movedTo.get(slot) : undefined;
    return moved === undefined ? (this.#owners[slot]?.replicas ?? []) : [moved];
  }

  /** An answer has said that the slot is elsewhere. */
  moved(slot: number, address: string): void {
    if (this.#owners[slot]?.primary === address) this.#movedTo.delete(slot);
    else if (this.#movedTo.size < CORRECTIONS_MAX) this.#movedTo.set(slot, address);
  }

  /** An answer has said who is the primary of the slot's group. */
  primaryIs(slot: number, address: string): void {
    const group = this.#owners[slot];
    if (group === undefined) this.moved(slot, address);
    else this.#primaries.set(group.name, address);
  }

  /** Who was named by an answer does not answer: what the topology says counts again. */
  forget(slot: number, address: string): void {
    if (this.#movedTo.get(slot) === address) this.#movedTo.delete(slot);
    const group = this.#owners[slot];
    if (group !== undefined && this.#primaries.get(group.name) === address) this.#primaries.delete(group.name);
  }
}

function routeOf({ name, epoch, workers }: GroupMessage): GroupRoute {
  const inSync = workers.filter(
    ({ role, rpc }) => rpc !== "" && (role === "ROLE_PRIMARY" || role === "ROLE_SECONDARY"),
  );
  return {
    name,
    epoch,
    primary: inSync.find(({ role }) => role === "ROLE_PRIMARY")?.rpc,
    replicas: inSync.filter(({ present }) => present).map(({ rpc }) => rpc),
  };
}
