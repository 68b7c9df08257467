import { isMember } from "../../../src/core/replica/configuration.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import type { Group } from "../groups.ts";
import { configurationOf } from "../watchedCoordinator.ts";

/** What keeps healed groups from being whole; undefined when they are: all are members, and one of each group serves. */
export function whatIsWrong(world: ClusterWorld): string | undefined {
  for (const group of world.groups) {
    const wrong = whatIsWrongWith(world, group);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function whatIsWrongWith(world: ClusterWorld, group: Group): string | undefined {
  const configuration = configurationOf(group.id, (path) => world.coordinator.peek(path));
  if (configuration === undefined) return `group ${group.id} has no configuration`;
  for (const machine of group.machines) {
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

/** What keeps the replicas of quiet groups from being the same. */
export function whatDiffers(world: ClusterWorld): string | undefined {
  for (const group of world.groups) {
    const { committedSeq } = group.ghost;
    for (const { node, machine } of world.processesOf(group)) {
      const { replica } = node!;
      const ends = [replica.commitPoint, replica.appendedSeq, replica.lastSeq, node!.stateSeq];
      if (ends.some((end) => end !== committedSeq)) {
        return `${machine.id} is at ${ends.join("/")}, and ${committedSeq} is committed`;
      }
    }
  }
  return undefined;
}
