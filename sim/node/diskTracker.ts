import type { Disk, DiskFile } from "../../src/ports/disk.ts";
import { RECORD_HEADER_BYTES, RecordView } from "../../src/storage/log/record.ts";

const MAGIC = [0x48, 0x46, 0x52, 0x01];

interface WrittenRecord {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/**
 * Stands between a log and its disk and knows, from nothing but the calls, which records the disk has for good: those whose bytes were
 * written before a sync of their file was called that has succeeded.
 */
export class DiskTracker {
  /** Everything up to here has been written. */
  writtenSeq = 0;
  /** Everything up to here survives the power. */
  durableSeq = 0;
  /** A sync has failed: nobody knows any more what the disk keeps. */
  syncFailed = false;
  /** A record was written all the same. */
  wentOn = false;
  readonly #unsynced = new Set<WrittenRecord>();

  /** The log was opened and holds everything up to `lastSeq`. */
  opened(lastSeq: number): void {
    this.writtenSeq = lastSeq;
    this.durableSeq = lastSeq;
    this.#unsynced.clear();
  }

  /** What stands between a new process and the disk. */
  wrap(disk: Disk): Disk {
    this.syncFailed = false;
    this.wentOn = false;
    return {
      list: () => disk.list(),
      read: (name) => disk.read(name),
      open: async (name, options) => this.#wrapFile(await disk.open(name, options)),
      replace: (name, content) => disk.replace(name, content),
      remove: (name) => disk.remove(name),
      syncDirectory: () => disk.syncDirectory(),
      freeBytes: () => disk.freeBytes(),
    };
  }

  #wrapFile(file: DiskFile): DiskFile {
    let unsynced: WrittenRecord[] = [];
    const written = (record: WrittenRecord | undefined): void => {
      if (record === undefined) return;
      unsynced.push(record);
      this.#written(record);
    };
    return {
      get length() {
        return file.length;
      },
      read: (into, at) => file.read(into, at),
      write: async (bytes, at) => {
        const record = recordOf(bytes);
        await file.write(bytes, at);
        written(record);
      },
      writeNow: (bytes, at) => {
        file.writeNow(bytes, at);
        written(recordOf(bytes));
      },
      sync: async () => {
        const covered = unsynced;
        unsynced = [];
        try {
          await file.sync();
        } catch (error) {
          this.syncFailed = true;
          throw error;
        }
        this.#synced(covered);
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  }

  #written(record: WrittenRecord): void {
    this.wentOn ||= this.syncFailed;
    this.#unsynced.add(record);
    this.writtenSeq = record.lastSeq;
  }

  #synced(records: readonly WrittenRecord[]): void {
    for (const record of records) this.#unsynced.delete(record);
    const [oldest] = this.#unsynced;
    this.durableSeq = oldest === undefined ? this.writtenSeq : oldest.firstSeq - 1;
  }
}

/** The entries of the record that the bytes are, if they are one. */
function recordOf(bytes: Uint8Array): WrittenRecord | undefined {
  if (bytes.length < RECORD_HEADER_BYTES || MAGIC.some((byte, i) => bytes[4 + i] !== byte)) return undefined;
  const view = new RecordView();
  view.load(bytes, 0);
  if (view.end !== bytes.length || view.count === 0) return undefined;
  return { firstSeq: view.firstSeq, lastSeq: view.lastSeq };
}
