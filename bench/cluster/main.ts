/**
 * Compares a cluster of three groups with a Redis Cluster of three primaries on this machine, in one run: `npm run bench:cluster -- --help`.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { chooseDataRoot, describeMachine, machineLines } from "../machine.ts";
import { oneOf, positive, runMain } from "../options.ts";
import { writeBetweenMarks } from "../report.ts";
import { durabilities, type Host } from "../servers.ts";
import { renderMarkdownTable, renderTable } from "../table.ts";
import type { View } from "../views.ts";
import { measureForwarding } from "./forwarding.ts";
import { Keys } from "./keys.ts";
import { measurePauses } from "./pause.ts";
import { measureRelocate, type RelocatePace, type RelocateResult } from "./relocate.ts";
import { measureSlotsReply } from "./slotsReply.ts";
import { type HoldfastClusterOptions, holdfastCluster, redisCluster } from "./systems.ts";
import {
  clusterMethod,
  forwardingView,
  pauseView,
  relocateTargetsView,
  relocateView,
  slotsReplyView,
} from "./views.ts";

const parts = ["relocate", "load", "pause", "forwarding", "slots"] as const;

const help = `Usage: npm run bench:cluster -- [options]

Slots that move between three groups, beside redis-cli --cluster reshard; how long a moving slot stands still; forwarding; CLUSTER SLOTS.

  --only LIST        parts: ${parts.join(", ")}
  --systems LIST     for relocate, load and slots: holdfast, redis
  --keys N           keys of 100 bytes in the whole cluster (default 300000)
  --slots N          slots that one command moves (default 4096)
  --rounds N         commands, of which the medians are reported (default 2 while idle, 8 under load)
  --rate N           requests a second under load (default 4000)
  --moved N          for pause: how many slots are moved in all (default 1000)
  --slots-per-move N for pause: so many at a time (default 8)
  --seconds N        for pause: begin no move behind this (default 600)
  --durability MODE  sync or memory: Redis by appendfsync always or everysec (default sync)
  --replicas N       of each group of Holdfast (default 1, as Redis has)
  --zookeepers N     servers of the ensemble (default 3)
  --data DIR         directory on the disk to use (default: the temporary directory)
  --holdfast PATH    the program to measure (default bin/holdfast)
  --node-args TEXT   arguments of Node.js for the workers, such as --cpu-prof
  --markdown FILE    the tables, between two marks if the file has them`;

await runMain(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string", default: parts.join(",") },
      systems: { type: "string", default: "holdfast,redis" },
      keys: { type: "string", default: "300000" },
      slots: { type: "string", default: "4096" },
      rounds: { type: "string" },
      rate: { type: "string", default: "4000" },
      moved: { type: "string", default: "1000" },
      "slots-per-move": { type: "string", default: "8" },
      seconds: { type: "string", default: "600" },
      durability: { type: "string", default: "sync" },
      replicas: { type: "string", default: "1" },
      zookeepers: { type: "string", default: "3" },
      data: { type: "string" },
      holdfast: { type: "string", default: "bin/holdfast" },
      "node-args": { type: "string", default: "" },
      markdown: { type: "string" },
    },
  });
  if (values.help) return console.log(help);
  const host: Host = { dataRoot: chooseDataRoot(values.data), serverCore: undefined };
  const durability = oneOf("durability", values.durability, durabilities);
  const nodeArgs = values["node-args"].split(" ").filter((word) => word !== "");
  const options: HoldfastClusterOptions = {
    program: { script: resolve(values.holdfast), nodeArgs, extraArgs: [] },
    durability,
    replicas: positive("replicas", values.replicas),
    zookeepers: positive("zookeepers", values.zookeepers),
    isProxy: false,
  };
  const holdfast = holdfastCluster(options);
  const systems = values.systems.split(",").map((name) => oneOf("systems", name, ["holdfast", "redis"] as const));
  const kinds = systems.map((name) => (name === "redis" ? redisCluster(durability) : holdfast));
  const only = new Set(values.only.split(",").map((name) => oneOf("only", name, parts)));
  const keys = new Keys(positive("keys", values.keys));
  const slotsEach = positive("slots", values.slots);
  const roundsOr = (count: number): number => (values.rounds === undefined ? count : positive("rounds", values.rounds));
  // With a third one idle, slots would go where they were seconds ago, and what they left behind there would be cleaned first.
  const idle = { slots: slotsEach, rounds: roundsOr(2), rate: 0 };
  const busy = { slots: slotsEach, rounds: roundsOr(8), rate: positive("rate", values.rate) };
  const machine = machineLines(await describeMachine(host.dataRoot));
  const method = clusterMethod({
    ...options,
    keys: keys.count,
    slots: slotsEach,
    rate: busy.rate,
    idle: idle.rounds,
    busy: busy.rounds,
  });
  for (const line of [...machine, ...method]) console.log(line);

  const relocateAll = async (pace: RelocatePace): Promise<RelocateResult[]> => {
    const results: RelocateResult[] = [];
    for (const kind of kinds) results.push(await measureRelocate(kind, host, keys, pace));
    return results;
  };
  const measure = {
    relocate: async (): Promise<View[]> => {
      const results = await relocateAll(idle);
      return [relocateTargetsView(results), relocateView("Moving slots, idle", results)];
    },
    load: async (): Promise<View[]> => {
      const results = await relocateAll(busy);
      return [relocateTargetsView(results), relocateView(`Moving slots under ${busy.rate} requests a second`, results)];
    },
    pause: async (): Promise<View[]> => {
      const slotsPerMove = positive("slots-per-move", values["slots-per-move"]);
      const slots = positive("moved", values.moved);
      const secondsMax = positive("seconds", values.seconds);
      return [pauseView(await measurePauses(holdfast, host, keys, { slotsPerMove, slots, secondsMax }))];
    },
    forwarding: async (): Promise<View[]> => {
      return [forwardingView(await measureForwarding(holdfastCluster({ ...options, isProxy: true }), host))];
    },
    slots: async (): Promise<View[]> => [slotsReplyView(await measureSlotsReply(kinds, host))],
  };
  for (const part of parts.filter((name) => only.has(name))) {
    const views = (await measure[part]()).filter((view) => view.rows.length > 0);
    for (const view of views) console.log(`\n${view.title}\n${renderTable(view.columns, view.rows)}`);
    if (values.markdown === undefined) continue;
    const words = ["npm run bench:cluster --", ...process.argv.slice(2)].join(" ");
    const head = `Measured on ${new Date().toISOString().slice(0, 10)} by \`${words}\`.`;
    const body = [head, ["```", ...machine, "```"].join("\n"), method.join("\n"), ...views.map(section)];
    writeBetweenMarks(values.markdown, `cluster ${part}`, body.join("\n\n"));
  }
});

function section(view: View): string {
  return `### ${view.title}\n\n${renderMarkdownTable(view.columns, view.rows)}`;
}
