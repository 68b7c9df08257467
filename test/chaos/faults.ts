import { setTimeout as sleep } from "node:timers/promises";
import type { Prng } from "../../src/base/prng.ts";
import type { GroupRig } from "../support/groupRig.ts";
import type { RigWorker } from "../support/groupRigWorker.ts";

/**
 * Something that goes wrong for a while. It leaves the rest of the repair to `GroupRig.repair`: resolves with processes dead, ways
 * cut and disks slow. The names follow RELIABILITY's list of faults.
 */
export type Fault = {
  readonly name: string;
  /** What it takes: three ZooKeeper servers, or disks that fail on command. */
  readonly needs?: "ensemble" | "disk";
  readonly inject: (rig: GroupRig, random: Prng, load: LoadFacts) => Promise<void>;
};

/** What a fault may ask of the load that it is under. */
export type LoadFacts = {
  readonly acknowledged: () => number;
  /** Keys that requests go to at the moment. */
  readonly keys: () => readonly string[];
};

const CLIENT = "client";
/** Longer than any lease; a pause or a cut of so long makes somebody else the primary. */
const LONG_MILLIS = [800, 2_500] as const;
/** Shorter than a lease: nobody should lose its part, and nothing may go wrong if somebody does. */
const SHORT_MILLIS = [30, 450] as const;
const DOWN_MILLIS = [0, 2_000] as const;
const ZOOKEEPER_DOWN_MILLIS = 30_000;
/** While nothing but ZooKeeper is down, something is acknowledged in every such time. */
const PROGRESS_MILLIS = 3_000;

