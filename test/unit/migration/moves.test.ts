import assert from "node:assert/strict";
import { test } from "node:test";
import { runMoves } from "../../../sim/host/runMoves.ts";
import { atPhase, begin, end, later, MOVED_SLOTS } from "../../../sim/migration/moveStories.ts";
import type { Chapter, MoveWorld } from "../../../sim/migration/moveWorld.ts";

type State = "flipped" | "aborted";

async function tell(name: string, story: readonly Chapter[], state: State | undefined): Promise<MoveWorld> {
  const onTrace = (line: string): boolean => process.stderr.write(`${line}\n`);
  const world = await runMoves({ seed: name, story, ...(process.env["TRACE"] !== undefined && { onTrace }) });
  assert.equal(world.violation, undefined, `${world.violation?.message}`);
  if (state !== undefined) assert.equal(world.counts.get(`moves ${state}`), 1, JSON.stringify([...world.counts]));
  return world;
}

const NOTHING = (): void => undefined;
const killSource = (world: MoveWorld): void => world.kill(world.primaryOf("g1")!);
const killTarget = (world: MoveWorld): void => world.kill(world.primaryOf("g2")!);
const killBoth = (world: MoveWorld): void => {
  killSource(world);
  killTarget(world);
};
const killSecondary = (group: string) => (world: MoveWorld) => {
  const primary = world.primaryOf(group);
  world.kill(world.machines.find((machine) => machine !== primary && world.groupOf(machine) === group)!);
};
const abort = (world: MoveWorld): void =>
  world.change(world.lastMove, { state: "aborted", reason: "a test" }, ["planned", "copying"]);
const flipped: Chapter = { name: "flipped", when: (world) => world.owner(0) === "g2", act: NOTHING };
const SLOW = 100_000;

test("a whole move under writes: clients are told no more than MOVED", async () => {
  const world = await tell("whole", [begin(), flipped, ...end()], "flipped");
  const refused = [...world.counts.keys()].filter((what) => /refused|timeouts|unknown/.test(what));
  assert.deepEqual(refused, []);
});

test("of all workers the source's primary awaits the new slot map, from the close to the release, and knows it first", async () => {
  const viewOf = (world: MoveWorld, machine: MoveWorld["machines"][number]) =>
    world.processOf(machine)!.node!.parts.others!.cluster!;
  const awaited: unknown[] = [];
  const spy: Chapter = {
    name: "all are there",
    when: (world) => world.isReady,
    act: (world) => {
      for (const machine of world.machines) {
        const view = viewOf(world, machine);
        const { awaitSlotMap } = view;
        view.awaitSlotMap = (move, isAwaited) => {
          const isSource = machine === world.primaryOf("g1");
          awaited.push([isSource, move, isAwaited, world.phaseAt("g1")]);
          awaitSlotMap.call(view, move, isAwaited);
        };
      }
    },
  };
  const knows = (world: MoveWorld) =>
    world.machines.filter((machine) => viewOf(world, machine).slotMap?.version === 2).map(({ id }) => id);
  const first: Chapter = {
    name: "somebody knows that it is flipped",
    when: (world) => knows(world).length > 0,
    act: (world) => assert.deepEqual(knows(world), [world.primaryOf("g1")!.id]),
  };
  await tell("first to know", [spy, begin(), first, ...end()], "flipped");
  assert.deepEqual(awaited, [
    [true, "m1", true, "closed"],
    [true, "m1", false, undefined],
  ]);
});

test("there and back again", async () => {
  const back: Chapter = {
    name: "all is over",
    when: (world) => world.record() === undefined && world.owner(0) === "g2",
    act: (world) => world.plan(MOVED_SLOTS, "g2", "g1"),
  };
  const home: Chapter = { name: "home", when: (world) => world.owner(0) === "g1", act: NOTHING };
  const world = await tell("back", [begin(), flipped, back, home, ...end()], undefined);
  assert.equal(world.counts.get("moves flipped"), 2);
});

