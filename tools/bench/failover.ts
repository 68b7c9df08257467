/**
 * How long a group answers nothing when its primary fails: `npm run bench:failover -- [--times 50] [--kinds kill,stop]`. Prints a
 * table for docs/benchmarks.md.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { GroupRig } from "../../test/support/groupRig.ts";
import { ClusterClients } from "../../test/support/groupRigClients.ts";
import type { RigWorker } from "../../test/support/groupRigWorker.ts";
import { countLost, FailoverProbe } from "./failoverProbe.ts";

const CALM_MILLIS = 300;
/** What follows a fault is watched for so long. */
const WATCH_MILLIS = 2_500;
const CUT_MILLIS = 2_000;
const CLIENTS = 8;
const WHOLE_MILLIS_MAX = 30_000;
/** A group is made anew after so many faults, so that no figure is that of one group's luck. */
const FAULTS_PER_RIG = 25;

type Kind = {
  readonly name: string;
  readonly text: string;
  readonly inject: (rig: GroupRig, primary: RigWorker) => Promise<void>;
};

type Sample = { write: number; read: number; replicaRead: number };

type Result = {
  readonly kind: Kind;
  readonly samples: Sample[];
  written: number;
  lost: number;
  requests: number;
  failures: string[];
  slowest: number[];
};

const KINDS: readonly Kind[] = [
  { name: "kill", text: "primary killed (`kill -9`)", inject: (_rig, primary) => primary.kill() },
  {
    name: "cut",
    text: "primary cut off from its peers and ZooKeeper",
    inject: async (rig, primary) => {
      for (const other of rig.othersThan(primary)) rig.network.cut(primary.id, other.id);
      for (const [index] of rig.zookeeper.connectString.split(",").entries()) {
        rig.network.cut(primary.id, `zk${index + 1}`);
      }
      await sleep(CUT_MILLIS);
      rig.network.heal();
    },
  },
  {
    name: "pause",
    text: "primary paused for 2 s (`SIGSTOP`)",
    inject: async (_rig, primary) => {
      primary.pause();
      await sleep(CUT_MILLIS);
      primary.resume();
    },
  },
  { name: "stop", text: "primary stopped (`SIGTERM`)", inject: async (_rig, primary) => void (await primary.stop()) },
  {
    name: "secondary",
    text: "secondary killed (`kill -9`)",
    inject: async (rig) => (await rig.secondaries())[0]!.kill(),
  },
  {
    name: "secondary-stop",
    text: "secondary stopped (`SIGTERM`)",
    inject: async (rig) => void (await (await rig.secondaries())[0]!.stop()),
  },
];

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const { values } = parseArgs({
  options: {
    times: { type: "string", default: "50" },
    kinds: { type: "string", default: "kill,cut,pause,stop,secondary,secondary-stop" },
    zookeeper: { type: "string", default: "3" },
  },
});
const names = values.kinds.split(",");
const chosen = KINDS.filter(({ name }) => names.includes(name));
if (chosen.length < names.length || !(Number(values.times) >= 1)) {
  console.error(`kinds: ${KINDS.map(({ name }) => name).join(" ")}`);
  process.exit(2);
}
const results: Result[] = [];
for (const kind of chosen) {
  results.push(await measure(kind, Number(values.times), values.zookeeper === "1" ? 1 : 3));
}
printTable(results);
process.exit(results.some(({ lost }) => lost > 0) ? 1 : 0);

async function measure(kind: Kind, times: number, zookeeperServers: 1 | 3): Promise<Result> {
  const result: Result = { kind, samples: [], written: 0, lost: 0, requests: 0, failures: [], slowest: [] };
  for (let done = 0; done < times; ) {
    const rig = await GroupRig.start({ zookeeperServers });
    try {
      for (let inRig = 0; inRig < FAULTS_PER_RIG && done < times; inRig++, done++) {
        await once(rig, kind, `${kind.name}${done}`, result);
      }
    } finally {
      await rig.stop();
    }
  }
  return result;
}

async function once(rig: GroupRig, kind: Kind, name: string, result: Result): Promise<void> {
  const primary = await rig.primary();
  const probe = new FailoverProbe(rig.endpoints, name);
  const clients = new ClusterClients(rig.endpoints, CLIENTS, `${name}:c`, primary.id);
  await sleep(CALM_MILLIS);
  const began = performance.now();
  const injected = kind.inject(rig, primary);
  await Promise.all([injected, sleep(WATCH_MILLIS)]);
  const until = performance.now();
  await Promise.all([probe.stop(), clients.stop()]);
  const sample = {
    write: probe.longestGap("write", began, until),
    read: probe.longestGap("read", began, until),
    replicaRead: probe.longestGap("replicaRead", began, until),
  };
  result.samples.push(sample);
  result.requests += clients.requests;
  result.failures.push(...clients.failures);
  result.slowest.push(clients.slowestMillis);
  await rig.repair();
  await rig.whole(WHOLE_MILLIS_MAX);
  result.written += probe.written.length;
  for (const endpoint of rig.endpoints) result.lost += await countLost(endpoint, probe.written);
  const figures = Object.values(sample).map((each) => each.toFixed(0));
  const kinds = [...new Set(clients.failures)].join("; ");
  console.error(
    `${name}: ${figures.join(" / ")} ms without writes / reads / reads at any replica; ${clients.failures.length} of ${clients.requests} requests failed ${kinds}, slowest ${clients.slowestMillis.toFixed(0)} ms`,
  );
}

function printTable(rows: readonly Result[]): void {
  console.log("| What happens | times | | p50 | p90 | p99 | max |");
  console.log("|---|---:|---|---:|---:|---:|---:|");
  for (const { kind, samples } of rows) {
    const lines = [
      ["no writes", samples.map(({ write }) => write)],
      ["no reads at the primary", samples.map(({ read }) => read)],
      ["no reads anywhere", samples.map(({ replicaRead }) => replicaRead)],
    ] as const;
    for (const [index, [what, millis]] of lines.entries()) {
      const points = [0.5, 0.9, 0.99, 1].map((share) => `${percentile(millis, share).toFixed(0)} ms`);
      const head = index === 0 ? `${kind.text} | ${samples.length}` : " | ";
      console.log(`| ${head} | ${what} | ${points.join(" | ")} |`);
    }
  }
  console.log(
    "\n| What happens | acknowledged writes | lost | requests of cluster clients | failed | slowest request, p50 / max |",
  );
  console.log("|---|---:|---:|---:|---:|---:|");
  for (const { kind, written, lost, requests, failures, slowest } of rows) {
    const times = [0.5, 1].map((share) => `${percentile(slowest, share).toFixed(0)} ms`).join(" / ");
    console.log(`| ${kind.text} | ${written} | ${lost} | ${requests} | ${failures.length} | ${times} |`);
  }
}

/** Of a few values: the smallest that is not below `share` of them. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
