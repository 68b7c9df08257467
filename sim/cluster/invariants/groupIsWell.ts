import { isMember } from "../../../src/core/replica/configuration.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import { configurationOf } from "../watchedCoordinator.ts";

/** What keeps a healed group from being whole; undefined when it is: all are members, and one of them serves. */
export function whatIsWrong(world: ClusterWorld): string | undefined {
  const configuration = configurationOf((path) => world.coordinator.peek(path));
  if (configuration === undefined) return "the group has no configuration";
  for (const machine of world.machines) {
    const process = world.processOf(machine);
    const { node } = process ?? {};
    if (node === undefined || process?.isServing !== true || process.isStopping) return `${machine.id} does not run`;
    const { replica, executor } = node;
    if (!isMember(configuration, replica.self)) return `${machine.id} is no member (${replica.role})`;
    if (replica.epoch !== configuration.epoch) return `${machine.id} is in epoch ${replica.epoch}`;
    if (executor.halted) return `${machine.id} is loading`;
    if (!replica.mayServe(machine.clock.monotonic())) return `${machine.id} serves nothing (${replica.role})`;
    if (replica.role === "primary" && !replica.mayEvaluate) return `${machine.id} evaluates nothing`;
  }
  return undefined;
}

/** What keeps the replicas of a quiet group from being the same. */
export function whatDiffers(world: ClusterWorld): string | undefined {
  for (const { node, machine } of world.processes) {
    const { replica } = node!;
    const ends = [replica.commitPoint, replica.appendedSeq, replica.lastSeq, node!.stateSeq];
    if (ends.some((end) => end !== world.ghost.committedSeq)) {
      return `${machine.id} is at ${ends.join("/")}, and ${world.ghost.committedSeq} is committed`;
    }
  }
  return undefined;
}