const SINGLE: readonly Fault[] = [
  fault("kill-primary", async (rig, random) => kill(await rig.primary(), random)),
  fault("kill-secondary", async (rig, random) => kill(await oneSecondary(rig, random), random)),
  fault("kill-two", async (rig, random) => {
    const [one, other] = shuffled(rig.workers, random);
    await Promise.all([one!.kill(), other!.kill()]);
    await pass(random, DOWN_MILLIS);
  }),
  fault("kill-all", async (rig, random) => {
    await Promise.all(rig.workers.map((worker) => worker.kill()));
    for (const worker of shuffled(rig.workers, random)) {
      await pass(random, [0, 500]);
      await worker.start();
    }
  }),
  fault("kill-primary-twice", async (rig, random) => {
    const first = await rig.primary();
    await first.kill();
    await rig.until(({ primary }) => primary.id !== first.id, 10_000, "nobody took over");
    await pass(random, [0, 300]);
    const second = await rig.primary();
    await first.start();
    await second.kill();
    await pass(random, DOWN_MILLIS);
  }),
  fault("restart-primary-fast", async (rig) => {
    const worker = await rig.primary();
    await worker.kill();
    await worker.start();
  }),
  fault("restart-secondary-fast", async (rig, random) => {
    const worker = await oneSecondary(rig, random);
    await worker.kill();
    await worker.start();
  }),
  fault("pause-primary", async (rig, random) => pause(await rig.primary(), random, LONG_MILLIS)),
  fault("pause-primary-shortly", async (rig, random) => pause(await rig.primary(), random, SHORT_MILLIS)),
  fault("pause-primary-for-long", async (rig, random) => pause(await rig.primary(), random, [5_000, 8_000])),
  fault("pause-secondary", async (rig, random) => pause(await oneSecondary(rig, random), random, LONG_MILLIS)),
  fault("pause-secondary-shortly", async (rig, random) => pause(await oneSecondary(rig, random), random, SHORT_MILLIS)),
  fault("pause-all", async (rig, random) => {
    for (const worker of rig.workers) worker.pause();
    await pass(random, LONG_MILLIS);
    for (const worker of shuffled(rig.workers, random)) {
      worker.resume();
      await pass(random, [0, 300]);
    }
  }),
  fault("stop-primary", async (rig) => stopAndStart(await rig.primary())),
  fault("stop-secondary", async (rig, random) => stopAndStart(await oneSecondary(rig, random))),
  fault("rolling-restart", async (rig, random) => {
    for (const worker of shuffled(rig.workers, random)) {
      await stopAndStart(worker);
      await rig.whole(30_000);
    }
  }),
  fault("kill-while-stopping", async (rig, random) => {
    const worker = await rig.primary();
    const stopping = worker.stop();
    await pass(random, [0, 60]);
    await worker.kill();
    await stopping;
  }),
  fault("wipe-secondary", async (rig, random) => wipe(await oneSecondary(rig, random), random)),
  fault("wipe-primary", async (rig, random) => wipe(await rig.primary(), random)),
  fault("cut-primary-from-peers", async (rig, random) => {
    const primary = await rig.primary();
    for (const other of rig.othersThan(primary)) rig.network.cut(primary.id, other.id);
    await pass(random, LONG_MILLIS);
  }),
  fault("cut-primary-from-all-but-clients", async (rig, random) => {
    const primary = await rig.primary();
    cutFromServers(rig, primary);
    await pass(random, [1_500, 6_000]);
  }),
  fault("cut-primary-from-clients", async (rig, random) => {
    rig.network.cut((await rig.primary()).id, CLIENT);
    await pass(random, LONG_MILLIS);
  }),
  fault("isolate-secondary", async (rig, random) => {
    cutFromServers(rig, await oneSecondary(rig, random));
    await pass(random, [1_500, 6_000]);
  }),
  fault("cut-pair", async (rig, random) => {
    const [one, other] = shuffled(rig.workers, random);
    rig.network.cut(one!.id, other!.id);
    await pass(random, LONG_MILLIS);
  }),
  fault("cut-pair-one-way", async (rig, random) => {
    const [one, other] = shuffled(rig.workers, random);
    rig.network.cutOneWay(one!.id, other!.id);
    await pass(random, LONG_MILLIS);
  }),
  fault("cut-shortly", async (rig, random) => {
    const [one, other] = shuffled(rig.workers, random);
    for (let times = 0; times < 4; times++) {
      rig.network.cut(one!.id, other!.id);
      await pass(random, SHORT_MILLIS);
      rig.network.heal();
      await pass(random, [0, 200]);
    }
  }),
  fault("cut-primary-from-zookeeper", async (rig, random) => {
    cutFromZookeeper(rig, await rig.primary(), "both");
    await pass(random, [1_000, 6_000]);
  }),
  fault("deafen-primary-to-zookeeper", async (rig, random) => {
    // It can propose, and does not hear what came of it (RELIABILITY F5): meanwhile a member has to be removed.
    const primary = await rig.primary();
    cutFromZookeeper(rig, primary, "from");
    const [victim] = shuffled(rig.othersThan(primary), random);
    if (random.chance(1, 2)) await victim!.kill();
    else rig.network.cut(primary.id, victim!.id);
    await pass(random, [1_000, 4_000]);
  }),
  fault("zookeeper-server-killed", killZookeeperServer, "ensemble"),
  fault("zookeeper-restarted", async (rig, random) => {
    await downZookeeper(rig, async () => pass(random, [0, 4_000]));
  }),
  fault("zookeeper-paused", async (rig, random) => {
    for (const index of zookeeperServers(rig)) rig.zookeeper.servers.signal(index, "SIGSTOP");
    await pass(random, [500, 6_000]);
    for (const index of zookeeperServers(rig)) rig.zookeeper.servers.signal(index, "SIGCONT");
  }),
  fault("zookeeper-down-and-primary-killed", async (rig, random) => {
    const primary = await rig.primary();
    await downZookeeper(rig, async () => {
      await primary.kill();
      await pass(random, DOWN_MILLIS);
      if (random.chance(1, 2)) await primary.start();
    });
  }),
  fault(
    "slow-disk",
    async (rig, random) => {
      const worker = random.chance(1, 2) ? await rig.primary() : await oneSecondary(rig, random);
      worker.disk!.set("syncDelayMillis", random.between(80, 1_500));
      await pass(random, [2_000, 5_000]);
    },
    "disk",
  ),
  fault(
    "full-disk",
    async (rig, random) => {
      const worker = random.chance(1, 2) ? await rig.primary() : await oneSecondary(rig, random);
      worker.disk!.set("spaceBytes", random.below(20_000));
      await pass(random, [2_000, 4_000]);
      worker.disk!.set("spaceBytes", -1);
      await pass(random, [500, 3_000]);
    },
    "disk",
  ),
];

