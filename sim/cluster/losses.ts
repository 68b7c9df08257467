import { membersOf } from "../../src/core/replica/configuration.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import type { Machine } from "./machine.ts";
import { configurationOf, Proposed, watchProposals } from "./watchedCoordinator.ts";

/** What was proposed may be installed so long after it was sent. */
export const PROPOSAL_MICROS_MAX = 4_000_000;

/** Knows which machines may lose what they have without anything being lost. */
export class Losses {
  readonly #world: ClusterWorld;
  readonly #proposed = new Map<Machine, Proposed>();

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  /** The coordinator as a new process of the machine sees it. */
  watch(coordinator: Coordinator, machine: Machine): Coordinator {
    const { scheduler } = this.#world;
    const proposed = this.#proposed.get(machine) ?? new Proposed();
    proposed.unanswered = 0;
    this.#proposed.set(machine, proposed);
    return watchProposals(coordinator, this.#world.groupOf(machine).id, proposed, () => scheduler.nowMicros);
  }

  /** Whether the group goes on without what this machine has: others have it, and it has proposed nothing without them. */
  mayLose(machine: Machine, isWiped = this.#world.options.durability === "memory"): boolean {
    if (!isWiped) return true;
    const { coordinator, scheduler } = this.#world;
    const configuration = configurationOf(this.#world.groupOf(machine).id, (path) => coordinator.peek(path));
    const proposed = this.#proposed.get(machine);
    if (configuration === undefined || proposed === undefined) return false;
    const isSettled = scheduler.nowMicros - proposed.lastAtMicros > PROPOSAL_MICROS_MAX;
    return isSettled && membersOf(configuration).some((member) => member.id !== machine.id && this.#isIntact(member));
  }

  #isIntact({ id, incarnation }: { readonly id: string; readonly incarnation: number }): boolean {
    const process = this.#world.processOf(this.#world.machines.find((machine) => machine.id === id)!);
    return process?.node?.replica.self.incarnation === incarnation;
  }
}
