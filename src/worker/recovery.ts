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
import { EntryCursor, type RecordView } from "../storage/log/record.ts";
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

/** What is on disk, opened. */
export interface OpenedReplica {
  readonly engine: Engine;
  readonly store: EngineStore;
  /** As the store has it, which is up to `store.meta.applied`: nothing of the log is applied yet. */
  readonly state: KeySpace;
  readonly log: Log;
  /** The installation of a snapshot has begun and not ended: store and log are worthless, all has to be learnt again. */
  readonly installing: boolean;
}

export interface Recovered extends OpenedReplica {
  readonly report: RecoveryReport;
}

/**
 * Opens engine and log and applies what the engine lacks, to the end of the log: for a replica that is alone, to which all
 * that it has on disk is committed. Changes nothing when it refuses.
 */
export async function recover(parts: RecoveryParts): Promise<Result<Recovered, NodeError>> {
  const started = parts.clock.monotonic();
  const opened = await openReplica(parts);
  if (!opened.ok) return opened;
  const { engine, state, store, log, installing } = opened.value;
  const message = "the store is not whole: the data of another replica was being copied to it";
  const replayed = installing
    ? err<NodeError>({ code: "damaged", message })
    : await replay(log, state, store.meta.applied);
  if (!replayed.ok) {
    await closeBoth(log, engine);
    return replayed;
  }
  const millis = parts.clock.monotonic() - started;
  return ok({ ...opened.value, report: { entries: replayed.value, tornBytes: log.tornBytes, millis } });
}

/**
 * Opens engine and log and applies nothing: a member of a group does not know yet up to where its log is committed. Then
 * `replay` brings the state to any seq, and further. Changes nothing when it refuses.
 */
export async function openReplica(parts: RecoveryParts): Promise<Result<OpenedReplica, NodeError>> {
  const engine = await parts.openEngine();
  if (!engine.ok) return engine;
  const opened = await openBehind(parts, engine.value);
  if (!opened.ok) await engine.value.close();
  return opened;
}

async function openBehind(parts: RecoveryParts, engine: Engine): Promise<Result<OpenedReplica, NodeError>> {
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
  const { applied, installing } = store.meta;
  const gap = installing ? undefined : gapBetween(log, applied);
  if (gap === undefined) return ok({ engine, store, state, log, installing });
  // What was wrong before counts.
  await log.close().catch(() => undefined);
  return err({ code: "damaged", message: gap });
}

async function closeBoth(log: Log, engine: Engine): Promise<void> {
  // What was wrong before counts.
  await log.close().catch(() => undefined);
  await engine.close();
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

/**
 * Applies the log's entries behind `after`, up to `upTo`; answers how many. The state must be as of `after`, or come from a
 * store that says so of itself.
 */
export async function replay(
  log: Log,
  state: KeySpace,
  after: Seq,
  upTo: Seq = log.lastSeq,
): Promise<Result<number, NodeError>> {
  const replayer = new Replayer(state);
  let entries = 0;
  try {
    const visit = (record: RecordView): void => {
      entries += applyRecord(replayer, record, after, upTo);
    };
    const outcome = await log.replay(after, visit, upTo);
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

/** Applies a record's entries behind `after`, up to `upTo`; answers how many. Throws `MalformedBytes`. */
export function applyRecord(replayer: Replayer, record: RecordView, after: Seq, upTo: Seq): number {
  const cursor = new EntryCursor().open(record);
  let entries = 0;
  while (cursor.next()) {
    if (cursor.seq <= after) continue;
    if (cursor.seq > upTo) break;
    replayer.entry(new ByteReader(cursor.bytes, cursor.start, cursor.end), cursor.seq);
    entries++;
  }
  return entries;
}
