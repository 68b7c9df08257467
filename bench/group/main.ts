/**
 * Compares a durable group of three replicas with Redis and etcd on this machine, in one run: `npm run bench:group -- --help`.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { hasEtcd } from "../etcd.ts";
import { chooseDataRoot, describeMachine, machineLines } from "../machine.ts";
import { positive, runMain } from "../options.ts";
import { writeBetweenMarks } from "../report.ts";
import type { Host } from "../servers.ts";
import { renderMarkdownTable, renderTable } from "../table.ts";
import type { View } from "../views.ts";
import { measureReads, measureWrites } from "./measure.ts";
import { etcdGroup, holdfastGroup, redisGroup, type SystemKind } from "./systems.ts";
import { groupMethod, groupTargetsView, readsView, writesView } from "./views.ts";

const help = `Usage: npm run bench:group -- [options]

Durable writes of three replicas: Holdfast, Redis with WAIT, etcd; then reads of one to three replicas of Holdfast.

  --only LIST      systems: holdfast, redis, etcd
  --writes         only the writes
  --reads          only the reads
  --rounds N       rounds, of which the medians are reported (default 3)
  --seconds N      length of one load (default 4)
  --data DIR       directory on the disk to use (default: the temporary directory)
  --holdfast PATH  the program to measure (default bin/holdfast)
  --markdown FILE  the tables, between two marks if the file has them`;

await runMain(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      help: { type: "boolean", short: "h", default: false },
      writes: { type: "boolean", default: false },
      reads: { type: "boolean", default: false },
      only: { type: "string", default: "holdfast,redis,etcd" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      data: { type: "string" },
      holdfast: { type: "string", default: "bin/holdfast" },
      markdown: { type: "string" },
    },
  });
  if (values.help) return console.log(help);
  const host: Host = { dataRoot: chooseDataRoot(values.data), serverCore: undefined };
  const pace = { rounds: positive("rounds", values.rounds), seconds: positive("seconds", values.seconds) };
  const machine = machineLines(await describeMachine(host.dataRoot));
  for (const line of [...machine, ...groupMethod(pace)]) console.log(line);
  const holdfast = holdfastGroup({ script: resolve(values.holdfast), nodeArgs: [], extraArgs: [] });
  const writes = values.reads ? [] : await measureWrites(await kinds(values.only, holdfast), host, pace, console.log);
  const reads = values.writes ? [] : await measureReads(holdfast, host, pace);
  const parts = [
    { name: "group writes", views: [groupTargetsView(writes), writesView(writes)] },
    { name: "group reads", views: [readsView(reads)] },
  ];
  for (const part of parts) {
    const views = part.views.filter((view) => view.rows.length > 0);
    for (const view of views) console.log(`\n${view.title}\n${renderTable(view.columns, view.rows)}`);
    if (values.markdown === undefined || views.length === 0) continue;
    const command = ["npm run bench:group --", ...process.argv.slice(2)].join(" ");
    const head = `Measured on ${new Date().toISOString().slice(0, 10)} by \`${command}\`.`;
    const body = [head, ["```", ...machine, "```"].join("\n"), groupMethod(pace).join("\n"), ...views.map(section)];
    writeBetweenMarks(values.markdown, part.name, body.join("\n\n"));
  }
});

async function kinds(only: string, holdfast: SystemKind): Promise<SystemKind[]> {
  const wanted = new Set(only.split(","));
  const isEtcdHere = await hasEtcd();
  if (wanted.has("etcd") && !isEtcdHere) console.log("etcd is not installed here.");
  return [
    ...(wanted.has("holdfast") ? [holdfast] : []),
    ...(wanted.has("redis") ? [redisGroup()] : []),
    ...(wanted.has("etcd") && isEtcdHere ? [etcdGroup()] : []),
  ];
}

function section(view: View): string {
  return `### ${view.title}\n\n${renderMarkdownTable(view.columns, view.rows)}`;
}
