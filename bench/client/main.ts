/**
 * Compares the client library with ioredis at the same nodes, in one run: `npm run bench:client -- --help`. It is bundled, not run as
 * TypeScript: what translates that while a program runs makes each of its functions slower.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "../../src/client/connect.ts";
import { type HoldfastCluster, holdfastCluster } from "../cluster/systems.ts";
import { chooseDataRoot, describeMachine, machineLines } from "../machine.ts";
import { oneOf, positive, runMain } from "../options.ts";
import { writeBetweenMarks } from "../report.ts";
import { durabilities, type Host } from "../servers.ts";
import { renderMarkdownTable, renderTable } from "../table.ts";
import type { View } from "../views.ts";
import { fill, holdfastLibrary, ioredisLibrary, keyCount, load, valueBytes } from "./loads.ts";
import { measure, measureCached, type Pace, type Row } from "./measure.ts";
import { cachedFloorOf, evenFloorOf, type Floor, floorsView, ioredisFloors, onceFloors, ratesView } from "./views.ts";

const parts = ["get", "put", "cached", "spread"] as const;

const help = `Usage: npm run bench:client -- [options]

The client library beside ioredis in cluster mode, both in one program, asking the same three groups of one replica in turns; reads
of what the cache knows; reads spread over a group of three.

  --only LIST        parts: ${parts.join(", ")}
  --concurrency LIST calls under way at a time (default 1,16,64,512)
  --rounds N         loads of each kind, of which the medians are reported (default 5)
  --seconds N        length of a load (default 1)
  --durability MODE  sync or memory (default sync)
  --data DIR         directory on the disk to use (default: the temporary directory)
  --holdfast PATH    the program to measure (default bin/holdfast)
  --markdown FILE    the tables, between two marks if the file has them`;

await runMain(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string", default: parts.join(",") },
      concurrency: { type: "string", default: "1,16,64,512" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1" },
      durability: { type: "string", default: "sync" },
      data: { type: "string" },
      holdfast: { type: "string", default: "bin/holdfast" },
      markdown: { type: "string" },
    },
  });
  if (values.help) return console.log(help);
  const host: Host = { dataRoot: chooseDataRoot(values.data), serverCore: undefined };
  const only = new Set(values.only.split(",").map((name) => oneOf("only", name, parts)));
  const concurrencies = values.concurrency.split(",").map((text) => positive("concurrency", text));
  const pace = { rounds: positive("rounds", values.rounds), seconds: positive("seconds", values.seconds) };
  const durability = oneOf("durability", values.durability, durabilities);
  const machine = machineLines(await describeMachine(host.dataRoot));
  const method = [
    `Three groups of one replica (\`--durability ${durability}\`), a master, ZooKeeper and the one program that asks share this machine's cores. ${keyCount} keys,`,
    `values of ${valueBytes} bytes; medians of ${pace.rounds} loads of ${pace.seconds} s, the libraries in turns, after 2 s of 512 calls at a time each and a load of the same kind. µs is processor time for one call.`,
  ];
  for (const line of [...machine, ...method]) console.log(line);

  const start = async (replicas: number): Promise<HoldfastCluster> => {
    const program = { script: resolve(values.holdfast), nodeArgs: [], extraArgs: [] };
    return holdfastCluster({ program, durability, replicas, zookeepers: 1, isProxy: false }).start(host);
  };
  const rows: Row[] = [];
  const floors: Floor[] = [];
  const cluster = await start(1);
  const operations = (["get", "put"] as const).filter((operation) => only.has(operation));
  for (const operation of operations) {
    const measured = await measureOperation(cluster, operation, concurrencies, pace);
    rows.push(...measured);
    floors.push(...ioredisFloors(measured), ...(operation === "put" ? onceFloors(measured) : []));
  }
  if (only.has("cached")) {
    const cache = { bytesMax: 64 * 1024 * 1024 };
    const library = await holdfastLibrary("cached", { addresses: masterOf(cluster), cache });
    floors.push(cachedFloorOf(await measureCached(library, pace)));
    await library.close();
  }
  await cluster.close();
  if (only.has("spread")) floors.push(evenFloorOf(await measureSpread(await start(3), pace)));

  const views = [floorsView(floors), ratesView(rows)].filter((view) => view.rows.length > 0);
  for (const view of views) console.log(`\n${view.title}\n${renderTable(view.columns, view.rows)}`);
  if (values.markdown === undefined) return;
  const words = ["npm run bench:client --", ...process.argv.slice(2)].join(" ");
  const head = `Measured on ${new Date().toISOString().slice(0, 10)} by \`${words}\`.`;
  const body = [head, ["```", ...machine, "```"].join("\n"), method.join("\n"), ...views.map(section)];
  writeBetweenMarks(values.markdown, "client", body.join("\n\n"));
});

/** Where its master answers calls. */
function masterOf({ servers }: HoldfastCluster): string {
  return `127.0.0.1:${servers[1]!.port}`;
}

async function measureOperation(
  cluster: HoldfastCluster,
  operation: "get" | "put",
  concurrencies: readonly number[],
  pace: Pace,
): Promise<Row[]> {
  const addresses = masterOf(cluster);
  const libraries = [
    await holdfastLibrary("holdfast", { addresses }),
    await ioredisLibrary(cluster.nodes[0]!.port),
    ...(operation === "get"
      ? []
      : [await holdfastLibrary("holdfast, not exactly once", { addresses, exactlyOnce: false })]),
  ];
  await fill(libraries[0]!);
  const pids = cluster.nodes.map(({ server }) => server.pid);
  const rows = await measure(libraries, operation, concurrencies, pids, pace);
  for (const library of libraries) await library.close();
  return rows;
}

/** How many linearizable reads of one key each replica of its group answers. */
async function measureSpread(cluster: HoldfastCluster, { seconds }: Pace): Promise<number[]> {
  const client = await connect({ addresses: masterOf(cluster) });
  const library = {
    ...{ name: "holdfast", close: () => client.close(), put: (key: string, value: string) => client.put(key, value) },
    get: () => client.get("key:1"),
  };
  await library.put("key:1", "value");
  const reads = (): ReadonlyMap<string, number> =>
    new Map(client.metrics().nodes.map(({ address, reads }) => [address, reads]));
  await load(library, "get", 64, seconds);
  const before = reads();
  await load(library, "get", 64, seconds);
  const counts = [...reads()].map(([address, count]) => count - (before.get(address) ?? 0));
  await client.close();
  await cluster.close();
  return counts.filter((count) => count > 0);
}

function section(view: View): string {
  return `### ${view.title}\n\n${renderMarkdownTable(view.columns, view.rows)}`;
}
