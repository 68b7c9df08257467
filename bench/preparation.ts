import { callOnce } from "./connection.ts";
import { type Dataset, load } from "./loader.ts";
import type { Server } from "./servers.ts";

const loaded = new WeakMap<Server, Dataset>();

/**
 * Brings a server's data to the wanted set: nothing to do if it is there already, else everything is flushed and
 * loaded anew. Says whether anything was loaded. Throws if the server then counts other keys than were written.
 */
export async function prepare(server: Server, dataset: Dataset): Promise<boolean> {
  const present = loaded.get(server);
  if (present !== undefined && dataset.kind !== "empty" && isSame(present, dataset)) return false;
  loaded.delete(server);
  await callOnce(server.port, "FLUSHALL");
  await load(server.port, dataset);
  const count = Number(await callOnce(server.port, "DBSIZE"));
  if (count !== keyCount(dataset)) {
    throw new Error(`${server.contender.name} counts ${count} keys after loading ${keyCount(dataset)}`);
  }
  loaded.set(server, dataset);
  return dataset.kind !== "empty";
}

function isSame(a: Dataset, b: Dataset): boolean {
  return a.kind === b.kind && a.keys === b.keys && a.valueBytes === b.valueBytes;
}

function keyCount(dataset: Dataset): number {
  if (dataset.kind === "empty") return 0;
  return dataset.kind === "strings" || dataset.kind === "counters" ? dataset.keys : 1;
}
