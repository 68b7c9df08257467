import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDeadline } from "../../support/respClient.ts";
import { testsRedis } from "../../support/serverUnderTest.ts";
import type { Load } from "../load.ts";
import { observeAt } from "../observe.ts";
import { launchReady } from "../target.ts";

const DEADLINE_MILLIS = 30_000;

/** The file that says whose data a directory holds, and in which format. */
export const IDENTITY_FILE = "holdfast.json";

/** The files of the write-ahead log, oldest first, with their directory. */
export async function logFiles(dataDirectory: string): Promise<string[]> {
  const directory = join(dataDirectory, testsRedis ? "appendonlydir" : "log");
  const names = (await readdir(directory)).filter((it) =>
    testsRedis ? it.endsWith(".incr.aof") : !it.startsWith("."),
  );
  return names.sort().map((name) => join(directory, name));
}

/** The newest file of the log. */
export async function newestLogFile(dataDirectory: string): Promise<string> {
  const newest = (await logFiles(dataDirectory)).at(-1);
  if (newest === undefined) throw new Error(`${dataDirectory} has no log`);
  return newest;
}

/** Files of LevelDB whose names match. */
export async function storeFiles(dataDirectory: string, pattern: RegExp): Promise<string[]> {
  const directory = join(dataDirectory, "store");
  return (await readdir(directory)).filter((it) => pattern.test(it)).map((it) => join(directory, it));
}

/** Position behind the last byte that is not zero: space that was prepared for later records does not count. */
export async function endOfContent(file: string): Promise<number> {
  const bytes = await readFile(file);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Writes bytes over those at a position. */
export async function overwrite(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.write(bytes, 0, bytes.length, at);
  } finally {
    await handle.close();
  }
}

/** Turns one bit over. */
export async function flipBit(file: string, at: number, bit: number): Promise<void> {
  const byte = (await readFile(file))[at];
  if (byte === undefined) throw new Error(`${file} has no byte ${at}`);
  await overwrite(file, at, Uint8Array.of(byte ^ (1 << bit)));
}

/** What a refused start must leave as it was: the log and the identity. (Opening LevelDB writes files of its own.) */
export async function digest(dataDirectory: string): Promise<Readonly<Record<string, string>>> {
  const identity = testsRedis ? [] : [join(dataDirectory, IDENTITY_FILE)];
  const files = [...identity, ...(await logFiles(dataDirectory))];
  const digests: Record<string, string> = {};
  for (const file of files)
    digests[file] = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  return digests;
}

/** Runs a test in a directory of its own that is removed afterwards; `data` in it exists and is empty. */
export async function inDirectory(body: (directory: string, dataDirectory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-damage-"));
  try {
    const dataDirectory = join(directory, "data");
    await mkdir(dataDirectory);
    await body(directory, dataDirectory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs `body` on a copy of a data directory, which is removed afterwards. */
export async function onCopy(dataDirectory: string, body: (copy: string) => Promise<void>): Promise<void> {
  const copy = `${dataDirectory}.copy`;
  await cp(dataDirectory, copy, { recursive: true });
  try {
    await body(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Waits until so many writes more are acknowledged. */
export function acknowledges(load: Load, count: number): Promise<void> {
  return withDeadline(load.acknowledgedMore(count), DEADLINE_MILLIS, () => `${count} more writes are not acknowledged`);
}

/**
 * One life of a healthy server on a directory: finds everything, then takes so many writes; ends by `kill -9`, or by SIGTERM, which
 * moves what is in the log to the store.
 */
export async function live(dataDirectory: string, load: Load, writes: number, end: "kill" | "stop"): Promise<void> {
  const server = await launchReady({ dataDirectory });
  try {
    load.settle(await observeAt(server.port, load.keys()));
    if (load.complaints.length > 0) throw new Error(load.complaints.join("\n"));
    if (writes > 0) {
      const running = load.run(server.port);
      await acknowledges(load, writes);
      load.stop();
      await running;
    }
    if (end === "stop") await server.process.stop();
  } finally {
    await server.process.kill();
  }
}