/** Long ones, and one that is made of others. */
export const FAULTS: readonly Fault[] = [
  ...SINGLE,
  fault("storm", async (rig, random, load) => {
    for (let count = random.between(4, 8); count > 0; count--) {
      const { inject } = random.pick(SINGLE.filter(({ needs }) => needs === undefined));
      // What it waits for may not come, because of the one before.
      await inject(rig, random, load).catch(() => undefined);
      if (random.chance(2, 3)) await rig.repair();
    }
  }),
  fault("zookeeper-down-for-long", async (rig, _random, { acknowledged }) => {
    await downZookeeper(rig, async () => {
      for (let passed = 0; passed < ZOOKEEPER_DOWN_MILLIS; passed += PROGRESS_MILLIS) {
        const before = acknowledged();
        await sleep(PROGRESS_MILLIS);
        if (acknowledged() === before)
          throw new Error(`nothing was acknowledged for ${PROGRESS_MILLIS} ms without ZooKeeper`);
      }
    });
  }),
];

function fault(name: string, inject: Fault["inject"], needs?: "ensemble" | "disk"): Fault {
  return needs === undefined ? { name, inject } : { name, inject, needs };
}

export function pass(random: Prng, [low, high]: readonly [number, number]): Promise<void> {
  return sleep(random.between(low, high));
}

export function shuffled<T>(items: readonly T[], random: Prng): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]!);
}

/** A worker that is not the primary, a member if there is one. */
async function oneSecondary(rig: GroupRig, random: Prng): Promise<RigWorker> {
  const members = await rig.secondaries();
  return shuffled(members.length > 0 ? members : rig.othersThan(await rig.primary()), random)[0]!;
}

async function kill(worker: RigWorker, random: Prng): Promise<void> {
  await worker.kill();
  await pass(random, DOWN_MILLIS);
}

async function pause(worker: RigWorker, random: Prng, millis: readonly [number, number]): Promise<void> {
  worker.pause();
  await pass(random, millis);
  worker.resume();
}

async function stopAndStart(worker: RigWorker): Promise<void> {
  await worker.stop();
  await worker.start();
}

async function wipe(worker: RigWorker, random: Prng): Promise<void> {
  await worker.kill();
  await worker.wipe();
  await pass(random, [0, 1_000]);
  await worker.start();
}

function zookeeperServers(rig: GroupRig): readonly number[] {
  return [...rig.zookeeper.connectString.split(",").keys()];
}

function cutFromZookeeper(rig: GroupRig, worker: RigWorker, ways: "both" | "from"): void {
  for (const server of zookeeperServers(rig)) {
    rig.network.cutOneWay(`zk${server + 1}`, worker.id);
    if (ways === "both") rig.network.cutOneWay(worker.id, `zk${server + 1}`);
  }
}

function cutFromServers(rig: GroupRig, worker: RigWorker): void {
  for (const other of rig.othersThan(worker)) rig.network.cut(worker.id, other.id);
  cutFromZookeeper(rig, worker, "both");
}

async function killZookeeperServer(rig: GroupRig, random: Prng): Promise<void> {
  const server = random.below(zookeeperServers(rig).length);
  await rig.zookeeper.servers.stopServer(server, "SIGKILL");
  await pass(random, [500, 4_000]);
}

async function downZookeeper(rig: GroupRig, meanwhile: () => Promise<void>): Promise<void> {
  await Promise.all(zookeeperServers(rig).map((server) => rig.zookeeper.servers.stopServer(server, "SIGKILL")));
  await meanwhile();
  for (const server of zookeeperServers(rig)) {
    // Two faults at the same time may both have stopped it.
    if (rig.zookeeper.servers.pidOf(server) === undefined) rig.zookeeper.servers.startServer(server);
  }
}
