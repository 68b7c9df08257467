import type { Prng } from "../../src/base/prng.ts";
import type { SlotRanges } from "../../src/core/slots/slotRanges.ts";
import type { Chapter, MoveWorld } from "./moveWorld.ts";

/** Half of the slots. */
export const MOVED_SLOTS: SlotRanges = [[0, 8_191]];
export const NOTHING = (): void => undefined;

function written(world: MoveWorld): number {
  return world.counts.get("writes") ?? 0;
}

/** The groups are there, and have been used; then slots of the first one go to the second. */
export function begin(bytesPerSecondMax = 0): Chapter {
  return {
    name: "both groups are there, and have been used",
    when: (world) => world.isReady && written(world) > 100,
    act: (world) => {
      world.fill("g1", 300, 1_000);
      world.plan(MOVED_SLOTS, "g1", "g2", bytesPerSecondMax);
    },
  };
}

/** Something happens at the moment at which a group's primary says this of the move. */
export function atPhase(group: string, phase: string, act: (world: MoveWorld) => void): Chapter {
  return { name: `${group} says ${phase}`, when: (world) => world.phaseAt(group) === phase, act };
}

/** Waits, and then something happens. */
export function later(micros: number, act: (world: MoveWorld) => void): Chapter {
  let since: number | undefined;
  const when = ({ scheduler }: MoveWorld): boolean => {
    since ??= scheduler.nowMicros;
    return scheduler.nowMicros - since >= micros;
  };
  return { name: `${micros} microseconds later`, when, act };
}

/** Ends a group's primary without warning. */
export function killPrimary(group: string): (world: MoveWorld) => void {
  return (world) => world.kill(world.primaryOf(group)!);
}

/** The primary of a group does not reach the coordinator for a while. */
export function cutFromCoordinator(group: string, micros: number): (world: MoveWorld) => void {
  return (world) => {
    const { id } = world.primaryOf(group)!;
    world.coordinator.cut(id);
    world.scheduler.after(micros, undefined, "heal", () => world.coordinator.heal(id));
  };
}

/** The machines of one group do not reach one another, or those of another group, for a while. */
export function cutGroups(one: string, other: string, micros: number): (world: MoveWorld) => void {
  return (world) => {
    const of = (group: string) => world.machines.filter((machine) => world.groupOf(machine) === group);
    for (const a of of(one)) for (const b of of(other)) if (a !== b) world.network.cutBoth(a.host, b.host);
    world.scheduler.after(micros, undefined, "heal", () => world.network.healAll());
  };
}

export const FLIPPED: Chapter = { name: "flipped", when: (world) => world.owner(0) === "g2", act: NOTHING };
export const DECIDED: Chapter = { name: "decided", when: (world) => isDecided(world), act: NOTHING };

/** Everybody is there again, all moves are over, clients go on for a while, and then everything is looked at. */
export function end(): readonly Chapter[] {
  return [
    { name: "all is over", when: (world) => world.isReady && world.areMovesOver, act: NOTHING },
    later(100_000, (world) => {
      for (const client of world.clients) client.isQuiet = true;
    }),
    { name: "nobody waits", when: (world) => world.clients.every((client) => !client.waits), act: NOTHING },
    later(400_000, (world) => world.inspect()),
  ];
}

const FAULTS = [
  "kill",
  "kill",
  "kill primary",
  "kill primary",
  "abort",
  "lost replies",
  "cut",
  "pause",
  "new link",
] as const;

/** Moves back and forth, and whatever may go wrong at any moment. */
export function chaos(prng: Prng, moves: number): readonly Chapter[] {
  const story: Chapter[] = [
    {
      name: "both groups are there, and have been used",
      when: (world) => world.isReady && written(world) > 50,
      // Whoever came first has all slots.
      act: (world) => world.fill(world.owner(0)!, 100, 500),
    },
  ];
  for (let at = 0; at < moves; at++) {
    story.push({
      name: `move ${at + 1}`,
      when: (world) => world.nodeOf("g1") !== undefined && world.nodeOf("g2") !== undefined && !isMoving(world),
      act: (world) => {
        const source = world.owner(0)!;
        world.plan(MOVED_SLOTS, source, source === "g1" ? "g2" : "g1", prng.pick([0, 0, 200_000]));
      },
    });
    for (let fault = prng.below(3); fault > 0; fault--) {
      // Most of what may go wrong is near the end of the copy, which comes within some milliseconds.
      if (prng.chance(1, 2)) story.push(sealedOrOver(prng));
      story.push(later(prng.below(prng.pick([3_000, 20_000, 200_000])), (world) => harm(world, prng)));
    }
    story.push({ name: "the move is decided", when: (world) => isDecided(world), act: NOTHING });
  }
  return [...story, later(10_000, calm), ...end()];
}

function sealedOrOver(prng: Prng): Chapter {
  const phase = prng.pick(["sealed", "closed"]);
  const when = (world: MoveWorld): boolean =>
    isDecided(world) || world.phaseAt("g1") === phase || world.phaseAt("g2") === phase;
  return { name: `${phase}, or decided`, when, act: NOTHING };
}

function isDecided(world: MoveWorld): boolean {
  const state = world.record()?.state;
  return state !== "planned" && state !== "copying";
}

function isMoving(world: MoveWorld): boolean {
  return world.record() !== undefined;
}

function harm(world: MoveWorld, prng: Prng): void {
  const kind = prng.pick(FAULTS);
  const primary = world.primaryOf(prng.pick(["g1", "g2"]));
  const machine = primary === undefined || kind === "kill" ? prng.pick(world.machines) : primary;
  const isThere = world.processOf(machine)?.node !== undefined;
  world.count(`fault: ${kind}`);
  world.trace(`fault ${kind} ${machine.id}`);
  switch (kind) {
    case "kill":
    case "kill primary":
      return world.kill(machine);
    case "abort":
      return world.change(world.lastMove, { state: "aborted", reason: "somebody wants it" }, ["planned", "copying"]);
    case "lost replies":
      return void (isThere && world.coordinator.loseReplies(machine.id));
    case "cut": {
      if (!isThere) return;
      world.coordinator.cut(machine.id);
      const micros = prng.pick([5_000, 300_000, 1_200_000]);
      world.scheduler.after(micros, undefined, "heal", () => world.coordinator.heal(machine.id));
      return;
    }
    case "pause":
      world.change(world.lastMove, { paused: true }, ["planned", "copying"]);
      world.scheduler.after(300_000, undefined, "go on", () => {
        world.change(world.lastMove, { paused: false }, ["planned", "copying", "flipped", "aborted"]);
      });
      return;
    case "new link":
      return world.network.breakLinks(machine.host, prng.pick(world.machines).host);
  }
}

function calm(world: MoveWorld): void {
  for (const machine of world.machines)
    if (world.processOf(machine)?.node !== undefined) world.coordinator.heal(machine.id);
}
