import type { Prng } from "../../src/base/prng.ts";
import type { ClusterRig } from "../support/clusterRig.ts";
import type { RigProcess } from "../support/groupRigProcess.ts";
import { FAULTS, type Fault, type LoadFacts, pass, shuffled } from "./faults.ts";

/** Something that goes wrong in a cluster for a while; the rest of the repair is left to `ClusterRig.repair`. */
export type ClusterFault = Pick<Fault, "name" | "needs"> & {
  readonly inject: (rig: ClusterRig, random: Prng, load: LoadFacts) => Promise<void>;
};

/** Longer than a session at ZooKeeper: somebody else has become the active master meanwhile. */
const SESSION_MILLIS = [4_500, 8_000] as const;
const DOWN_MILLIS = [0, 2_000] as const;
const CUT_MILLIS = [500, 4_000] as const;
const WHOLE_MILLIS_MAX = 40_000;

const OF_CLUSTER: readonly ClusterFault[] = [
  fault("kill-active-master", async (rig, random) => {
    await (await rig.activeMaster()).kill();
    await pass(random, DOWN_MILLIS);
  }),
  fault("kill-all-masters", async (rig, random) => {
    await Promise.all(rig.masters.map((master) => master.kill()));
    await pass(random, DOWN_MILLIS);
  }),
  fault("stop-active-master", async (rig) => {
    const master = await rig.activeMaster();
    await master.stop();
    await master.start();
  }),
  fault("pause-active-master", async (rig, random) => {
    const master = await rig.activeMaster();
    master.pause();
    await pass(random, SESSION_MILLIS);
    master.resume();
  }),
  fault("cut-active-master-from-zookeeper", async (rig, random) => {
    const { id } = await rig.activeMaster();
    for (const [server] of rig.zookeeper.connectString.split(",").entries()) rig.network.cut(id, `zk${server + 1}`);
    await pass(random, SESSION_MILLIS);
  }),
  fault("kill-two-primaries", async (rig, random) => {
    await killAll(await primariesOfTwo(rig, random));
    await pass(random, DOWN_MILLIS);
  }),
  fault("kill-master-and-primary", async (rig, random) => {
    const [primary] = await primariesOfTwo(rig, random);
    await killAll([primary, await rig.activeMaster()]);
    await pass(random, DOWN_MILLIS);
  }),
  fault("kill-everything", async (rig, random) => {
    const all = shuffled([...rig.workers, ...rig.masters], random);
    await killAll(all);
    for (const each of all) {
      await pass(random, [0, 200]);
      await each.start();
    }
  }),
  fault("cut-two-groups", async (rig, random) => {
    const [one, other] = shuffled(rig.groups, random);
    for (const { id } of one!.workers) for (const { id: peer } of other!.workers) rig.network.cut(id, peer);
    await pass(random, CUT_MILLIS);
  }),
  fault("cut-two-primaries-one-way", async (rig, random) => {
    const [one, other] = await primariesOfTwo(rig, random);
    rig.network.cutOneWay(one.id, other.id);
    await pass(random, CUT_MILLIS);
  }),
  fault("cut-two-primaries-shortly", async (rig, random) => {
    const [one, other] = await primariesOfTwo(rig, random);
    for (let times = 0; times < 4; times++) {
      rig.network.cut(one.id, other.id);
      await pass(random, [30, 600]);
      rig.network.heal();
      await pass(random, [0, 400]);
    }
  }),
  fault("pause-two-primaries", async (rig, random) => {
    const primaries = await primariesOfTwo(rig, random);
    for (const primary of primaries) primary.pause();
    await pass(random, CUT_MILLIS);
    for (const primary of primaries) {
      primary.resume();
      await pass(random, [0, 300]);
    }
  }),
  fault("restart-one-by-one", async (rig, random) => {
    for (const group of shuffled(rig.groups, random)) {
      for (const worker of group.workers) {
        await worker.stop();
        await worker.start();
        await group.whole(WHOLE_MILLIS_MAX);
      }
    }
  }),
];

/** What can go wrong with one group, with any of the groups; and what takes a cluster. */
export const CLUSTER_FAULTS: readonly ClusterFault[] = [
  ...FAULTS.map(({ inject, ...facts }) => ({
    ...facts,
    inject: (rig: ClusterRig, random: Prng, load: LoadFacts) => inject(random.pick(rig.groups), random, load),
  })),
  ...OF_CLUSTER,
];

function fault(name: string, inject: ClusterFault["inject"]): ClusterFault {
  return { name, inject };
}

/** Of two groups, which may well be the source and the target of a move. */
async function primariesOfTwo(rig: ClusterRig, random: Prng) {
  const [one, other] = shuffled(rig.groups, random);
  return [await one!.primary(), await other!.primary()] as const;
}

async function killAll(processes: readonly RigProcess[]): Promise<void> {
  await Promise.all(processes.map((each) => each.kill()));
}
