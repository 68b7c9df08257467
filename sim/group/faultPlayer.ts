import { isSame, type Member, membersOf, without } from "../../src/core/replica/configuration.ts";
import type { GroupWorld } from "./groupWorld.ts";
import type { Fault } from "./plan.ts";

type Of<Kind extends Fault["kind"]> = Extract<Fault, { readonly kind: Kind }>;

/** Lets a fault happen. What it would hit may not be there any more: then nothing happens. */
export function play(world: GroupWorld, fault: Fault): void {
  world.trace(() => `FAULT ${JSON.stringify(fault)}`);
  world.count(fault.kind);
  switch (fault.kind) {
    case "crash":
      return crash(world, fault);
    case "crash all":
      for (const [node, millis] of fault.millis.entries())
        crash(world, { at: fault.at, kind: "crash", node, millis, wiped: false });
      return;
    case "pause":
      return world.nodes[fault.node]!.pause(fault.millis * 1000);
    case "cut":
      world.network.cut(fault.from, fault.to, fault.millis * 1000);
      if (fault.both) world.network.cut(fault.to, fault.from, fault.millis * 1000);
      return;
    case "isolate":
      return isolate(world, fault);
    case "session":
      return world.register.cut(fault.node, fault.millis * 1000, fault.what);
    case "coordinator down":
      for (const { index } of world.nodes) world.register.cut(index, fault.millis * 1000, "both");
      return;
    case "depose":
      return depose(world, fault);
    case "hand over":
      return handOver(world, fault);
    case "leave":
      return leave(world, fault);
    case "slow disk":
      return slowDisk(world, fault);
    case "confirm":
      return world.register.confirm();
  }
}

function crash(world: GroupWorld, { node: index, millis, wiped }: Of<"crash">): void {
  const node = world.nodes[index]!;
  if (node.process === undefined || (loses(world, wiped) && !isSparable(world, index))) return;
  node.stop(false);
  if (wiped) node.wipe();
  world.scheduler.after(millis * 1000, undefined, "restart", () => node.start());
}

function loses(world: GroupWorld, wiped: boolean): boolean {
  return wiped || world.plan.durability === "memory";
}

/** Whether everything that is committed is kept when this machine loses what it has: no replication survives the loss of all. */
function isSparable(world: GroupWorld, index: number): boolean {
  return world.intact.some((member) => member.id !== world.nodes[index]!.id);
}

function isolate(world: GroupWorld, { node, millis, coordinatorToo }: Of<"isolate">): void {
  if (world.isHealed) return;
  for (const { index } of world.nodes) {
    if (index === node) continue;
    world.network.cut(node, index, millis * 1000);
    world.network.cut(index, node, millis * 1000);
  }
  if (coordinatorToo) world.register.cut(node, millis * 1500, "both");
}

/** The controller names another primary, whether or not the present one lives (R3). */
function depose(world: GroupWorld, { rank, keep, cutMillis, blind }: Of<"depose">): void {
  const { register, network, rules } = world;
  const { value } = register;
  if (value === undefined || value.secondaries.length === 0) return;
  const outsiders = world.nodes
    .map((node) => ({ id: node.id, incarnation: node.disk.incarnation }))
    .filter((member) => !membersOf(value).some((each) => each.id === member.id));
  const alive = value.secondaries.filter((member) => world.hasData(member));
  if (alive.length === 0) return;
  const electable = world.toyRules.controllerKeepsMembers || outsiders.length === 0 ? alive : outsiders;
  const primary = electable[rank % electable.length]!;
  const secondaries = value.secondaries.filter((member, i) => !isSame(member, primary) && (keep >> i) % 2 === 1);
  const indexOf = (member: Member) => world.nodes.findIndex((node) => node.id === member.id);
  if (cutMillis > 0) {
    network.cut(indexOf(value.primary), indexOf(primary), cutMillis * 1000);
    network.cut(indexOf(primary), indexOf(value.primary), cutMillis * 1000);
  }
  world.nodes.forEach((_, i) => {
    if ((blind >> i) % 2 === 1 && i !== indexOf(primary)) register.cut(i, (60 + cutMillis) * 1000, "both");
  });
  const { version, ...data } = value;
  const removed = without(membersOf(value), [primary, ...secondaries]);
  const isShort = secondaries.length + 1 < value.minReplicas;
  if (world.losesOnCrash && isShort) return;
  if (!rules.minReplicas && isShort) return;
  register.replace(
    {
      ...data,
      epoch: (data.epoch + 1) as typeof data.epoch,
      primary,
      secondaries,
      eligible: isShort ? [...data.eligible, ...removed] : data.eligible,
      nonce: `controller/${world.scheduler.nowMicros}`,
      released: false,
      reason: "the controller decided",
    },
    version,
  );
}

function handOver(world: GroupWorld, { at, to, stay, withdrawAfter, ...cut }: Of<"hand over">): void {
  const node = world.nodes.find((each) => each.process?.replica.role === "primary");
  const process = node?.process;
  if (node === undefined || process === undefined) return;
  node.run(process, () => process.act(() => process.replica.handOver(`r${to}`, stay)));
  if (cut.cutMillis > 0) {
    const fault = { at, kind: "isolate", node: cut.cutOff, millis: cut.cutMillis, coordinatorToo: true } as const;
    world.scheduler.after(cut.cutAfter * 1000, undefined, "isolate", () => isolate(world, fault));
  }
  if (withdrawAfter === 0) return;
  process.later(withdrawAfter * 1000, "withdraw", () => process.replica.withdrawHandOver());
}

/** A machine is stopped in peace, and started again later. One that cannot leave in time is killed. */
function leave(world: GroupWorld, { node: index, millis }: Of<"leave">): void {
  const node = world.nodes[index]!;
  const { process } = node;
  if (process === undefined || process.stopping) return;
  node.run(process, () => process.stopSoon());
  world.scheduler.after((millis + 100) * 1000, undefined, "start again", () => {
    if (world.isHealed) return;
    if (node.process === process) {
      node.stop(world.losesOnCrash && !isSparable(world, index));
    }
    node.start();
  });
}

function slowDisk(world: GroupWorld, { node: index, millis, stepMillis }: Of<"slow disk">): void {
  const { disk } = world.nodes[index]!;
  disk.stepMillis = stepMillis;
  world.scheduler.after(millis * 1000, undefined, "disk is fast again", () => {
    disk.stepMillis = world.plan.diskMillis;
  });
}
