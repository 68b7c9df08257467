import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Host } from "../servers.ts";
import { median } from "../statistics.ts";
import type { ClusterKind } from "./systems.ts";

export interface SlotsReplyResult {
  system: string;
  requestsPerSecond: number;
}

const run = promisify(execFile);
const rounds = 3;
const requests = 100_000;
const millisMax = 60_000;

/** How many `CLUSTER SLOTS` a second one node answers, driven by `redis-benchmark` with 50 connections. */
export async function measureSlotsReply(kinds: readonly ClusterKind[], host: Host): Promise<SlotsReplyResult[]> {
  const results: SlotsReplyResult[] = [];
  for (const kind of kinds) {
    const system = await kind.start(host);
    try {
      const { port } = system.nodes[0]!;
      const rates: number[] = [];
      await askSlots(port);
      for (let round = 0; round < rounds; round++) rates.push(await askSlots(port));
      results.push({ system: system.name, requestsPerSecond: median(rates) });
    } finally {
      await system.close();
    }
  }
  return results;
}

async function askSlots(port: number): Promise<number> {
  const args = ["-p", String(port), "-c", "50", "-n", String(requests), "--csv", "cluster", "slots"];
  const { stdout } = await run("redis-benchmark", args, { timeout: millisMax, maxBuffer: 1 << 22 });
  const rate = Number(/^"cluster slots","([\d.]+)"/m.exec(stdout)?.[1]);
  if (!(rate > 0)) throw new Error(`redis-benchmark printed no rate:\n${stdout}`);
  return rate;
}
