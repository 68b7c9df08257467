import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { type Epoch, epoch, type Seq, seq } from "../../base/ids.ts";
import { type Configuration, encodeConfiguration, parseConfiguration } from "./configuration.ts";
import type { EpochRun } from "./epochRuns.ts";
import type { Append, Beacon, Message } from "./message.ts";

/** The first byte of each kind of message. A number is never used again for anything else. */
const CODES = {
  append: 1,
  appended: 2,
  mismatch: 3,
  committed: 4,
  beacon: 5,
  beaconAck: 6,
  stale: 7,
  revoke: 8,
  released: 9,
  join: 10,
  needSnapshot: 11,
  leave: 12,
} as const satisfies Record<Message["kind"], number>;

const SEQ_MAX = 2 ** 48 - 1;
const CONFIGURATION_CHARS_MAX = 1 << 20;
const RUNS_MAX = 1 << 16;

/**
 * A message's bytes, in pieces to be sent one after the other: a record's bytes are not copied. The pieces are the caller's;
 * integers are varints, times are doubles, a configuration is the JSON of its znode, a record's bytes come last.
 */
export function encodeMessage(message: Message): Uint8Array[] {
  const writer = new ByteWriter(message.kind === "beacon" ? 512 : 64);
  writer.u8(CODES[message.kind]);
  if (message.kind !== "join") writer.varint(message.epoch);
  switch (message.kind) {
    case "append":
      return encodeAppend(writer, message);
    case "appended":
      writer.varint(message.attempt);
      writer.varint(message.durable);
      break;
    case "mismatch":
      writer.varint(message.attempt);
      writeRuns(writer, message.runs, message.lastSeq);
      break;
    case "committed":
      writer.varint(message.commitPoint);
      break;
    case "beacon":
      encodeBeacon(writer, message);
      break;
    case "beaconAck":
      writer.f64(message.sentAt);
      writer.f64(message.askedAt);
      break;
    case "stale":
      writeConfiguration(writer, message.configuration);
      break;
    case "revoke":
    case "released":
      writer.f64(message.sentAt);
      break;
    case "join":
      writer.varint(message.attempt);
      writeRuns(writer, message.runs, message.lastSeq);
      writer.varint(message.applied);
      break;
    case "needSnapshot":
      writer.varint(message.attempt);
      break;
    case "leave":
      break;
  }
  return [writer.view()];
}

function encodeAppend(writer: ByteWriter, { attempt, prevSeq, prevEpoch, record, ...rest }: Append): Uint8Array[] {
  writer.varint(attempt);
  writer.varint(prevSeq);
  writer.varint(prevEpoch);
  writer.varint(rest.commitPoint);
  writer.u8(rest.configuration === undefined ? 0 : 1);
  if (rest.configuration !== undefined) writeConfiguration(writer, rest.configuration);
  writer.u8(record === undefined ? 0 : 1);
  if (record === undefined) return [writer.view()];
  writer.varint(record.epoch);
  writer.varint(record.lastSeq);
  return [writer.view(), record.bytes];
}

function encodeBeacon(writer: ByteWriter, { attempt, sentAt, commitPoint, grant, configuration }: Beacon): void {
  writer.varint(attempt);
  writer.f64(sentAt);
  writer.varint(commitPoint);
  writer.u8(grant === undefined ? 0 : 1);
  if (grant !== undefined) {
    writer.f64(grant.askedAt);
    writer.f64(grant.validMillis);
    writer.varint(grant.barrier);
  }
  writeConfiguration(writer, configuration);
}

function writeRuns(writer: ByteWriter, runs: readonly EpochRun[], lastSeq: Seq): void {
  writer.varint(lastSeq);
  writer.varint(runs.length);
  for (const run of runs) {
    writer.varint(run.epoch);
    writer.varint(run.firstSeq);
  }
}

/** What the znode holds, in ASCII: JSON can say every other character by its number. */
function writeConfiguration(writer: ByteWriter, configuration: Configuration): void {
  const text = encodeConfiguration(configuration).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  writer.varint(configuration.version);
  writer.lengthText(text);
}

/**
 * The message that these bytes are, or undefined if they are none: cut off, too long, or with something in them that no replica
 * says. A record's bytes are a view of what was given.
 */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const reader = new ByteReader(bytes);
  try {
    const message = decode(reader);
    return reader.remaining === 0 ? message : undefined;
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}

