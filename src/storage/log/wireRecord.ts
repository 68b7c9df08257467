import { MalformedBytes } from "../../base/byteReader.ts";
import { seq } from "../../base/ids.ts";
import type { Checksum } from "../../ports/checksum.ts";
import { EntryCursor, RECORD_HEADER_BYTES, type RecordView, stampRecord } from "./record.ts";

/**
 * The form in which a record goes from one replica to another: as it stands in a log, but for the salt and the durable
 * point, which belong to one log and are 0 here; the header's CRC is that of this header. The payload is the same bytes
 * everywhere.
 */
const WIRE_SALT = 0;
const WIRE_DURABLE = seq(0);

/** Makes a sealed record one in wire form, in place. */
export function stampForWire(record: Uint8Array, checksum: Checksum): void {
  stampRecord(record, WIRE_SALT, WIRE_DURABLE, checksum);
}

/**
 * The header of a sealed record in wire form, in bytes of its own; the payload follows as it stands behind the record's
 * own header. May be taken while the log writes the record.
 */
export function wireHeader(record: Uint8Array, checksum: Checksum): Uint8Array {
  const header = record.slice(0, RECORD_HEADER_BYTES);
  stampForWire(header, checksum);
  return header;
}

/** A sealed record in wire form, in bytes of its own. */
export function wireRecord(record: Uint8Array, checksum: Checksum): Uint8Array {
  const wire = record.slice();
  stampForWire(wire, checksum);
  return wire;
}

/** Whether `bytes` are one whole, undamaged record in wire form with at least one entry; `view` then shows it. */
export function readWire(bytes: Uint8Array, checksum: Checksum, view: RecordView): boolean {
  if (bytes.length < RECORD_HEADER_BYTES || !view.loadValid(bytes, 0, WIRE_SALT, checksum)) return false;
  if (!view.kindKnown || view.end !== bytes.length || view.count === 0 || view.durable !== WIRE_DURABLE) return false;
  return view.payloadIsWhole(checksum) && entriesAddUp(view);
}

function entriesAddUp(view: RecordView): boolean {
  const cursor = new EntryCursor().open(view);
  try {
    while (cursor.next());
    return true;
  } catch (error) {
    if (error instanceof MalformedBytes) return false;
    throw error;
  }
}