const CRASHES: readonly (readonly [string, readonly Chapter[], State | undefined])[] = [
  [
    "the source's primary ends while it copies",
    [begin(SLOW), atPhase("g2", "importing", NOTHING), later(300_000, killSource)],
    "flipped",
  ],
  ["the source's primary ends when it is sealed", [begin(), atPhase("g1", "sealed", killSource)], undefined],
  ["the source's primary ends when it is closed", [begin(), atPhase("g1", "closed", killSource)], "flipped"],
  ["a source's secondary ends when it is sealed", [begin(), atPhase("g1", "sealed", killSecondary("g1"))], undefined],
  [
    "the target's primary ends while it copies",
    [begin(SLOW), atPhase("g2", "importing", NOTHING), later(300_000, killTarget)],
    "flipped",
  ],
  ["the target's primary ends when it is sealed", [begin(), atPhase("g1", "sealed", killTarget)], undefined],
  ["the target's primary ends when it is ready", [begin(), atPhase("g2", "ready", killTarget)], "flipped"],
  ["the target's primary ends when the source is closed", [begin(), atPhase("g1", "closed", killTarget)], undefined],
  ["the target's primary ends after the flip", [begin(), { ...flipped, act: killTarget }], "flipped"],
  ["the source's primary ends after the flip", [begin(), { ...flipped, act: killSource }], "flipped"],
  ["both primaries end after the flip", [begin(), { ...flipped, act: killBoth }], "flipped"],
  ["aborted while it is copied", [begin(SLOW), atPhase("g2", "importing", NOTHING), later(300_000, abort)], "aborted"],
  ["aborted when it is sealed", [begin(), atPhase("g1", "sealed", abort)], undefined],
  ["aborted when it is closed", [begin(), atPhase("g1", "closed", abort)], undefined],
  [
    "the answer to the flip is lost",
    [begin(), atPhase("g1", "closed", (world) => world.coordinator.loseReplies(world.primaryOf("g2")!.id))],
    undefined,
  ],
  [
    "the target is cut off from the coordinator when the source is closed",
    [
      begin(),
      atPhase("g1", "closed", (world) => {
        const { id } = world.primaryOf("g2")!;
        world.coordinator.cut(id);
        world.scheduler.after(5_000_000, undefined, "heal", () => world.coordinator.heal(id));
      }),
    ],
    undefined,
  ],
  [
    "source and target are cut off from each other when it is sealed",
    [
      begin(),
      atPhase("g1", "sealed", (world) => {
        const hosts = (group: string) =>
          world.machines.filter((machine) => world.groupOf(machine) === group).map(({ host }) => host);
        for (const one of hosts("g1")) for (const other of hosts("g2")) world.network.cutBoth(one, other);
        world.scheduler.after(4_000_000, undefined, "heal", () => world.network.healAll());
      }),
    ],
    "aborted",
  ],
  [
    "paused, and then not",
    [
      begin(SLOW),
      atPhase("g2", "importing", NOTHING),
      later(100_000, (world) => world.change(world.lastMove, { paused: true }, ["copying"])),
      later(2_000_000, (world) => {
        assert.equal(world.phaseAt("g2"), "importing");
        world.change(world.lastMove, { paused: false }, ["copying"]);
      }),
    ],
    "flipped",
  ],
];

test("every key of the source is removed while it is copied", async () => {
  const story: readonly Chapter[] = [
    begin(SLOW),
    atPhase("g2", "importing", NOTHING),
    later(300_000, (world) => {
      for (const client of world.clients) client.isQuiet = true;
    }),
    {
      name: "nobody waits",
      when: (world) => world.clients.every((client) => !client.waits),
      act: (world) => {
        world.clear("g1");
        for (const client of world.clients) client.goOn();
      },
    },
    flipped,
  ];
  await tell("cleared", [...story, ...end()], "flipped");
});

for (const [name, story, state] of CRASHES) {
  test(name, async () => {
    const decided: Chapter = {
      name: "decided",
      when: (world) => ["flipped", "aborted", undefined].includes(world.record()?.state),
      act: NOTHING,
    };
    await tell(name, [...story, decided, ...end()], state);
  });
}
