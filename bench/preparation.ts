import { setTimeout as sleep } from "node:timers/promises";
import { callOnce } from "./connection.ts";
import { type Dataset, load } from "./loader.ts";
import type { Server } from "./servers.ts";

const clearAttemptsMax = 20;
const clearPauseMillis = 50;

const loaded = new WeakMap<Server, Dataset>();

/**
 * Brings a server's data to the wanted set: nothing to do if it is there already, else everything is flushed and
 * loaded anew. Says whether anything was loaded. Throws if the server then counts other keys than were written.
 */
export async function prepare(server: Server, dataset: Dataset): Promise<boolean> {
  const present = loaded.get(server);
  if (present !== undefined && dataset.kind !== "empty" && isSame(present, dataset)) return false;
  loaded.delete(server);
  await clear(server);
  await load(server.port, dataset);
  const count = await countKeys(server);
  if (count !== keyCount(dataset)) {
    throw new Error(`${server.contender.name} counts ${count} keys after loading ${keyCount(dataset)}`);
  }
  loaded.set(server, dataset);
  return dataset.kind !== "empty";
}

/**
 * Flushes until nothing is left: when `redis-benchmark` has all the replies that it wants it closes its connections, and
 * a server may still find requests in them, and execute them, after the first flush.
 */
async function clear(server: Server): Promise<void> {
  for (let attempt = 0; attempt < clearAttemptsMax; attempt++) {
    await callOnce(server.port, "FLUSHALL");
    await sleep(clearPauseMillis);
    if ((await countKeys(server)) === 0) return;
  }
  throw new Error(`${server.contender.name} still has keys after ${clearAttemptsMax} times FLUSHALL`);
}

async function countKeys(server: Server): Promise<number> {
  return Number(await callOnce(server.port, "DBSIZE"));
}

function isSame(a: Dataset, b: Dataset): boolean {
  return a.kind === b.kind && a.keys === b.keys && a.valueBytes === b.valueBytes;
}

function keyCount(dataset: Dataset): number {
  if (dataset.kind === "empty") return 0;
  return dataset.kind === "strings" || dataset.kind === "counters" ? dataset.keys : 1;
}
