import { parentPort, workerData } from "node:worker_threads";
import { ClassicLevel } from "classic-level";
import { forEachOperation } from "../base/engineBatch.ts";
import type { LevelReply, LevelRequest, LevelThreadData } from "./levelMessages.ts";

/**
 * The thread that writes to LevelDB and goes over ranges of it. The main thread reads single keys by itself, through the
 * same open database (`multithreading`).
 */
const { location, options, wake, pages } = workerData as LevelThreadData;
const database = new ClassicLevel<Buffer, Buffer>(location, {
  ...options,
  keyEncoding: "buffer",
  valueEncoding: "buffer",
});
const port = parentPort!;
// Batches must not overtake one another.
let writing: Promise<void> = database.open();

port.on("message", (request: LevelRequest) => {
  if (request.kind === "scan") void scan(request);
  else {
    writing = writing
      .then(() => write(request))
      .then(
        () => port.postMessage({ id: request.id, error: undefined } satisfies LevelReply),
        (error: unknown) => port.postMessage({ id: request.id, error: String(describe(error)) } satisfies LevelReply),
      );
  }
});

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function write(request: Exclude<LevelRequest, { kind: "scan" }>): Promise<void> {
  if (request.kind === "close") await database.close();
  else if (request.kind === "clear")
    await database.clear({ gte: Buffer.from(request.gte), lt: Buffer.from(request.lt) });
  else {
    // A chained batch costs a third of an array of operations: 2.7 against 8 microseconds an operation were measured.
    const batch = database.batch();
    const { buffer, byteOffset, byteLength } = request.bytes;
    forEachOperation(Buffer.from(buffer, byteOffset, byteLength), (key, value) => {
      if (value === undefined) batch.del(key as Buffer);
      else batch.put(key as Buffer, value as Buffer);
    });
    await batch.write({ sync: request.sync });
  }
}

/** The main thread sleeps until this is answered. */
async function scan(request: Extract<LevelRequest, { kind: "scan" }>): Promise<void> {
  const { range } = request;
  const from = range.gte === undefined ? { gt: Buffer.from(range.gt!) } : { gte: Buffer.from(range.gte) };
  try {
    const iterator = database.iterator({
      ...from,
      lt: Buffer.from(range.lt),
      limit: range.limit,
      values: range.keysOnly !== true,
    });
    const pairs: [Uint8Array, Uint8Array][] = [];
    try {
      while (pairs.length < range.limit) {
        const page = await iterator.nextv(Math.min(1000, range.limit - pairs.length));
        if (page.length === 0) break;
        for (const [key, value] of page) pairs.push([key, value ?? new Uint8Array(0)]);
      }
    } finally {
      await iterator.close();
    }
    pages.postMessage({ pairs });
  } catch (error) {
    pages.postMessage({ error: describe(error) });
  }
  Atomics.add(wake, 0, 1);
  Atomics.notify(wake, 0);
}
