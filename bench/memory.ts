import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "./loader.ts";
import { prepare } from "./preparation.ts";
import { type ResidentMemory, readResidentMemory, settle } from "./procfs.ts";
import type { Server } from "./servers.ts";

/** Memory and disk of a server that holds a data set and has come to rest. */
export interface MemoryResult {
  contender: string;
  dataset: Dataset;
  empty: ResidentMemory;
  loaded: ResidentMemory;
  /** What the data set added to resident memory, by key. */
  residentBytesPerKey: number;
  diskBytes: number;
  loadSeconds: number;
}

const atRest = { quietMillis: 1_000, timeoutMillis: 180_000 };

/** Loads a data set into a fresh server and measures it before and after. */
export async function measureMemory(server: Server, dataset: Dataset): Promise<MemoryResult> {
  await settle(server.pid, atRest);
  const empty = readResidentMemory(server.pid);
  const start = performance.now();
  await prepare(server, dataset);
  const loadSeconds = (performance.now() - start) / 1_000;
  await settle(server.pid, atRest);
  const loaded = readResidentMemory(server.pid);
  return {
    contender: server.contender.name,
    dataset,
    empty,
    loaded,
    residentBytesPerKey: (loaded.rssBytes - empty.rssBytes) / dataset.keys,
    diskBytes: directoryBytes(server.dataDirectory),
    loadSeconds,
  };
}

/** Blocks that all files below a directory occupy, in bytes. Files that vanish meanwhile count nothing. */
function directoryBytes(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const stats = statSync(join(directory, entry), { throwIfNoEntry: false });
    if (stats?.isFile()) bytes += stats.blocks * 512;
  }
  return bytes;
}