function decode(reader: ByteReader): Message {
  const code = reader.u8();
  if (code === CODES.join) {
    const attempt = readCount(reader);
    return { kind: "join", attempt, ...readRuns(reader), applied: readSeq(reader) };
  }
  const of = readEpoch(reader, 1);
  switch (code) {
    case CODES.append:
      return decodeAppend(reader, of);
    case CODES.appended:
      return { kind: "appended", epoch: of, attempt: readCount(reader), durable: readSeq(reader) };
    case CODES.mismatch:
      return { kind: "mismatch", epoch: of, attempt: readCount(reader), ...readRuns(reader) };
    case CODES.committed:
      return { kind: "committed", epoch: of, commitPoint: readSeq(reader) };
    case CODES.beacon:
      return decodeBeacon(reader, of);
    case CODES.beaconAck:
      return { kind: "beaconAck", epoch: of, sentAt: readTime(reader), askedAt: readTime(reader) };
    case CODES.stale:
      return { kind: "stale", epoch: of, configuration: readConfiguration(reader, of) };
    case CODES.revoke:
      return { kind: "revoke", epoch: of, sentAt: readTime(reader) };
    case CODES.released:
      return { kind: "released", epoch: of, sentAt: readTime(reader) };
    case CODES.needSnapshot:
      return { kind: "needSnapshot", epoch: of, attempt: readCount(reader) };
    case CODES.leave:
      return { kind: "leave", epoch: of };
    default:
      throw new MalformedBytes("no such kind of message");
  }
}

function decodeAppend(reader: ByteReader, of: Epoch): Append {
  const attempt = readCount(reader);
  const prevSeq = readSeq(reader);
  const prevEpoch = readEpoch(reader, 0);
  const commitPoint = readSeq(reader);
  const configuration = readFlag(reader) ? readConfiguration(reader, of) : undefined;
  const head = { kind: "append", epoch: of, attempt, prevSeq, prevEpoch, commitPoint, configuration } as const;
  demand(prevEpoch <= of, "an entry is of an epoch to come");
  if (!readFlag(reader)) return { ...head, record: undefined };
  const recordEpoch = readEpoch(reader, 1);
  const firstSeq = seq(prevSeq + 1);
  const lastSeq = readSeq(reader);
  demand(recordEpoch >= prevEpoch && recordEpoch <= of, "a record's epoch does not fit");
  demand(lastSeq >= firstSeq, "a record has an entry at least");
  const bytes = reader.view(reader.remaining);
  return { ...head, record: { epoch: recordEpoch, firstSeq, lastSeq, bytes } };
}

function decodeBeacon(reader: ByteReader, of: Epoch): Beacon {
  const attempt = readCount(reader);
  const sentAt = readTime(reader);
  const commitPoint = readSeq(reader);
  const grant = readFlag(reader) ? readGrant(reader) : undefined;
  return {
    kind: "beacon",
    epoch: of,
    attempt,
    sentAt,
    commitPoint,
    grant,
    configuration: readConfiguration(reader, of),
  };
}

function readGrant(reader: ByteReader): NonNullable<Beacon["grant"]> {
  const askedAt = readTime(reader);
  const validMillis = readTime(reader);
  demand(validMillis > 0, "a lease has a length");
  return { askedAt, validMillis, barrier: readSeq(reader) };
}

function readRuns(reader: ByteReader): { runs: EpochRun[]; lastSeq: Seq } {
  const lastSeq = readSeq(reader);
  const count = readCount(reader);
  demand(count >= 1 && count <= RUNS_MAX, "a log has an epoch");
  const runs: EpochRun[] = [];
  for (let i = 0; i < count; i++) {
    const run = { epoch: readEpoch(reader, 0), firstSeq: readSeq(reader) };
    const last = runs[i - 1];
    demand(last === undefined || (run.epoch > last.epoch && run.firstSeq > last.firstSeq), "epochs and seqs rise");
    demand(run.firstSeq <= lastSeq, "an epoch begins in the log");
    runs.push(run);
  }
  return { runs, lastSeq };
}

function readConfiguration(reader: ByteReader, of: Epoch): Configuration {
  const version = readCount(reader);
  const chars = reader.varint();
  demand(chars <= CONFIGURATION_CHARS_MAX, "a configuration is too long");
  const configuration = parseConfiguration(reader.text(chars), version);
  if (configuration === undefined) throw new MalformedBytes("a configuration is nonsense");
  demand(configuration.epoch === of, "a configuration is of another epoch than its message");
  return configuration;
}

function readCount(reader: ByteReader): number {
  const value = reader.varint();
  demand(value <= Number.MAX_SAFE_INTEGER, "a number is too large");
  return value;
}

function readEpoch(reader: ByteReader, low: number): Epoch {
  const value = readCount(reader);
  demand(value >= low, "an epoch is too low");
  return epoch(value);
}

function readSeq(reader: ByteReader): Seq {
  const value = reader.varint();
  demand(value <= SEQ_MAX, "a seq is too large");
  return seq(value);
}

function readTime(reader: ByteReader): number {
  const value = reader.f64();
  demand(Number.isFinite(value), "a time is no number");
  return value;
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  demand(value <= 1, "a flag is neither set nor clear");
  return value === 1;
}

function demand(condition: boolean, message: string): void {
  if (!condition) throw new MalformedBytes(message);
}
