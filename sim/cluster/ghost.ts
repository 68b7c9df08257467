import type { Disk } from "../../src/ports/disk.ts";
import { EntryCursor, RECORD_HEADER_BYTES, RecordView } from "../../src/storage/log/record.ts";
import { overriding } from "../sabotage/patching.ts";
import { Violation } from "../violation.ts";

const MAGIC = [0x48, 0x46, 0x52, 0x01];

/** What nobody in a world knows: every entry that was ever written anywhere, and which of them are committed. */
export class Ghost {
  /** `epoch:seq` to the entry's bytes. */
  readonly #contents = new Map<string, Uint8Array>();
  /** Entry `seq` is at `seq - 1`: the epoch of the one that is committed. */
  readonly #committed: number[] = [];
  readonly #fail: (violation: Violation) => void;
  readonly #view = new RecordView();
  readonly #cursor = new EntryCursor();

  constructor(fail: (violation: Violation) => void) {
    this.#fail = fail;
  }

  get committedSeq(): number {
    return this.#committed.length;
  }

  committedEpoch(seq: number): number | undefined {
    return this.#committed[seq - 1];
  }

  content(epoch: number, seq: number): Uint8Array | undefined {
    return this.#contents.get(`${epoch}:${seq}`);
  }

  /** Some replica knows that the entry of this epoch is committed at this place. */
  committed(who: string, seq: number, epoch: number): void {
    const known = this.#committed[seq - 1];
    if (known === undefined) this.#committed[seq - 1] = epoch;
    else if (known !== epoch) {
      const message = `${who} has entry ${seq} of epoch ${epoch} committed, and that of epoch ${known} was`;
      this.#fail(new Violation("logs are equal up to the commit point", message));
    }
  }

  /** A machine's log disk, of which everything is seen that is written. */
  watch(who: string, disk: Disk): Disk {
    return overriding(disk, {
      open: async (name, options) => {
        const file = await disk.open(name, options);
        return overriding(file, {
          get length() {
            return file.length;
          },
          write: (bytes, at) => {
            this.#written(who, bytes);
            return file.write(bytes, at);
          },
          writeNow: (bytes, at) => {
            this.#written(who, bytes);
            file.writeNow(bytes, at);
          },
        });
      },
    });
  }

  #written(who: string, bytes: Uint8Array): void {
    if (bytes.length < RECORD_HEADER_BYTES || MAGIC.some((byte, i) => bytes[4 + i] !== byte)) return;
    const view = this.#view;
    view.load(bytes, 0);
    if (view.end !== bytes.length || view.count === 0) return;
    const cursor = this.#cursor.open(view);
    while (cursor.next()) this.#entry(who, view.epoch, cursor.seq, cursor.bytes.slice(cursor.start, cursor.end));
  }

  #entry(who: string, epoch: number, seq: number, content: Uint8Array): void {
    const key = `${epoch}:${seq}`;
    const known = this.#contents.get(key);
    if (known === undefined) this.#contents.set(key, content);
    else if (!isEqual(known, content)) {
      const message = `${who} writes another entry ${seq} of epoch ${epoch} than there was`;
      this.#fail(new Violation("an epoch has one entry at a place", message));
    }
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
