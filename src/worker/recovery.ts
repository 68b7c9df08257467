import { ByteReader, MalformedBytes } from "../base/byteReader.ts";
import type { Seq } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import { err, ok, type Result } from "../base/result.ts";
import { KeySpace } from "../core/state/keySpace.ts";
import { Replayer } from "../core/state/replay.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import type { Engine } from "../ports/engine.ts";
import type { DataIdentity } from "../storage/dataDirectory.ts";
import { EngineStore } from "../storage/engineStore.ts";
import type { Log } from "../storage/log/log.ts";
import { openLog } from "../storage/log/openLog.ts";
import { EntryCursor } from "../storage/log/record.ts";
import type { NodeError } from "./nodeError.ts";
import { NODE_SIZES, type NodeSizes } from "./sizes.ts";

export interface RecoveryParts {
  readonly identity: DataIdentity;
  readonly logDisk: Disk;
  readonly openEngine: () => Promise<Result<Engine, NodeError>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly checksum: Checksum;
  readonly sizes?: NodeSizes;
}

/** What was read at the start, and how much of it. */
export interface RecoveryReport {
  readonly entries: number;
  readonly tornBytes: number;
  readonly millis: number;
}

export interface Recovered {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly state: KeySpace;
  readonly log: Log;
  readonly report: RecoveryReport;
}

/** Opens engine and log and applies what the engine lacks. Changes nothing when it refuses. */
export async function recover(parts: RecoveryParts): Promise<Result<Recovered, NodeError>> {
  const started = parts.clock.monotonic();
  const engine = await parts.openEngine();
  if (!engine.ok) return engine;
  const recovered = await recoverBehind(parts, engine.value, started);
  if (!recovered.ok) await engine.value.close();
  return recovered;
}

async function recoverBehind(
  parts: RecoveryParts,
  engine: Engine,
  started: number,
): Promise<Result<Recovered, NodeError>> {
  const { identity, logDisk, checksum, random, sizes = NODE_SIZES } = parts;
  let state: KeySpace | undefined;
  const adopted = openStore(engine, (key) => state!.hashOf(key), checksum);
  if (!adopted.ok) return adopted;
  const store = adopted.value;
  state = new KeySpace(identity.hashSeed, store);
  state.dirty.blockRefs = sizes.dirtyBlockRefs;
  state.clearedSeq = store.meta.cleared;
  const opened = await openLog(logDisk, { identity: identity.identity, checksum, random, ...sizes });
  if (!opened.ok) {
    const code = opened.error.code === "hole" ? "damaged" : opened.error.code;
    return err({ code, message: `the log cannot be used: ${opened.error.message}` });
  }
  const log = opened.value;
  const gap = gapBetween(log, store.meta.applied);
  const replayed =
    gap === undefined
      ? await replay(log, state, store.meta.applied)
      : err<NodeError>({ code: "damaged", message: gap });
  if (!replayed.ok) {
    // What was wrong before counts.
    await log.close().catch(() => undefined);
    return replayed;
  }
  const millis = parts.clock.monotonic() - started;
  return ok({ engine, store, state, log, report: { entries: replayed.value, tornBytes: log.tornBytes, millis } });
}

function openStore(
  engine: Engine,
  hashOf: (key: string) => number,
  checksum: Checksum,
): Result<EngineStore, NodeError> {
  try {
    const store = EngineStore.open(engine, hashOf, checksum);
    if (store !== undefined) return ok(store);
    return err({ code: "newer_format", message: "the store was written by a newer version of Holdfast" });
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return err({ code: "damaged", message: `the store cannot be read: ${error.message}` });
  }
}

/** The log has to reach from what the engine has to the end; a part that is missing cannot be made up. */
function gapBetween(log: Log, applied: Seq): string | undefined {
  if (log.lastSeq < applied)
    return `the log ends at entry ${log.lastSeq}, but the store has entries up to ${applied}: a part of the log is missing`;
  if (log.firstSeq > applied + 1)
    return `the log begins at entry ${log.firstSeq}, but the store ends at ${applied}: a part of the log is missing`;
  return undefined;
}

/** Applies the log's entries behind `applied`; answers how many. */
export async function replay(log: Log, state: KeySpace, applied: Seq): Promise<Result<number, NodeError>> {
  const replayer = new Replayer(state);
  const cursor = new EntryCursor();
  let entries = 0;
  try {
    const outcome = await log.replay(applied, (record) => {
      cursor.open(record);
      while (cursor.next()) {
        if (cursor.seq <= applied) continue;
        replayer.entry(new ByteReader(cursor.bytes, cursor.start, cursor.end), cursor.seq);
        entries++;
      }
    });
    if (outcome.ok) return ok(entries);
    const code = outcome.error.code === "hole" ? "damaged" : outcome.error.code;
    return err({ code, message: `the log cannot be read: ${outcome.error.message}` });
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return err({
      code: "damaged",
      message: `an entry of the log, or a value of the store, cannot be read: ${error.message}`,
    });
  }
}
